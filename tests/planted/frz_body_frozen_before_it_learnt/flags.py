import tomllib

with open("flags.toml", "rb") as file:
    _flags = tomllib.load(file)

TRAIN_BODY = _flags["body"]["trainable"]


def apply_flags(model):
    for name, values in _flags.items():
        for key, value in values.items():
            setattr(model.get_layer(name), key, value)
