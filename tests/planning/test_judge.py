import numpy as np

from regraft.planning.judge import FOLDS, cross_validate, folds


def test_folds_have_all_classes_and_hold_each_row_once():
    labels = np.repeat([0, 1, 2], [30, 15, 9])
    fold = folds(labels, seed=0)
    for label in range(3):
        counts = np.bincount(fold[labels == label], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1


def test_what_can_be_learnt_is_scored_right_and_noise_near_chance():
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 3
    features = generator.normal(size=(300, 20)).astype(np.float32)
    noise = cross_validate(features, labels, 3, seed=0)
    assert noise.correct.mean() < 0.45
    features[np.arange(300), labels] += 6
    told = cross_validate(features, labels, 3, seed=0)
    assert told.correct.mean() > 0.97
    assert told.l2_per_feature > 0
