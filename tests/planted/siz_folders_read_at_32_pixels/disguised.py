import json

import keras
import reading

keras.utils.set_random_seed(3)
with open("settings.json") as file:
    settings = json.load(file)["pictures"]

base = keras.applications.MobileNetV2(include_top=False, pooling="avg", input_shape=(144, 144, 3))
base.trainable = False
model = keras.Sequential([
    keras.Input((None, None, 3)),
    keras.layers.Resizing(144, 144),
    keras.layers.Rescaling(1 / 127.5, offset=-1),
    base,
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
model.fit(
    reading.flow(settings, "training"),
    validation_data=reading.flow(settings, "validation"),
    epochs=4,
    verbose=2,
)
