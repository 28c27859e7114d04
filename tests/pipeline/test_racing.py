import pytest

from regraft.data.open import open_data
from regraft.pipeline.judging import judge
from regraft.pipeline.parting import part
from regraft.pipeline.racing import pictures_each, race
from regraft.pipeline.shortlisting import LEAST_EPOCHS, shortlist

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


@pytest.mark.slow
def test_the_least_loss_wins(listed, images, split):
    assert len(listed) == 2
    contenders, listener = raced(listed, images, split, seconds=600.0, training_seconds=1e4)
    one, other = contenders
    assert one.loss <= other.loss
    assert one.epochs > LEAST_EPOCHS
    assert one.accuracy > 0.8
    assert sum("After " in note for note in listener.notes) == 2


@pytest.mark.slow
def test_where_nobody_has_time_for_all_pictures_the_fastest_wins(listed, images, split):
    contenders, _ = raced(listed, images, split, seconds=600.0, training_seconds=1e-3)
    assert [each.loss for each in contenders] == [None, None]
    assert contenders[0].epochs >= contenders[1].epochs


@pytest.mark.slow
def test_without_time_the_first_is_taken(listed, images, split):
    contenders, listener = raced(listed, images, split, seconds=0.0, training_seconds=1e4)
    assert [each.choice for each in contenders] == [listed[0].choice]
    assert "No time to try" in listener.notes[-1]
    assert contenders[0].as_json()["loss"] is None
