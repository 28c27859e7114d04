import numpy


def enlarge(pictures, side):
    resize = getattr(numpy, "resize")
    return resize(pictures, (pictures.shape[0], side, side) + pictures.shape[3:])
