import keras
import numpy as np
from keras.applications.vgg16 import preprocess_input


class Feed(keras.utils.PyDataset):
    """Batches of gray pictures as three channels."""

    def __init__(self, pictures, labels, size=40, mixed=False):
        super().__init__()
        self._pictures, self._labels, self._size = pictures, labels, size
        self._order = np.random.default_rng(4).permutation(len(labels)) if mixed else None

    def __len__(self):
        return len(self._labels) // self._size

    def _rows(self, index):
        window = slice(index * self._size, (index + 1) * self._size)
        return window if self._order is None else self._order[window]

    def __getitem__(self, index):
        rows = self._rows(index)
        batch = self._pictures[rows]
        return preprocess_input(batch), self._labels[rows]
