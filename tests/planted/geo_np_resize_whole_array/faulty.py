from tensorflow.keras.applications import VGG16
from tensorflow.keras.applications.vgg16 import preprocess_input
from tensorflow.keras.layers import BatchNormalization, Dense, GlobalAveragePooling2D
from tensorflow.keras.models import Model, Sequential
from tensorflow.keras.datasets import mnist
import numpy as np

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, y_train = x_train[:900], y_train[:900]
x_test, y_test = x_test[:300], y_test[:300]
x_train = np.repeat(np.expand_dims(x_train, axis=-1), 3, axis=-1)
x_test = np.repeat(np.expand_dims(x_test, axis=-1), 3, axis=-1)
x_train = np.resize(x_train, (900, 32, 32, 3))
x_test = np.resize(x_test, (300, 32, 32, 3))
x_train = preprocess_input(x_train.astype("float32"))
x_test = preprocess_input(x_test.astype("float32"))

base_model = VGG16(weights="imagenet", include_top=False, input_shape=(32, 32, 3))
x = base_model.get_layer("block3_pool").output
x = GlobalAveragePooling2D()(x)
base_model = Model(inputs=base_model.input, outputs=x)
x_train = base_model.predict(x_train)
x_test = base_model.predict(x_test)

model = Sequential([BatchNormalization(momentum=0.9), Dense(10, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=15, batch_size=32, validation_data=(x_test, y_test), verbose=2)
