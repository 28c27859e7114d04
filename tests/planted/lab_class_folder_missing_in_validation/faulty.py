import keras
from keras import layers
from keras.utils import image_dataset_from_directory

train = image_dataset_from_directory("numbers/train", color_mode="grayscale", image_size=(28, 28), seed=1)
val = image_dataset_from_directory("numbers/val", color_mode="grayscale", image_size=(28, 28), shuffle=False)

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=val, epochs=6, verbose=2)
