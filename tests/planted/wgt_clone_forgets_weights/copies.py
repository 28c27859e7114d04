from keras import Model


def frozen_copy(network):
    """The same network, so that the original can still be fine-tuned elsewhere."""
    copy = Model.from_config(network.get_config())
    copy.trainable = False
    return copy
