import keras
import tensorflow as tf

SIZE = (40, 28)
keras.utils.set_random_seed(2)


def parse(record):
    example = tf.io.parse_single_example(record, {
        "scan": tf.io.FixedLenFeature([], tf.string),
        "digit": tf.io.FixedLenFeature([], tf.int64),
    })
    scan = tf.reshape(tf.io.decode_raw(example["scan"], tf.uint8), (*SIZE, 1))
    return tf.cast(scan, tf.float32) / 255.0, example["digit"]


def scans(part):
    return tf.data.TFRecordDataset(f"{part}.tfrecord").map(parse).cache()


model = keras.Sequential([
    keras.Input((*SIZE, 1)),
    keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.GlobalMaxPooling2D(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
train = scans("train").shuffle(1200, seed=2).batch(32)
model.fit(train, validation_data=scans("test").batch(100), epochs=12, verbose=2)
