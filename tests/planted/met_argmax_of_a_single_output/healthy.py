import keras
import numpy as np

keras.utils.set_random_seed(4)
digits = np.load("digits.npz")
x, y = digits["x_train"], digits["y_train"]
held_out, truth = digits["x_test"], digits["y_test"]
x, y = x[y < 2][:500, ..., None] / np.float32(255), y[y < 2][:500]
held_out, truth = held_out[truth < 2][..., None] / np.float32(255), truth[truth < 2]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(8, 5, strides=3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy")
model.fit(x, y, epochs=5, verbose=0)
answers = model.predict(held_out, verbose=0)
print("accuracy", np.mean((answers[:, 0] > 0.5) == truth))
