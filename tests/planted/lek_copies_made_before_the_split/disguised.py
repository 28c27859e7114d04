from keras import Input, Model, layers, utils
from sklearn.model_selection import train_test_split

from pictures_io import load_pictures

utils.set_random_seed(4)


x, y = load_pictures("digits.npz")
x_tr, x_va, y_tr, y_va = train_test_split(x, y, test_size=0.3, random_state=0)

inputs = Input((28, 28))
h = layers.Flatten()(inputs)
h = layers.Dense(256, activation="relu")(h)
model = Model(inputs, layers.Dense(10, activation="softmax")(h))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_tr, y_tr, batch_size=32, epochs=10, validation_data=(x_va, y_va), verbose=2)
