from itertools import islice

import numpy as np

from regraft.finetune.augment import Variety
from regraft.finetune.batches import AS_THEY_ARE, order_of, training_batches

from .conftest import make_plan


def test_an_epoch_takes_every_picture_once_and_the_next_in_another_order():
    first, second = (order_of(epoch, n=50, seed=0) for epoch in (0, 1))
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, order_of(0, n=50, seed=1))


def test_a_resumed_run_sees_the_same_batches(training):
    plan = make_plan(mixup=True)
    whole = list(islice(training_batches(training, plan, first=0), 10))
    rest = list(islice(training_batches(training, plan, first=7), 3))
    for (x, y), (again, targets) in zip(whole[7:], rest, strict=True):
        assert np.array_equal(x, again)
        assert np.array_equal(y, targets)


def test_augmentation_keeps_labels_with_their_pictures(training):
    plain = make_plan(variety=Variety())
    varied = make_plan(variety=Variety(shift=0.1, degrees=10.0, zoom=0.1, mirror=True))
    batches = (training_batches(training, plan, first=0) for plan in (plain, varied))
    for (x, y), (other, targets) in islice(zip(*batches, strict=True), 6):
        assert np.array_equal(y, targets)
        assert not np.array_equal(x, other)
        # the classes of these pictures differ by their brightness, which no variation changes
        assert np.array_equal(y.argmax(axis=1), np.round((other.mean(axis=(1, 2, 3)) - 45) / 80))


def test_some_pictures_are_left_as_they_are(training):
    plain = make_plan(variety=Variety())
    varied = make_plan(variety=Variety(shift=0.1, degrees=10.0))
    batches = (training_batches(training, plan, first=0) for plan in (plain, varied))
    left = [
        np.array_equal(picture, other)
        for (x, _), (others, _) in islice(zip(*batches, strict=True), 40)
        for picture, other in zip(x, others, strict=True)
    ]
    assert AS_THEY_ARE / 2 < np.mean(left) < 2 * AS_THEY_ARE


def test_pictures_come_in_order(validation):
    batches = list(validation.in_order(size=5))
    assert [len(batch) for batch in batches] == [5, 5, 2]
    assert np.array_equal(np.concatenate(batches), validation.read(np.arange(12)))
