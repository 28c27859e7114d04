import keras
from keras import layers

keras.utils.set_random_seed(0)
train, val = keras.utils.image_dataset_from_directory(
    "pictures", validation_split=0.3, subset="both", seed=3, image_size=(96, 96), batch_size=32
)
train, val = train.take(20).cache(), val.take(11).cache()

base = keras.applications.MobileNetV2(include_top=False, weights="imagenet", input_shape=(96, 96, 3))
base.trainable = False
inputs = keras.Input((96, 96, 3))
x = keras.applications.mobilenet_v2.preprocess_input(inputs)
x = base(x, training=False)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(2e-3), keras.losses.BinaryCrossentropy(), metrics=["accuracy"])
model.fit(train, epochs=2, validation_data=val, verbose=2)
