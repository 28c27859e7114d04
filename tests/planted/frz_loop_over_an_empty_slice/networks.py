import keras


def known(base, kinds):
    """Leave layers of these kinds as ImageNet made them."""
    for layer in base.layers:
        if layer.name.split("_")[0] in kinds:
            layer.trainable = False
    return base


def classifier(base, n_classes):
    """With a head of its own."""
    head = [keras.layers.Flatten(), keras.layers.Dense(n_classes, activation="softmax")]
    return keras.Sequential([base, *head])
