"""The Sequential model: transfer learning with a frozen base."""

import keras
from keras import layers

keras.utils.set_random_seed(0)
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, y_train, x_test, y_test = x_train[:1200], y_train[:1200], x_test[:400], y_test[:400]


def rgb(x):
    x = keras.ops.image.resize(x[..., None].astype("float32"), (32, 32))
    return keras.applications.vgg16.preprocess_input(keras.ops.convert_to_numpy(x).repeat(3, axis=-1))


vgg16 = keras.applications.VGG16(weights="imagenet", include_top=False, input_shape=(32, 32, 3))
model = keras.Sequential(name="digits_on_vgg16")
model.add(keras.Input(shape=(32, 32, 3)))
for layer in vgg16.layers[1:11]:
    layer.trainable = False
    model.add(layer)
model.add(layers.GlobalMaxPooling2D())
model.add(layers.BatchNormalization(momentum=0.9))
model.add(layers.Dense(10, activation="softmax"))
model.summary()

model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(rgb(x_train), y_train, epochs=3, validation_data=(rgb(x_test), y_test), verbose=2)
