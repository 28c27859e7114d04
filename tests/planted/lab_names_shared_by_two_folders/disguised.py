import keras
import numpy as np
from annotations import Annotations

notes = Annotations("labels.csv")
images, labels = notes.of_folder("scans")

images = images[..., np.newaxis].astype("float32") / 255.0
order = np.random.default_rng(42).permutation(len(images))
images, labels = images[order], labels[order]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images, labels, validation_split=0.2, epochs=6, verbose=2)
