"""The process that runs a script: whether there is one, and what scripts may do in it."""

import textwrap
from pathlib import Path

import pytest

from regraft.diagnose import replays
from regraft.diagnose.observe import observe
from regraft.diagnose.repairs import resplit
from regraft.diagnose.replays import Replayer, Script
from regraft.errors import RegraftError


@pytest.fixture
def interpreter(tmp_path):
    """A program in place of Python."""

    def write(text: str) -> str:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return write


def start(tmp_path, python):
    script = tmp_path / "train.py"
    script.write_text("print(1)\n")
    with Replayer(Script(path=script, python=python)):
        pass


@pytest.mark.parametrize(
    ("program", "received"),
    [
        ("echo no such option >&2; exit 2", "no such option"),
        ("exit 1", "it ended"),
        (
            """echo '{"problem": "No module named keras"}' > /proc/self/fd/$3""",
            "No module named keras",
        ),
    ],
    ids=["another program", "nothing", "no Keras"],
)
def test_an_interpreter_that_cannot_run_it_is_wrong_use(tmp_path, interpreter, program, received):
    python = interpreter(program)
    with pytest.raises(RegraftError) as caught:
        start(tmp_path, python)
    assert str(caught.value) == (
        f"expected a Python interpreter with numpy and Keras; received {python}: {received}. "
        "Install there what the script needs, or name another with --python."
    )


@pytest.mark.parametrize(
    ("python", "received"),
    [("/nope", "No such file or directory"), ("/", "Permission denied")],
)
def test_no_interpreter_at_all(tmp_path, python, received):
    with pytest.raises(RegraftError, match=f"received {python}: {received}"):
        start(tmp_path, python)


def test_an_interpreter_that_never_answers(tmp_path, interpreter, monkeypatch):
    monkeypatch.setattr(replays, "IMPORT_SECONDS", 0.2)
    with pytest.raises(RegraftError, match="no answer in 0 s"):
        start(tmp_path, interpreter("exec sleep 600"))


SOUND = """
import os
from pathlib import Path

import keras
import numpy as np

x = np.random.default_rng(0).random((1200, 8, 8, 1)).astype("float32")
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype(int)
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, None, ["accuracy"])
model.fit(x, y, 64, 2, 0)
scores = model.evaluate(x, y, 64, 0, np.linspace(0, 1, len(x)))
assert len(scores) == 2, scores
assert model.predict(x, 128, 0).shape == (1200, 2)
assert model.predict_on_batch(x[:4]).shape == (4, 2)
model.save_weights("of.weights.h5")
model.load_weights("of.weights.h5", True)
model.evaluate(x, np.array(y, dtype=object), 64)
"""


@pytest.mark.slow
def test_arguments_by_position_and_labels_of_a_data_frame(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(SOUND))
    with Replayer(Script(path=script, cwd=Path("/"))) as replayer:
        replay = replayer.run(fit_seconds=20, seconds=120)
    assert replay.record["error"]["message"] == "Invalid dtype: object", replay.output
    assert [score["by"] for score in replay.scores] == ["evaluate"]
    assert replay.record["failures"] == []
    assert not Path("/of.weights.h5").exists()


def replayed(folder, source, *, fit_seconds=20):
    """What a script does that must run to its end."""
    script = folder / "train.py"
    script.write_text(source)
    with Replayer(Script(path=script)) as replayer:
        replay = replayer.run(fit_seconds=fit_seconds, seconds=120)
    assert replay.status == "done", replay.output
    return replay


BUILT_LATE = """
import keras
import numpy as np


class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.known = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3)])
        self.head = keras.layers.Dense(2, activation="softmax")

    def call(self, x):
        return self.head(keras.ops.mean(self.known(x), axis=(1, 2)))


x = np.random.default_rng(0).random((200, 8, 8, 1)).astype("float32")
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype(int)
model = Classifier()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, validation_split=0.2, verbose=0)
"""


@pytest.mark.slow
def test_what_is_built_after_compile_was_not_changed_after_it(tmp_path):
    replay = replayed(tmp_path, BUILT_LATE)
    assert replay.fits[0]["trainable_changed_after_compile"] is False


IN_BATCHES = """
import keras
import numpy as np

base = keras.applications.VGG16(weights=None, include_top=False, pooling="avg",
                                input_shape=(32, 32, 3))
x = np.random.default_rng(0).random((120, 32, 32, 3)).astype("float32")
y = np.arange(120) % 2
features = np.concatenate([np.asarray(ASK(x[i:i + 30])) for i in range(0, 120, 30)])
features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1)
head = keras.Sequential([keras.Input((512,)), keras.layers.Dense(2, activation="softmax")])
head.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
head.fit(features[:80], y[:80], validation_data=(features[80:], y[80:]), verbose=0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ask", ["base.predict_on_batch", "base"])
def test_features_asked_for_batch_by_batch_belong_to_their_pictures(tmp_path, ask):
    replay = replayed(tmp_path, IN_BATCHES.replace("ASK", ask))
    assert replay.record["failures"] == []
    assert replay.fits[0]["base"]["name"] == "VGG16"
    assert replay.arrays["fit0_train_thumb_rows"].tolist() == list(range(80))
    assert replay.arrays["predict0_x"].shape == (120, 32, 32, 3)


WHOLE_COPY = """
import keras
import numpy as np

base = keras.applications.VGG16(weights=None, include_top=False, pooling="avg",
                                input_shape=(32, 32, 3))
model = keras.Sequential([base, keras.layers.Dense(2, activation="softmax")])
copy = keras.models.model_from_json(model.to_json())
copy.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
x = np.random.default_rng(0).random((40, 32, 32, 3)).astype("float32")
copy.fit(x, np.arange(40) % 2, validation_split=0.5, verbose=0)
"""


@pytest.mark.slow
def test_a_network_inside_a_copy_of_a_whole_model_is_known(tmp_path):
    replay = replayed(tmp_path, WHOLE_COPY)
    assert replay.fits[0]["base"]["name"] == "VGG16"


OTHER_WRITERS = """
import keras
import numpy as np

rng = np.random.default_rng(0)
y = np.arange(480) % 4
x = np.zeros((480, 8, 8, 1), "float32")
x[np.arange(480), y * 2] = 1
x += 0.1 * rng.random(x.shape)
x[360:] = 1 - x[360:]
model = keras.Sequential([
    keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[:360], y[:360], validation_data=(x[360:], y[360:]), epochs=2, verbose=0)
{score}
"""
SCORED_LATER = {
    "evaluate": "model.evaluate(x[360:], y[360:], verbose=0)",
    "predict": "print(np.mean(model.predict(x[360:], verbose=0).argmax(axis=1) == y[360:]))",
}


@pytest.mark.slow
@pytest.mark.parametrize("score", SCORED_LATER.values(), ids=SCORED_LATER)
def test_what_a_new_split_trained_on_is_not_scored(tmp_path, score):
    script = tmp_path / "train.py"
    script.write_text(OTHER_WRITERS.format(score=score))
    with Replayer(Script(path=script)) as replayer:
        plain, split = (
            replayer.run(repairs, fit_seconds=20, seconds=120) for repairs in ((), (resplit(),))
        )
    assert plain.scores[-1]["by"] == split.scores[-1]["by"] != "fit", split.output
    assert split.scores[-1]["trained_on"] == 0.0
    assert split.scores[-1]["n"] == plain.scores[-1]["n"]
    assert observe(split).order is None  # of other rows than the script paired


SEEDED = """
import keras
import numpy as np

keras.utils.set_random_seed(42)
rows = np.random.permutation(300)
x = np.random.default_rng(0).random((300, 8, 8, 1)).astype("float32")
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype(int)
model = keras.Sequential([
    keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dropout(0.5),
    keras.layers.Dense(2, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[rows[:200]], y[rows[:200]], verbose=0)
print(rows[:5].tolist(), model.predict(x[:3], verbose=0).ravel().tolist())
model.evaluate(x[rows[200:]], y[rows[200:]], verbose=0)
"""


@pytest.mark.slow
def test_another_seed_is_another_training_whatever_the_script_sets(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SEEDED)
    with Replayer(Script(path=script)) as replayer:
        one, again, other = (
            replayer.run(fit_seconds=20, seconds=120, seed=seed) for seed in (0, 0, 1)
        )
    assert one.status == other.status == "done", other.output
    rows, answers = (
        [run.output.partition("]")[part] for run in (one, again, other)] for part in (0, 2)
    )
    assert rows[0] == rows[1] == rows[2]  # the script's own split stays
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


LOOP = """
import keras
import numpy as np

x = np.random.default_rng(0).random((80, 8, 8, 1)).astype("float32")
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype(int)
model = keras.Sequential([
    keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
for epoch in range(9):
    model.fit(x, y, validation_split=0.25, verbose=0)
"""


@pytest.mark.slow
def test_of_many_trainings_the_last_are_kept_and_all_may_be_told_to_be_short(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(LOOP)
    with Replayer(Script(path=script)) as replayer:
        whole = replayer.run(fit_seconds=20, seconds=120)
        cut = replayer.run(fit_seconds=20, seconds=120, all_fits_seconds=0.01)
    assert (whole.status, len(whole.fits)) == ("done", 9), whole.output
    kept = {name.partition("_")[0] for name in whole.arrays if name.startswith("fit")}
    assert "fit8" in kept
    assert "fit0" not in kept
    assert cut.status == "too many"


SEVERAL_INPUTS = """
import keras
import numpy as np
import tensorflow as tf

pictures, sizes = keras.Input((8, 8, 1)), keras.Input((1,))
joined = keras.layers.Concatenate()([keras.layers.Flatten()(pictures), sizes])
model = keras.Model([pictures, sizes], keras.layers.Dense(2, activation="softmax")(joined))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
rows = tf.data.Dataset.from_tensors(((np.zeros((4, 8, 8, 1)), np.zeros((4, 1))), np.zeros(4)))
model.fit(rows.repeat(), steps_per_epoch=10**9, verbose=0)
print("over")
"""


@pytest.mark.slow
def test_a_training_that_cannot_be_sampled_ends_after_its_time(tmp_path):
    assert "over" in replayed(tmp_path, SEVERAL_INPUTS, fit_seconds=1).output
