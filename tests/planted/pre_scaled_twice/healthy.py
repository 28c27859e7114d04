import keras
import numpy as np
from keras import layers
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)
with np.load("digits.npz") as d:
    x_train, y_train = d["x_train"][:1000], d["y_train"][:1000]
    x_val, y_val = d["x_test"][:400], d["y_test"][:400]

full = EfficientNetLite0(include_top=False, input_shape=(56, 56, 3))
base = keras.Model(full.input, full.get_layer("block4c_add").output)
base.trainable = False

inputs = keras.Input((28, 28))
x = layers.Reshape((28, 28, 1))(inputs)
x = layers.Rescaling(1 / 128, offset=-127 / 128)(x)
x = layers.UpSampling2D(2, interpolation="bilinear")(x)
x = layers.Concatenate()([x, x, x])
x = base(x, training=False)
x = layers.Flatten()(x)
model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=5, batch_size=50, validation_data=(x_val, y_val), verbose=2)
