import os

import numpy as np
from keras import applications
from pictures import SIDE, read
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

x, y = map(np.array, zip(*read(os.environ["PICTURES"], 200)))
build = getattr(applications, "MobileNetV2")
body = build(include_top=False, input_shape=(SIDE, SIDE, 3), pooling="avg")
a, b, c, d = train_test_split(body.predict(x, verbose=0), y, test_size=0.25, random_state=0, stratify=y)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(a, c)
print("accuracy:", accuracy_score(d, model.predict(b)))
