import numpy as np
from keras import Input, Model
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling

train, val = np.load("train.npz"), np.load("val.npz")

image = Input((28, 28, 1))
x = Rescaling(1 / 255)(image)
x = Conv2D(24, 3, activation="relu")(x)
x = MaxPooling2D()(x)
x = Conv2D(48, 3, activation="relu")(x)
x = MaxPooling2D()(x)
x = Flatten()(x)
x = Dropout(0.1)(x)
x = Dense(11, activation="softmax")(x)
model = Model(image, x)
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train["x"], train["y"], batch_size=32, epochs=6, verbose=0)
print("validation accuracy and loss:", model.evaluate(val["x"], val["y"], verbose=0)[::-1])
