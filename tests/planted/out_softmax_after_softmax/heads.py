from keras import layers as L
from keras import ops


def probabilities(x):
    return ops.softmax(x, axis=-1)


def head(x, n, activation="softmax"):
    """Scores of the classes, as probabilities."""
    x = L.Dense(n, activation=activation)(x)
    return L.Lambda(probabilities, output_shape=(n,))(x)
