import configparser

from tensorflow.keras.layers import Dense

_config = configparser.ConfigParser()
_config.read("experiment.ini")


def finish(model):
    head = _config["head"]
    model.add(Dense(int(head["units"]), head["activation"]))
    model.compile("adam", head["loss"], metrics=["accuracy"])
