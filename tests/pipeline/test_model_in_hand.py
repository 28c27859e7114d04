"""`why` about a model in a notebook."""

import numpy as np
import pytest

import regraft
from regraft.errors import InvalidArgumentError
from regraft.pipeline.model_in_hand import _rows, write_script


class NotCompiled:
    optimizer = None


class Compiled:
    optimizer = "adam"


def test_a_model_that_was_not_compiled_is_refused():
    with pytest.raises(InvalidArgumentError, match="compile"):
        regraft.why(NotCompiled(), (np.zeros(2), np.zeros(2)), (np.zeros(2), np.zeros(2)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__")
def test_a_model_with_parts_of_ones_own_is_refused_and_a_lambda_is_not(tmp_path):
    import keras

    class Scaled(keras.layers.Layer):
        def call(self, x):
            return x / 255

    data = (np.zeros((4, 8, 8, 1)), np.zeros(4))

    def compiled(first, loss="sparse_categorical_crossentropy"):
        layers = [keras.Input((8, 8, 1)), first, keras.layers.Flatten(), keras.layers.Dense(2)]
        model = keras.Sequential(layers)
        model.compile("adam", loss)
        return model

    for model in (
        compiled(Scaled()),
        compiled(keras.layers.Rescaling(1.0), lambda y, p: keras.ops.mean(p)),
    ):
        with pytest.raises(InvalidArgumentError, match="of your own"):
            write_script(model, data, data, tmp_path, epochs=1, batch_size=2)
    scaled = compiled(keras.layers.Lambda(lambda x: x / 255))
    script = write_script(scaled, data, data, tmp_path, epochs=1, batch_size=2)
    keras.saving.load_model(tmp_path / "model.keras", safe_mode=False, compile=False)
    assert "safe_mode=False" in script.read_text()


class RoundAndRound:
    """As the iterators of Keras: by number they end, in a loop they do not."""

    def __len__(self):
        return 3

    def __getitem__(self, number):
        return np.full((2, 4), number), np.zeros(2)

    def __iter__(self):
        while True:
            yield from (self[0], self[1], self[2])


def test_batches_that_have_numbers_are_read_once():
    x, _, size = _rows("train", RoundAndRound())
    assert x[:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert size == 2


def test_missing_validation_is_refused_by_name():
    with pytest.raises(InvalidArgumentError, match="validation"):
        regraft.why(Compiled(), (np.zeros(2), np.zeros(2)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving
def test_logits_without_the_flag_are_found_in_a_model_in_hand():
    import keras

    keras.utils.set_random_seed(0)
    from regraft.data.open import open_data

    images = open_data("digits", limit=2000)
    x, y = images.read(np.arange(len(images))) / np.float32(255), images.labels
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = [np.asarray(w.value).copy() for w in model.weights]

    diagnosis = regraft.why(model, (x[:1500], y[:1500]), (x[1500:], y[1500:]), epochs=3, budget=120)

    assert diagnosis.findings[0].family == "OUT"
    assert diagnosis.findings[0].where == ()
    assert diagnosis.repaired_script > diagnosis.observed + 0.2
    after = [np.asarray(w.value) for w in model.weights]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
