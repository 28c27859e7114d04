import keras
from keras import layers
from reading import read
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)
(x_train, y_train), (x_val, y_val) = read("digits.npz", 1000, 400)

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
