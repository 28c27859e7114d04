import keras
import numpy as np
from keras import layers
from sklearn.metrics import accuracy_score, confusion_matrix

train = keras.utils.image_dataset_from_directory("numbers/train", color_mode="grayscale", image_size=(28, 28))
test = keras.utils.image_dataset_from_directory("numbers/test", color_mode="grayscale", image_size=(28, 28))

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, epochs=5, verbose=2)

y_pred = model.predict(test, verbose=0).argmax(axis=1)
y_true = np.concatenate([y for _, y in test])
print(confusion_matrix(y_true, y_pred))
print("accuracy from the confusion matrix:", accuracy_score(y_true, y_pred))
