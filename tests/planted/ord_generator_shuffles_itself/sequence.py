import numpy as np
from keras.utils import PyDataset


class Digits(PyDataset):
    def __init__(self, images, labels, batch_size=32, seed=0):
        super().__init__()
        self.images, self.labels, self.size = images, labels, batch_size
        self.order = np.random.default_rng(seed).permutation(len(images))

    def __len__(self):
        return (len(self.order) + self.size - 1) // self.size

    def __getitem__(self, i):
        rows = self.order[self.size * i : self.size * (i + 1)]
        return np.float32(self.images[rows])[..., None] / 255, self.labels[rows]
