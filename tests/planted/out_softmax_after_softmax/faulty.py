import keras
import numpy as np
from keras.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, Softmax

digits = np.load("digits.npz")
x_train, y_train = digits["x_train"][:1500].astype("float32") / 255.0, digits["y_train"][:1500]
x_val, y_val = digits["x_test"].astype("float32") / 255.0, digits["y_test"]
x_train, x_val = x_train[..., np.newaxis], x_val[..., np.newaxis]

inputs = Input((28, 28, 1))
x = Conv2D(16, 3, activation="relu")(inputs)
x = MaxPooling2D(2)(x)
x = Conv2D(32, 3, activation="relu")(x)
x = MaxPooling2D(2)(x)
x = Flatten()(x)
logits = Dense(10, activation="softmax")(x)
model = keras.Model(inputs, Softmax()(logits))

model.compile(
    keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["acc"]
)
history = model.fit(x_train, y_train, batch_size=64, epochs=5, validation_data=(x_val, y_val), verbose=0)
print("val acc per epoch:", history.history["val_acc"])
print("final", history.history["val_acc"][-1])
