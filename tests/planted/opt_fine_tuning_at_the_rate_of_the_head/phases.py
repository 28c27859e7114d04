from keras import optimizers


def prepare_phase(model, phase):
    optimizer = optimizers.get(phase["optimizer"])
    optimizer.learning_rate = phase["rate"]
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
