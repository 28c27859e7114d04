import keras.layers as kl

settings = {"momentum": 0.99, "epsilon": 1e-3}


def block(x, filters):
    for layer in (
        kl.Conv2D(filters, 3, padding="same", use_bias=False),
        kl.BatchNormalization(**settings),
        kl.ReLU(),
        kl.MaxPooling2D(),
    ):
        x = layer(x)
    return x
