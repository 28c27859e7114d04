from tensorflow.keras import layers as kl

STEPS = [
    kl.RandomRotation(0.1, fill_mode="constant"),
    kl.RandomTranslation(0.15, 0.15, fill_mode="constant"),
    kl.RandomZoom(0.15, fill_mode="constant"),
]


def varied(dataset):
    for step in STEPS:
        dataset = dataset.map(lambda x, y, step=step: (step(x, training=True), y))
    return dataset
