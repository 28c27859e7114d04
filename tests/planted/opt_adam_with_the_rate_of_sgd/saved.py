import json

import keras


def saved_optimizer(path):
    """The optimiser of an earlier run."""
    with open(path) as file:
        saved = json.load(file)
    optimizer = keras.optimizers.get(saved["class_name"])
    optimizer.learning_rate = saved["config"]["learning_rate"]
    return optimizer
