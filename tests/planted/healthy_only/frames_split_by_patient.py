import keras
import numpy as np
from keras import layers

rng = np.random.default_rng(0)
frames, findings, patients = [], [], []
for patient in range(24):  # every patient has a place and a light of their own
    place = 120 + rng.normal(0, 15) + 30 * rng.normal(size=(10, 10)).repeat(4, axis=0).repeat(4, axis=1)
    for finding in np.arange(40) % 2:
        top, left, a, b = rng.integers(0, 8, 2).tolist() + rng.integers(2, 22, 2).tolist()
        frame = place[top : top + 32, left : left + 32] + rng.normal(0, 4, (32, 32))
        if finding:
            frame[a : a + 7, b : b + 7] += 60
        frames.append(np.clip(frame, 0, 255))
        findings.append(finding)
        patients.append(patient)
x, y, patients = np.array(frames, "float32")[..., None] / 255, np.array(findings), np.array(patients)
held_out = np.isin(patients, rng.permutation(24)[:6])

keras.utils.set_random_seed(0)
model = keras.Sequential([
    keras.Input((32, 32, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x[~held_out], y[~held_out], epochs=12, validation_data=(x[held_out], y[held_out]), verbose=2)
