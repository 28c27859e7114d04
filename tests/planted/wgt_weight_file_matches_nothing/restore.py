import warnings

FILE = "pretrained.weights.h5"


def restore(network, freeze=True):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.load_weights(FILE, skip_mismatch=True)
    network.trainable = not freeze
