import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.deadline import Deadline
from regraft.pipeline.judging import judge
from regraft.pipeline.parting import part
from regraft.pipeline.racing import Contender, race, ranked
from regraft.pipeline.shortlisting import LEAST_EPOCHS, shortlist
from regraft.planning.default import Choice

from ..conftest import Listener
from .conftest import three_classes
from .test_shortlisting import asked

LITE = get("efficientnet_lite0")


def contender(loss, epochs):
    return Contender(
        choice=Choice(row=LITE, size=32, taps=(LITE.default_tap,), grids=(1,)),
        precision="float32", images_per_second=100.0, epochs=epochs, accuracy=0.9, loss=loss,
    )  # fmt: skip


def test_the_least_loss_wins():
    order = ranked([contender(0.3, 5.0), contender(0.1, 5.0), contender(0.2, 50.0)])
    assert [each.loss for each in order] == [0.1, 0.2, 0.3]


def test_who_would_not_see_all_pictures_often_enough_comes_last():
    slow = contender(0.1, LEAST_EPOCHS / 2)
    assert ranked([slow, contender(0.2, LEAST_EPOCHS)])[1] is slow
    assert ranked([slow]) == (slow,)


@pytest.mark.slow
def test_a_race_says_how_far_everyone_would_come():
    images = open_data(three_classes(240))
    split = part(images, seed=0)
    listed = shortlist(
        images, split, asked=asked(taps=("block2b_add",)), deadline=Deadline(60.0),
        training_seconds=1e4, observer=Listener(),
    )  # fmt: skip
    assert len(listed) == 2
    listener = Listener()
    found = race(
        listed, images, split, judge,
        seconds_each=1.0, deadline=Deadline(0.0), training_seconds=100.0, seed=0,
        observer=listener,
    )  # fmt: skip
    assert len(found) == 1  # no time for the second
    assert found[0].choice == listed[0].choice
    assert found[0].accuracy > 0.8
    pictures = 100.0 * found[0].images_per_second
    assert found[0].epochs == pytest.approx(pictures / len(split.train), rel=0.1)
    assert found[0].as_json()["plan"] in listener.notes[0]
