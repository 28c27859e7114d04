import tomllib

with open("flags.toml", "rb") as file:
    _flags = tomllib.load(file)

TRAIN_BODY = _flags["body"]["trainable"]
