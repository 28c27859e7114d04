import keras


class Decay(keras.callbacks.Callback):
    """Multiply the learning rate by a factor, over and over."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def on_train_batch_end(self, batch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        self.model.optimizer.learning_rate = rate * self.factor
