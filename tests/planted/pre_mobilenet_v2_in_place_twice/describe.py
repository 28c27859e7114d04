from keras.applications.mobilenet_v2 import preprocess_input as prepare


def describe(pictures):
    """Say what the network will see."""
    for name, x in (("raw", pictures), ("prepared", prepare(pictures))):
        print(f"{name}: {x.shape}, mean {x.mean():.3f}, std {x.std():.3f}")
