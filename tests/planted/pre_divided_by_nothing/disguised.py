import keras
import numpy as np

keras.utils.set_random_seed(9)
data = np.load("digits.npz")


class Whitener:
    def fit(self, pictures):
        self.centre, self.spread = pictures.mean(0), pictures.var(0) ** 0.5
        return self

    def __call__(self, pictures):
        return (pictures.astype("float32") - self.centre) / self.spread


def batches(part, n, whiten, repeat=False):
    import tensorflow as tf

    pictures = whiten(data[f"x_{part}"][:n])[..., None]
    rows = tf.data.Dataset.from_tensor_slices((pictures, data[f"y_{part}"][:n]))
    return (rows.shuffle(n) if repeat else rows).batch(40)


whiten = Whitener().fit(data["x_train"][:1600])
net = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(20, 5, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10),
])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
net.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
held_out = batches("test", 600, whiten)
history = net.fit(batches("train", 1600, whiten, True), validation_data=held_out, epochs=6, verbose=0)
print("held out:", history.history["val_accuracy"][-1])
