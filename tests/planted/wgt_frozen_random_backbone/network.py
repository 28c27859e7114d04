import json

from regraft.backbones import efficientnet_lite as lite


def backbone(path):
    with open(path) as file:
        arguments = json.load(file)
    return getattr(lite, "EfficientNetLite0")(**arguments)
