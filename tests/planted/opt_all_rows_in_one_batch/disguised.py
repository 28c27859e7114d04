import parts
import tensorflow as tf
from tensorflow.keras import layers, models

tf.keras.utils.set_random_seed(5)
run = parts.settings()
net = models.Sequential()
net.add(layers.Input((28, 28, 1)))
for filters in (16, 32):
    net.add(layers.Conv2D(filters, 3, strides=2, activation="relu"))
net.add(layers.Flatten())
net.add(layers.Dense(10, activation="softmax"))
net.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["acc"])
net.fit(parts.part("train", run), epochs=run["epochs"], verbose=0)
loss, right = net.evaluate(parts.part("test", run), verbose=0)
print(f"test accuracy {right:.3f}")
