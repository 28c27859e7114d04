import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regraft.data.arrays import from_arrays
from regraft.data.source import TEST, TRAIN, VALIDATION, ImageSet
from regraft.data.split import hold_out_less, split_rows
from regraft.errors import DataError, InvalidArgumentError


def distinct(n: int, *, seed: int = 0) -> np.ndarray:
    """n different 4 x 4 gray pictures: the row number is in the first pixels."""
    x = np.random.default_rng(seed).integers(0, 256, (n, 4, 4), dtype=np.uint8)
    x[:, 0, 0], x[:, 0, 1] = np.arange(n) % 256, np.arange(n) // 256
    return x


def make(labels, *, x=None, split=None, groups=None) -> ImageSet:
    labels = np.asarray(labels)
    base = from_arrays({TRAIN: (distinct(len(labels)) if x is None else x, labels)}, name="made")
    return ImageSet(
        name=base.name,
        class_names=base.class_names,
        labels=base.labels,
        pictures=base.pictures,
        given_split=None if split is None else np.asarray(split),
        groups=None if groups is None else np.asarray(groups),
    )


def parts_of(split, n: int) -> np.ndarray:
    """The part of each row; every row has exactly one."""
    parts = np.full(n, 9)
    for number, rows in enumerate((split.train, split.validation, split.test, split.left_out)):
        assert np.all(parts[rows] == 9)
        parts[rows] = number
    assert not np.any(parts == 9)
    return parts


def test_split_is_stratified_and_complete():
    images = make(np.repeat([0, 1, 2], [200, 100, 20]))
    split = split_rows(images, validation_fraction=0.2, test_fraction=0.1)
    parts = parts_of(split, 320)
    for label, n in enumerate([200, 100, 20]):
        counts = np.bincount(parts[images.labels == label], minlength=3)
        assert counts.tolist() == [n * 7 // 10, n // 5, n // 10]


def test_split_repeats_with_the_seed_and_changes_with_it():
    images = make(np.repeat([0, 1], 50))
    one, again, other = (split_rows(images, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.test, again.test)
    assert np.array_equal(one.train, again.train)
    assert not np.array_equal(one.test, other.test)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        pytest.param(2, [1, 1, 0], id="two-train-and-validation"),
        pytest.param(3, [1, 1, 1], id="three-one-each"),
        pytest.param(10, [6, 2, 2], id="ten"),
    ],
)
def test_split_gives_small_classes_train_first_then_validation(n, expected):
    images = make(np.repeat([0, 1], [n, 100]))
    parts = parts_of(split_rows(images), n + 100)
    assert np.bincount(parts[:n], minlength=3).tolist() == expected


def test_split_keeps_identical_pictures_together():
    x = np.repeat(distinct(100), 3, axis=0)
    labels = np.repeat(np.arange(100) % 2, 3)
    parts = parts_of(split_rows(make(labels, x=x)), 300)
    assert np.all(parts.reshape(100, 3) == parts.reshape(100, 3)[:, :1])
    assert np.all(np.abs(np.bincount(parts) - [210, 45, 45]) <= 6)


def test_split_keeps_groups_together_through_shared_pictures():
    groups = np.repeat(np.arange(40), 5)
    x = distinct(200)
    x[5] = x[0]  # a picture of group 0 is also in group 1
    parts = parts_of(split_rows(make(np.repeat([0, 1], 100), x=x, groups=groups)), 200)
    by_group = parts.reshape(40, 5)
    assert np.all(by_group == by_group[:, :1])
    assert by_group[0, 0] == by_group[1, 0]
    assert set(parts) == {0, 1, 2}


def test_split_trains_on_every_class_of_mixed_groups():
    labels = np.tile([0, 1, 2], 20)
    groups = np.repeat(np.arange(4), 15)
    for seed in range(20):
        split = split_rows(make(labels, groups=groups), seed=seed)
        assert set(labels[split.train]) == {0, 1, 2}
        assert len(split.validation)


def test_split_keeps_a_given_test_part_and_draws_validation_from_train():
    labels = np.tile([0, 1], 100)
    given = np.repeat([TRAIN, TEST], [150, 50])
    split = split_rows(make(labels, split=given), validation_fraction=0.2)
    assert split.test.tolist() == list(range(150, 200))
    assert len(split.validation) == 30
    assert len(split.train) == 120


def test_split_keeps_a_given_validation_part_and_draws_test_from_train():
    labels = np.tile([0, 1], 100)
    given = np.repeat([TRAIN, VALIDATION], [150, 50])
    split = split_rows(make(labels, split=given), test_fraction=0.2)
    assert split.validation.tolist() == list(range(150, 200))
    assert len(split.test) == 30


def test_split_keeps_three_given_parts_whatever_the_seed():
    given = np.tile([TRAIN, TRAIN, VALIDATION, TEST], 10)
    images = make(np.repeat([0, 1], 20), split=given)
    split = split_rows(images, seed=5)
    assert np.array_equal(parts_of(split, 40), given)
    assert not len(split.left_out)


def test_split_leaves_repeats_of_given_test_pictures_out_of_train():
    x = distinct(40)
    x[0] = x[30]  # train and test
    x[21] = x[31]  # validation and test
    x[1] = x[20]  # train and validation
    given = np.repeat([TRAIN, VALIDATION, TEST], [20, 10, 10])
    split = split_rows(make(np.tile([0, 1], 20), x=x, split=given))
    assert split.left_out.tolist() == [0, 1, 21]
    assert split.test.tolist() == list(range(30, 40))
    assert 20 in split.validation


def test_split_refuses_a_class_whose_training_pictures_are_all_in_test():
    x = distinct(8)
    x[4:6] = x[0:2]
    images = make([0, 0, 1, 1, 0, 0, 1, 1], x=x, split=[0, 0, 0, 0, 2, 2, 2, 2])
    with pytest.raises(DataError, match="in validation or test too, for 0"):
        split_rows(images)


def test_split_refuses_a_group_in_two_given_parts():
    images = make([0, 1, 0, 1], split=[0, 0, 2, 2], groups=[0, 1, 0, 2])
    with pytest.raises(DataError, match="received group 0 in train and test"):
        split_rows(images)


def test_split_without_a_test_part():
    split = split_rows(make(np.repeat([0, 1], 20)), test_fraction=0)
    assert len(split.test) == 0
    assert len(split.validation) == 6


@pytest.mark.parametrize(
    ("validation", "test"),
    [pytest.param(-0.1, 0.1, id="negative"), pytest.param(0.5, 0.5, id="nothing-left")],
)
def test_split_refuses_impossible_fractions(validation, test):
    with pytest.raises(InvalidArgumentError, match="fractions"):
        split_rows(make([0, 0, 1, 1]), validation_fraction=validation, test_fraction=test)


def test_a_part_that_large_units_left_empty_gets_the_smallest_that_can_be_spared():
    # one picture that many rows show, and two that every class shows
    labels = np.array([2, 1, 2, 0, 2, 0, 1, 2, 0, 0, 1, 1, 2, 2, 3, 3])
    shown = np.array([0] * 8 + [1, 2] * 4)
    for seed in range(4):
        split = split_rows(make(labels, x=distinct(3)[shown]), seed=seed)
        assert len(split.validation)
        assert set(labels[split.train]) == {0, 1, 2, 3}


def test_fewer_are_held_out_in_whole_groups():
    groups = np.repeat(np.arange(100), 6)
    images = make(np.repeat([0, 1], 300), groups=groups)
    split = split_rows(images, validation_fraction=0.4)
    less = hold_out_less(images, split, at_most=60, seed=0)
    parts = parts_of(less, 600).reshape(100, 6)
    assert np.all(parts == parts[:, :1])
    assert 48 <= len(less.validation) <= 72
    assert set(less.validation) < set(split.validation)
    assert np.array_equal(less.test, split.test)
    assert set(images.labels[less.validation]) == {0, 1}


def test_fewer_are_held_out_class_by_class():
    images = make(np.repeat([0, 1, 2], [200, 100, 100]))
    split = split_rows(images, validation_fraction=0.4)
    less = hold_out_less(images, split, at_most=40, seed=0)
    assert np.bincount(images.labels[less.validation]).tolist() == [20, 10, 10]
    assert hold_out_less(images, split, at_most=160, seed=0) is split


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 15)),
        min_size=8,
        max_size=80,
    ),
    with_groups=st.booleans(),
    seed=st.integers(0, 3),
)
@settings(max_examples=150, deadline=None)
def test_split_of_anything_keeps_its_promises(rows, with_groups, seed):
    rows = [*rows, *((label, 40 + copy, 20 + copy) for label in range(4) for copy in range(2))]
    labels, shown, groups = np.array(rows).T
    images = make(labels, x=distinct(60)[shown], groups=groups if with_groups else None)
    split = split_rows(images, seed=seed)
    parts = parts_of(split, len(rows))
    for owners in (shown, groups) if with_groups else (shown,):
        for owner in np.unique(owners):
            assert len(np.unique(parts[owners == owner])) == 1
    assert set(labels[split.train]) == {0, 1, 2, 3}
    if not with_groups:
        assert len(split.validation)
