FINE = {"batch_size": 8}


def thaw(network):
    for layer in network.layers:
        setattr(layer, "trainable", True)
