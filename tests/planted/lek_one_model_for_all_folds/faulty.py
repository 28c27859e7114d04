import keras
import numpy as np
from sklearn.model_selection import KFold

keras.utils.set_random_seed(3)
digits = np.load("digits.npz")
x, y = digits["x_train"][:600, ..., None].astype("float32") / 255, digits["y_train"][:600]


def build():
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
        keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


model = build()
reached = []
for fold, (train, held_out) in enumerate(KFold(4, shuffle=True, random_state=3).split(x)):
    history = model.fit(
        x[train], y[train], validation_data=(x[held_out], y[held_out]),
        epochs=12, batch_size=32, verbose=0,
    )
    reached.append(history.history["val_accuracy"][-1])
    print(f"fold {fold + 1}: {reached[-1]:.3f}")
print(f"mean of the folds: {np.mean(reached):.3f}")
