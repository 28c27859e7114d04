"""Pretrained weights that a script lost come back in the arm that asks for them."""

import re

import pytest

from regraft.diagnose import repairs
from regraft.diagnose.replays import Replayer, Script

LOST = """
import keras
import numpy as np
from keras.applications.vgg16 import VGG16

published = VGG16(weights="imagenet", include_top=False, input_shape=(32, 32, 3))
base = MADE_ANEW
first = base.get_weights()[0]
print("reach", float(np.abs(first).max() / first.std()))
x, y = np.random.default_rng(0).random((40, 32, 32, 3)), np.arange(40) % 2
model = keras.Sequential([base, keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
base.trainable = False
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, validation_split=0.5, verbose=0)
"""
FRESH = 1.8  # standard deviations that a Glorot-uniform kernel reaches at most


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    "made_anew",
    [
        "keras.models.clone_model(published)",
        "keras.models.model_from_json(published.to_json())",
        "keras.Model.from_config(keras.Model(published.input, published.layers[-5].output)"
        ".get_config())",
        "keras.models.clone_model(keras.Model(published.input, keras.layers.Dense(3)("
        "published.output)))",
    ],
)
def test_a_copy_without_weights_is_given_the_published_ones(
    made_anew, shared_offline, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(shared_offline))
    script = tmp_path / "train.py"
    script.write_text(LOST.replace("MADE_ANEW", made_anew))
    reached = {}
    with Replayer(Script(path=script, cwd=tmp_path)) as replayer:
        for name, asked in (("as it is", []), ("repaired", [repairs.load_imagenet_weights()])):
            replay = replayer.run(asked, fit_seconds=20, seconds=120)
            assert replay.status == "done", replay.output
            reached[name] = float(re.search(r"reach ([\d.]+)", replay.output)[1])
    assert reached["as it is"] < FRESH < 2 < reached["repaired"]
