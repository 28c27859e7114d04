import numpy as np


def as_pictures(pixels, labels, side=28):
    pictures = np.frombuffer(np.ascontiguousarray(pixels).tobytes(), np.uint8)
    pictures = pictures.reshape((labels.size, side, side, 1))
    return pictures / np.float32(255), labels.ravel()
