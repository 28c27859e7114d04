from keras import Input, Model, layers, utils

utils.set_random_seed(1)
train = utils.image_dataset_from_directory("scanned/train", color_mode="grayscale", image_size=(28, 28), seed=5)
val = utils.image_dataset_from_directory("scanned/val", color_mode="grayscale", image_size=(28, 28), shuffle=False)
train, val = train.cache().prefetch(1), val.cache()

x = inputs = Input((28, 28, 1))
x = layers.Rescaling(1 / 255)(x)
for width in (16, 32):
    x = layers.Conv2D(width, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
x = layers.Flatten()(x)
model = Model(inputs, layers.Dense(10, activation="softmax")(x))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=val, epochs=6, verbose=2)
