import keras
import numpy as np
from reducing import reduced
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(4)
d = np.load("digits.npz")
net = EfficientNetLite0(include_top=False, pooling="avg", weights="imagenet", input_shape=(64, 64, 3))
parts = {}
for name, n in (("train", 900), ("test", 400)):
    x = np.repeat(d[f"x_{name}"][:n, ..., None], 3, axis=-1).astype("float32")
    x = np.asarray(keras.ops.image.resize(x, (64, 64)))
    parts[name] = reduced(net.predict((x - 127.0) / 128.0, batch_size=50, verbose=0)), d[f"y_{name}"][:n]

head = keras.Sequential([
    keras.Input((40,)),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
head.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
head.fit(*parts["train"], epochs=20, batch_size=32, verbose=0)
print("accuracy", head.evaluate(*parts["test"], verbose=0)[1])
