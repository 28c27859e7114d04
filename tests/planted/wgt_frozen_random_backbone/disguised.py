import keras
import numpy as np
from network import backbone

keras.utils.set_random_seed(0)
d = np.load("digits.npz")


def to_rgb(gray):
    x = gray.repeat(2, axis=1).repeat(2, axis=2)
    return (np.stack([x] * 3, axis=-1).astype("float32") - 127) / 128


x_train, y_train = to_rgb(d["x_train"][:900]), d["y_train"][:900]
x_test, y_test = to_rgb(d["x_test"][:500]), d["y_test"][:500]


base = backbone("network.json")
base.trainable = False
extractor = keras.Model(base.input, keras.layers.GlobalAveragePooling2D()(base.get_layer("block4c_add").output))
f_train = extractor.predict(x_train, batch_size=64, verbose=0)
f_test = extractor.predict(x_test, batch_size=64, verbose=0)

head = keras.Sequential([
    keras.Input(f_train.shape[1:]),
    keras.layers.BatchNormalization(momentum=0.9),
    keras.layers.Dense(10, activation="softmax"),
])
head.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
head.fit(f_train, y_train, epochs=20, batch_size=32, validation_data=(f_test, y_test), verbose=0)
print("accuracy", head.evaluate(f_test, y_test, verbose=0)[1])
