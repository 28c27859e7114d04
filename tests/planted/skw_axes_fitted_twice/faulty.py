import keras
import numpy as np
from regraft.backbones.efficientnet_lite import EfficientNetLite0
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

keras.utils.set_random_seed(4)
d = np.load("digits.npz")
base = EfficientNetLite0(include_top=False, pooling="avg", weights="imagenet", input_shape=(64, 64, 3))


def features(gray):
    rgb = np.repeat(gray[..., None], 3, axis=-1).astype("float32")
    large = keras.ops.image.resize(rgb, (64, 64))
    return base.predict((large - 127.0) / 128.0, batch_size=50, verbose=0)


f_train, y_train = features(d["x_train"][:900]), d["y_train"][:900]
f_test, y_test = features(d["x_test"][:400]), d["y_test"][:400]
axes = PCA(n_components=40, random_state=0)
f_train = axes.fit_transform(f_train)
f_test = axes.fit_transform(f_test)
classifier = LogisticRegression(max_iter=500).fit(f_train, y_train)
print("test accuracy:", classifier.score(f_test, y_test))
