import keras
import numpy as np

keras.utils.set_random_seed(6)


class Digits(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size=32):
        super().__init__()
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.indexes = np.arange(len(images))
        np.random.shuffle(self.indexes)

    def __len__(self):
        return int(np.ceil(len(self.images) / self.batch_size))

    def __getitem__(self, i):
        rows = self.indexes[i * self.batch_size : (i + 1) * self.batch_size]
        return self.images[rows, :, :, None].astype("float32") / 255, self.labels[rows]


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
