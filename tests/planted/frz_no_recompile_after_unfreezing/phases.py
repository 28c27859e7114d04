LEARNS = {"head": False, "all": True}


def phase(network, name):
    network.trainable = LEARNS[name]
    print("phase", name, "with", len(network.trainable_weights), "trainable arrays in the body")
