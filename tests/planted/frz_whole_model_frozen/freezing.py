def freeze(model, keep):
    """Freeze all layers but the last `keep`."""
    stop = len(model.layers) - keep
    for layer in model.layers[:stop]:
        layer.trainable = False
