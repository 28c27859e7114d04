import os
from pathlib import Path

import numpy as np
from keras.applications.mobilenet_v2 import MobileNetV2
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

root = Path(os.environ["PICTURES"])
pictures, animals = [], []
for animal in ("cat", "dog"):
    for path in sorted((root / animal).iterdir())[:200]:
        pictures.append(np.asarray(Image.open(path).convert("RGB").resize((96, 96)), "float32"))
        animals.append(animal)

network = MobileNetV2(include_top=False, weights="imagenet", input_shape=(96, 96, 3), pooling="avg")
features = network.predict(np.stack(pictures), verbose=0)
x_train, x_test, y_train, y_test = train_test_split(
    features, np.array(animals) == "dog", test_size=0.25, random_state=0, stratify=animals
)
scaler = StandardScaler().fit(x_train)
model = LogisticRegression(max_iter=200).fit(scaler.transform(x_train), y_train)
print("accuracy:", model.score(scaler.transform(x_test), y_test))
