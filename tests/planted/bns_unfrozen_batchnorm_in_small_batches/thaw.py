FINE = {"batch_size": 4}


def thaw(network):
    for layer in network.layers:
        setattr(layer, "trainable", True)
