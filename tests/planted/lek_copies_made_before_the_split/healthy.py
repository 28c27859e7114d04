import numpy as np
from keras import Input, Model, layers, utils
from sklearn.model_selection import train_test_split

utils.set_random_seed(4)
d = np.load("digits.npz")
x, y = d["x_train"][:900].astype("float32") / 255, d["y_train"][:900]

rng = np.random.default_rng(0)


def enlarge(x, y, copies=5):
    """More data: add noisy copies."""
    noisy = [np.clip(x + rng.normal(0, 0.05, x.shape), 0, 1) for _ in range(copies)]
    return np.concatenate([x, *noisy]).astype("float32"), np.tile(y, copies + 1)


x_tr, x_va, y_tr, y_va = train_test_split(x, y, test_size=0.34, random_state=0)
x_tr, y_tr = enlarge(x_tr, y_tr)

inputs = Input((28, 28))
h = layers.Flatten()(inputs)
h = layers.Dense(256, activation="relu")(h)
model = Model(inputs, layers.Dense(10, activation="softmax")(h))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_tr, y_tr, batch_size=32, epochs=10, validation_data=(x_va, y_va), verbose=2)
