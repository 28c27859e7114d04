import json

import keras

with open("pixels.json") as file:
    _options = json.load(file)

_resize = keras.layers.Resizing(_options["size"], _options["size"])
_rescale = keras.layers.Rescaling(_options["scale"], _options["offset"])


def pixels(gray):
    """A gray picture as the network gets it."""
    rgb = keras.ops.repeat(gray[..., None], 3, axis=-1)
    return _rescale(_resize(keras.ops.cast(rgb, "float32")))
