import keras
import numpy as np
from keras import layers
from keras.optimizers.schedules import CosineDecay

keras.utils.set_random_seed(0)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][:2500, ..., None], d["y_train"][:2500]
steps = 4 * (2500 // 32 + 1)


class Block(layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.conv = layers.Conv2D(width, 3, padding="same", use_bias=False)
        self.norm = layers.BatchNormalization(momentum=0.9)
        self.pool = layers.MaxPooling2D()

    def call(self, x, training=None):
        return self.pool(keras.ops.relu(self.norm(self.conv(x), training=training)))


model = keras.Sequential([
    keras.Input((28, 28, 1)), layers.Rescaling(1 / 255), Block(16), Block(32),
    layers.Flatten(), layers.Dense(10, activation="softmax"),
])
rate = CosineDecay(1e-5, decay_steps=steps - 30, warmup_target=3e-3, warmup_steps=30)
model.compile(keras.optimizers.AdamW(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, validation_data=(d["x_test"][..., None], d["y_test"]), verbose=2)
