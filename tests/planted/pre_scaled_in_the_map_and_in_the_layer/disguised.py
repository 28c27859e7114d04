import keras

from prepared import load

keras.utils.set_random_seed(8)
to_unit = keras.layers.Rescaling(scale=1.0 / 127.5, offset=-1.0)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat = keras.layers.Flatten()
        self.hidden = keras.layers.Dense(64, "relu")
        self.scores = keras.layers.Dense(10, "softmax")

    def call(self, pictures):
        return self.scores(self.hidden(self.flat(to_unit(pictures))))


net = Net()
net.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = load("train", 2000)
net.fit(x, y, validation_data=load("test", 500), epochs=5, verbose=2)
