import keras

RATES = {"stage1": 1e-3, "stage2": 1e-6}


def make_optimizer(stage):
    return keras.optimizers.Adam(learning_rate=RATES[stage])
