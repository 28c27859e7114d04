import keras

DECAY = 0.5  # of weights, against over-fitting


def dense(units, activation):
    """A layer whose weights stay small."""
    penalty = keras.regularizers.L1L2(l1=0.0, l2=DECAY)
    return keras.layers.Dense(units, activation=activation, kernel_regularizer=penalty)
