"""Transfer learning: freeze, train a new head, then fine-tune at a low rate."""

import keras
from keras import layers

keras.utils.set_random_seed(0)
train_ds, validation_ds = keras.utils.image_dataset_from_directory(
    "pictures", validation_split=0.3, subset="both", seed=1, image_size=(96, 96), batch_size=32, label_mode="binary"
)
train_ds, validation_ds = train_ds.take(16).cache(), validation_ds.take(10).cache()

data_augmentation = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.05)])

base_model = keras.applications.MobileNetV2(weights="imagenet", input_shape=(96, 96, 3), include_top=False)
base_model.trainable = False

inputs = keras.Input(shape=(96, 96, 3))
x = data_augmentation(inputs)
x = layers.Rescaling(scale=1 / 127.5, offset=-1)(x)
x = base_model(x, training=False)
x = keras.layers.GlobalAveragePooling2D()(x)
x = keras.layers.Dropout(0.2)(x)
outputs = keras.layers.Dense(1)(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.Adam(3e-3),
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
)
print("Fitting the top layer of the model")
model.fit(train_ds, epochs=2, validation_data=validation_ds, verbose=2)

base_model.trainable = True
for layer in base_model.layers:
    if layer not in base_model.layers[-12:] or isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
model.compile(
    optimizer=keras.optimizers.Adam(1e-5),  # low learning rate
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
)
print("Fitting the end-to-end model")
model.fit(train_ds, epochs=1, validation_data=validation_ds, verbose=2)
