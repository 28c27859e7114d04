from types import SimpleNamespace

import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.pipeline.judging import judge
from regraft.pipeline.parting import part
from regraft.pipeline.racing import Contender, _start, pictures_each, race, ranked
from regraft.pipeline.shortlisting import LEAST_EPOCHS, shortlist
from regraft.planning.default import Choice

from ..conftest import Listener
from .conftest import three_classes
from .test_shortlisting import asked


@pytest.fixture(scope="module")
def images():
    return open_data(three_classes(240))


@pytest.fixture(scope="module")
def split(images):
    return part(images, seed=0)


@pytest.fixture(scope="module")
def listed(images, split):
    return shortlist(
        images, split, asked=asked(), seconds=600.0, training_seconds=1e4, observer=Listener()
    )


def raced(listed, images, split, *, seconds, training_seconds):
    listener = Listener()
    contenders = race(
        listed, images, split, judge,
        seconds=seconds, training_seconds=training_seconds, seed=0, observer=listener,
    )  # fmt: skip
    return contenders, listener


@pytest.mark.parametrize(
    ("n_train", "seconds", "paces", "n"),
    [
        pytest.param(50_000, 1e4, [100.0, 100.0], 4_000, id="a-part-of-all"),
        pytest.param(1_000, 1e4, [100.0, 100.0], 2_000, id="not-too-few"),
        pytest.param(50_000, 40.0, [100.0, 300.0], 3_000, id="what-the-time-holds"),
    ],
)
def test_everyone_trains_on_as_many_pictures(n_train, seconds, paces, n):
    assert pictures_each(n_train, seconds, paces) == n


def contender(size, loss, accuracy, epochs=5.0):
    choice = Choice(row=get("efficientnet_lite0"), size=size, taps=("block2b_add",), grids=(1,))
    return Contender(
        choice=choice, precision="float32", images_per_second=100.0, epochs=epochs,
        accuracy=accuracy,
        loss=loss, n_asked=2_000,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("losses", "accuracy", "order"),
    [
        pytest.param({32: 0.10, 64: 0.20, 48: 0.15}, 0.97, [32, 48, 64], id="by-loss"),
        pytest.param({32: 0.10, 64: 0.11, 48: 0.105}, 0.97, [64, 32, 48], id="largest-of-equals"),
        pytest.param({32: 0.34, 64: 0.38}, 0.87, [32, 64], id="more-mistakes-tell-more-apart"),
        pytest.param({64: 0.10, 32: 0.101}, 0.98, [64, 32], id="the-best-is-the-largest"),
        pytest.param({64: 0.1, 32: 0.02}, 1.0, [32, 64], id="no-mistake-left"),
    ],
)
def test_the_least_loss_wins_or_the_largest_of_those_as_good(losses, accuracy, order):
    found = ranked([contender(size, loss, accuracy) for size, loss in losses.items()])
    assert [each.choice.size for each in found] == order


@pytest.mark.parametrize(
    ("epochs", "first"),
    [
        pytest.param({32: 10.0, 48: 4.4}, 32, id="one-has-room"),
        pytest.param({32: 20.0, 48: 8.0}, 48, id="both-have"),
        pytest.param({32: 5.0, 48: 3.5}, 48, id="none-has"),
    ],
)
def test_of_equals_one_that_the_time_holds_comfortably_comes_first(epochs, first):
    equals = [contender(size, 0.05, 0.98, epochs=each) for size, each in epochs.items()]
    assert ranked(equals)[0].choice.size == first


@pytest.mark.slow
def test_everyone_fast_enough_is_trained(listed, images, split):
    assert len(listed) == 2
    contenders, listener = raced(listed, images, split, seconds=600.0, training_seconds=1e4)
    assert contenders == ranked(contenders)
    one = contenders[0]
    assert one.epochs > LEAST_EPOCHS
    assert one.accuracy > 0.8
    assert sum("After " in note for note in listener.notes) == 2


@pytest.mark.slow
def test_where_nobody_has_time_for_all_pictures_the_fastest_wins(listed, images, split):
    contenders, _ = raced(listed, images, split, seconds=600.0, training_seconds=1e-3)
    assert [each.loss for each in contenders] == [None, None]
    assert contenders[0].epochs >= contenders[1].epochs


@pytest.mark.slow
def test_without_time_another_is_built_where_the_first_is_too_slow(listed, images, split):
    contenders, _ = raced(listed, images, split, seconds=0.0, training_seconds=1e-3)
    assert len(contenders) == 2


@pytest.mark.slow
def test_without_time_the_first_is_taken(listed, images, split):
    contenders, listener = raced(listed, images, split, seconds=0.0, training_seconds=1e4)
    assert [each.choice for each in contenders] == [listed[0].choice]
    assert "No time to try" in listener.notes[-1]
    assert contenders[0].as_json()["loss"] is None


@pytest.mark.parametrize("n_classes", [2, 4, 8, 10, 20])
def test_the_first_head_knows_every_class_of_balanced_data(n_classes):
    # the shortlist reads rows in an order that goes through the classes again and again
    labels = np.arange(600) % n_classes
    features = np.eye(n_classes, dtype=np.float32)[labels]
    features += np.random.default_rng(0).normal(scale=0.1, size=features.shape).astype(np.float32)
    listed = SimpleNamespace(features=features, labels=labels)
    start = _start(listed, n_classes)
    logits = features @ start.head.kernel + start.head.bias
    assert np.mean(logits.argmax(axis=1) == labels) == 1.0
    assert np.abs(start.head.bias - start.head.bias.mean()).max() < 5
