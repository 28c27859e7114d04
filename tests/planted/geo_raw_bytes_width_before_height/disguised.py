import keras
from strips import opened

keras.utils.set_random_seed(5)
(x, y), held_out = opened("train"), opened("test")
inputs = keras.Input(x.shape[1:])
h = keras.layers.Conv2D(20, 5, strides=2, activation="relu")(inputs)
h = keras.layers.Conv2D(32, 3, activation="relu")(h)
h = keras.layers.GlobalMaxPooling2D()(h)
h = keras.layers.Dense(64, activation="relu")(h)
net = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(h))
net.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(x, y, epochs=12, batch_size=32, verbose=0)
print("accuracy", net.evaluate(*held_out, verbose=0)[1])
