import json
import os

import keras

keras.utils.set_random_seed(3)
with open("settings.json") as file:
    settings = json.load(file)["pictures"]
side = settings["side"]


def part(name):
    return keras.utils.image_dataset_from_directory(
        os.environ["PICTURES"], validation_split=0.3, subset=name, seed=11,
        image_size=(side, side), batch_size=settings["rows"], label_mode="binary",
    )


base = keras.applications.MobileNetV2(include_top=False, pooling="avg", input_shape=(144, 144, 3))
base.trainable = False
pictures = keras.Input((None, None, 3))
x = keras.layers.Resizing(144, 144)(pictures)
x = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
answer = keras.layers.Dense(1, activation="sigmoid")(base(x, training=False))
model = keras.Model(pictures, answer)
model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
model.fit(part("training"), validation_data=part("validation"), epochs=4, verbose=2)
