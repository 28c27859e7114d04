import numpy as np
import pytest

from regraft.planning.screen import SHARES, gram, left_out_correct


def clusters(n=60, d=30, k=3, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % k
    centres = generator.normal(size=(k, d))
    features = centres[labels] + generator.normal(size=(n, d)) * 1.5
    return features.astype(np.float32), labels


def test_the_gram_matrix_of_two_taps_is_the_sum_of_theirs():
    features, _ = clusters()
    both = gram(features)
    assert both == pytest.approx(gram(features[:, :11]) + gram(features[:, 11:]), abs=1e-3)


def test_features_count_the_same_whatever_their_scale_and_constants_not_at_all():
    features, _ = clusters()
    scaled = features * np.linspace(1, 100, features.shape[1], dtype=np.float32)
    with_constant = np.hstack([scaled, np.full((len(scaled), 1), 7, np.float32)])
    assert gram(with_constant) == pytest.approx(gram(features), rel=1e-3, abs=1e-2)


def test_it_is_what_fitting_without_each_row_gives():
    features, labels = clusters()
    products = gram(features)
    correct = left_out_correct(products, labels, 3)
    n = len(labels)
    mean = np.trace(products) / n
    targets = np.where(labels[:, None] == np.arange(3), 1.0, -1.0)
    errors = {}
    for share in SHARES:
        predicted = np.empty((n, 3))
        for row in range(n):
            others = np.arange(n) != row
            kernel = products + mean
            dual = np.linalg.solve(
                kernel[np.ix_(others, others)] + share * mean * np.eye(n - 1), targets[others]
            )
            predicted[row] = kernel[row, others] @ dual
        errors[share] = (np.square(predicted - targets).mean(), predicted.argmax(axis=1) == labels)
    assert np.array_equal(correct, min(errors.values(), key=lambda pair: pair[0])[1])
    assert 0.5 < correct.mean() < 1


def test_features_that_never_vary_tell_nothing_apart():
    assert not left_out_correct(gram(np.ones((6, 4), np.float32)), np.arange(6) % 2, 2).any()
