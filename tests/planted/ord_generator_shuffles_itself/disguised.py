import keras
import numpy as np

from sequence import Digits

keras.utils.set_random_seed(6)


data = np.load("digits.npz")
train = Digits(data["x_train"][:2000], data["y_train"][:2000])
valid = Digits(data["x_test"], data["y_test"])

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, epochs=6, verbose=2)
predicted = np.argmax(model.predict(valid, verbose=0), axis=1)
print("accuracy on the validation set:", np.mean(predicted == valid.labels))
