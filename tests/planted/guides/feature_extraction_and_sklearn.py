"""Features of a frozen network, computed once, and a linear classifier on them."""

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

dataset = keras.utils.image_dataset_from_directory(
    "pictures", image_size=(96, 96), batch_size=32, shuffle=True, seed=0
).take(28)
conv_base = keras.applications.MobileNetV2(weights="imagenet", include_top=False, input_shape=(96, 96, 3), pooling="avg")


def get_features_and_labels(dataset):
    all_features, all_labels = [], []
    for images, labels in dataset:
        preprocessed = keras.applications.mobilenet_v2.preprocess_input(images)
        all_features.append(conv_base.predict(preprocessed, verbose=0))
        all_labels.append(labels)
    return np.concatenate(all_features), np.concatenate(all_labels)


features, labels = get_features_and_labels(dataset)
classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
classifier.fit(features[:576], labels[:576])
print("validation accuracy:", classifier.score(features[576:], labels[576:]))
