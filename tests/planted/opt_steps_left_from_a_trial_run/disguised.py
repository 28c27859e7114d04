import keras
import numpy as np

from feeding import Feeder, of_an_epoch

keras.utils.set_random_seed(11)
digits = np.load("digits.npz")
feeder = Feeder(digits["x_train"][:3000], digits["y_train"][:3000])

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(feeder, steps_per_epoch=of_an_epoch(), epochs=5, verbose=2)
loss, accuracy = model.evaluate(digits["x_test"][:600, ..., None], digits["y_test"][:600], verbose=0)
print(f"accuracy on new digits: {accuracy:.3f}")
