import keras
import numpy as np
from regraft.backbones.efficientnet_lite import EfficientNetLite0
from scaled import scaled

keras.utils.set_random_seed(0)
d = np.load("digits.npz")


def preprocess(x):
    x = np.repeat(x[..., np.newaxis], 3, axis=-1)
    return scaled(x.repeat(2, axis=1).repeat(2, axis=2))


x_train, y_train = preprocess(d["x_train"][:1000]), d["y_train"][:1000]
x_test, y_test = preprocess(d["x_test"][:400]), d["y_test"][:400]

full = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(56, 56, 3))
x = keras.layers.GlobalAveragePooling2D()(full.get_layer("block4c_add").output)
features = keras.Model(full.input, x)
f_train = features.predict(x_train, verbose=0)
f_test = features.predict(x_test, verbose=0)

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

clf = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))
clf.fit(f_train, y_train)
print("validation accuracy:", clf.score(f_test, y_test))
