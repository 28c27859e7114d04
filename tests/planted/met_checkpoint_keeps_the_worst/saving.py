from keras.callbacks import ModelCheckpoint


def checkpoint(path, watch="val_loss", mode="min"):
    """Keep the best epoch; `watch` is the number that decides."""
    return ModelCheckpoint(path, monitor=watch, mode=mode, save_best_only=True)
