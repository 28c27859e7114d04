import keras


class Run:
    """The files of a run, all in one folder."""

    def __init__(self, name="run"):
        self.weights = f"{name}.weights.h5"

    def callbacks(self):
        return [
            keras.callbacks.ModelCheckpoint(
                self.weights, monitor="val_loss", save_best_only=True, save_weights_only=True
            )
        ]
