import numpy as np
import pytest

from regraft.planning.judge import FEW, FOLDS, FOLDS_OF_FEW, cross_validate, effort, folds, n_folds


def test_folds_have_all_classes_and_hold_each_row_once():
    labels = np.repeat([0, 1, 2], [30, 15, 9])
    fold = folds(labels, seed=0)
    for label in range(3):
        counts = np.bincount(fold[labels == label], minlength=FOLDS_OF_FEW)
        assert counts.max() - counts.min() <= 1


def test_few_rows_are_parted_into_more_folds():
    assert (n_folds(FEW), n_folds(FEW + 1)) == (FOLDS_OF_FEW, FOLDS)
    assert effort(FEW + 1) == 1.0
    assert effort(FEW) == 2.5
    labels = np.arange(FEW + 1) % 3
    assert folds(labels, seed=0).max() == FOLDS - 1
    assert folds(labels[1:], seed=0).max() == FOLDS_OF_FEW - 1


def test_groups_stay_in_one_fold():
    groups = np.repeat(np.arange(40), 3)
    labels = groups % 4
    fold = folds(labels, seed=0, groups=groups)
    assert all(len(set(fold[groups == group])) == 1 for group in range(40))
    for label in range(4):
        assert set(fold[labels == label]) == set(range(FOLDS_OF_FEW))
    assert not np.array_equal(fold, folds(labels, seed=1, groups=groups))


@pytest.mark.parametrize("n_groups", [3, 4, 5])
def test_few_groups_make_fewer_folds_and_stay_together(n_groups):
    groups = np.arange(60) % n_groups
    labels = np.arange(60) // 30
    fold = folds(labels, seed=0, groups=groups)
    assert len(set(fold)) == n_groups
    assert all(len(set(fold[groups == group])) == 1 for group in range(n_groups))
    features = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    assert len(cross_validate(features, labels, 2, seed=0, groups=groups).correct) == 60


def test_too_few_groups_for_folds_are_not_kept_together():
    fold = folds(np.arange(30) % 2, seed=0, groups=np.arange(30) % 2)
    assert set(fold) == set(range(FOLDS_OF_FEW))


def test_groups_of_too_few_rows_for_folds_and_large_seeds():
    fold = folds(np.arange(8) % 4, seed=2**40, groups=np.arange(8))
    assert len(fold) == 8
    assert folds(np.arange(90) % 3, seed=2**40, groups=np.arange(90)).max() == FOLDS_OF_FEW - 1


def test_what_can_be_learnt_is_scored_right_and_noise_near_chance():
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 3
    features = generator.normal(size=(300, 20)).astype(np.float32)
    noise = cross_validate(features, labels, 3, seed=0)
    assert noise.correct.mean() < 0.45
    features[np.arange(300), labels] += 6
    told = cross_validate(features, labels, 3, seed=0)
    assert told.correct.mean() > 0.97
    assert told.doubt.mean() < 0.06 < 0.6 < noise.doubt.mean() < 0.75  # two thirds is no idea
    assert told.l2_per_feature > 0
