import keras
import numpy as np
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)


def load_batch(name):
    batch = np.load(name)
    images = batch["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images.astype("float32"), batch["labels"]


x_train, y_train = load_batch("data_batch.npz")
x_test, y_test = load_batch("test_batch.npz")

full = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(64, 64, 3))
inputs = keras.Input((32, 32, 3))
x = keras.layers.UpSampling2D(2, interpolation="bilinear")(inputs)
x = keras.layers.Rescaling(1 / 128, -127 / 128)(x)
x = keras.Model(full.input, full.get_layer("block4c_add").output)(x, training=False)
features = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
f_train, f_test = features.predict(x_train, verbose=0), features.predict(x_test, verbose=0)

head = keras.Sequential([keras.layers.Normalization(), keras.layers.Dense(10, activation="softmax")])
head.layers[0].adapt(f_train)
head.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = head.fit(f_train, y_train, epochs=15, validation_data=(f_test, y_test), verbose=0)
print("val_accuracy", history.history["val_accuracy"][-1])
