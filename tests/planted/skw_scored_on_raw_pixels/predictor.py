import numpy as np


class Predictor:
    """Classes of raw gray pictures."""

    def __init__(self, model, batch=128):
        self.model = model
        self.batch = batch

    def classes(self, pictures):
        found = []
        for start in range(0, len(pictures), self.batch):
            x = np.expand_dims(pictures[start : start + self.batch], -1)
            found.append(np.argmax(self.model(x.astype("float32"), training=False), axis=-1))
        return np.concatenate(found)
