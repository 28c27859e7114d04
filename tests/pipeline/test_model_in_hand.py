"""`why` about a model in a notebook."""

import numpy as np
import pytest

import regraft
from regraft.errors import InvalidArgumentError


class NotCompiled:
    optimizer = None


class Compiled:
    optimizer = "adam"


def test_a_model_that_was_not_compiled_is_refused():
    with pytest.raises(InvalidArgumentError, match="compile"):
        regraft.why(NotCompiled(), (np.zeros(2), np.zeros(2)), (np.zeros(2), np.zeros(2)))


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
