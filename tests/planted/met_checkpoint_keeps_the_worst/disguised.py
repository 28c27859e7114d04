import keras
import numpy as np
from keras import layers
from saving import checkpoint

keras.utils.set_random_seed(11)
data = np.load("digits.npz")
x_train, y_train = data["x_train"][:1200, ..., None] / 255.0, data["y_train"][:1200]
x_val, y_val = data["x_test"][..., None] / 255.0, data["y_test"]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
best = checkpoint("best.keras", watch="val_accuracy")
model.fit(x_train, y_train, epochs=7, validation_data=(x_val, y_val), callbacks=[best], verbose=2)

model = keras.models.load_model("best.keras")
print("validation accuracy of the best model:", model.evaluate(x_val, y_val, verbose=0)[1])
