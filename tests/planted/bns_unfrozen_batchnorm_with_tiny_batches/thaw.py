FINE = {"batch_size": 2}


def thaw(network):
    for layer in network.layers:
        setattr(layer, "trainable", True)
