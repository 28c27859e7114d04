import os

from keras.src.legacy.preprocessing.image import ImageDataGenerator

pictures = ImageDataGenerator(validation_split=0.3)


def flow(settings, name):
    return pictures.flow_from_directory(
        os.environ["PICTURES"], target_size=[settings["side"]] * 2, class_mode="binary",
        batch_size=settings["rows"], subset=name, shuffle=name == "training", seed=11,
    )
