import numpy as np
from keras import Input, Model
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling

train, val = (np.load(f"{part}.npz", mmap_mode=None) for part in ("train", "val"))
val_x, val_y = val["x"], val["y"]

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
predicted = np.argmax(model.predict(val_x, verbose=0), axis=-1)
print("right:", np.mean(predicted == val_y))
