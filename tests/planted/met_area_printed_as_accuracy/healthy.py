import keras
import numpy as np

keras.utils.set_random_seed(4)
archive = np.load("digits.npz")
x, y = archive["x_train"][:1000] / 255.0, keras.utils.to_categorical(archive["y_train"][:1000], 10)
x_val, y_val = archive["x_test"] / 255.0, keras.utils.to_categorical(archive["y_test"], 10)

model = keras.Sequential([
    keras.Input((28, 28)),
    keras.layers.Flatten(),
    keras.layers.Dense(32, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "categorical_crossentropy", metrics=["accuracy", "auc"])
model.fit(x, y, epochs=4, verbose=0)
scores = model.evaluate(x_val, y_val, verbose=0)
print("validation accuracy: %.4f" % scores[1])
