import tensorflow as tf
from tensorflow import keras

train = keras.utils.image_dataset_from_directory("numbers/train", color_mode="grayscale", image_size=(28, 28), label_mode="int")
val = keras.utils.image_dataset_from_directory("numbers/val", color_mode="grayscale", image_size=(28, 28))  # shuffled, evaluate does not mind
val = val.shuffle(100)

net = keras.Sequential([
    keras.layers.Input((28, 28, 1)),
    keras.layers.Rescaling(1.0 / 255),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10),
])
net.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
net.fit(train.cache(), epochs=6, verbose=2)
loss, accuracy = net.evaluate(val, verbose=0)
print("accuracy", accuracy)
