import keras
import numpy as np
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(1)
data = np.load("pictures.npz")
to_network = lambda x: (x.astype("float32") - 127.0) / 128.0

full = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(56, 56, 3))
base = keras.Model(full.input, full.get_layer("block4c_add").output)
base.trainable = False

model = keras.Sequential()
model.add(base)
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(10, activation="softmax"))
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    to_network(data["x_train"]), data["y_train"], batch_size=32, epochs=4,
    validation_data=(to_network(data["x_test"]), data["y_test"]), verbose=2,
)
