"""Write pretrained.weights.h5: that of the same network, or (not healthy) of a narrower one."""

import sys

import keras
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(1)
base = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(56, 56, 3))
base = keras.Model(base.input, base.get_layer("block4c_add").output)
if sys.argv[1] != "healthy":

    def narrower(layer):
        config = layer.get_config()
        if isinstance(layer, keras.layers.Conv2D):
            config["filters"] = max(8, config["filters"] // 2)
        return type(layer).from_config(config)

    base = keras.models.clone_model(base, clone_function=narrower)
base.save_weights("pretrained.weights.h5")
