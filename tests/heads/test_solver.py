import numpy as np
import pytest

from regraft.errors import InvalidArgumentError
from regraft.heads.solver import Examples, Linear, fit_logistic, measure_scaling


def blobs(n, d=6, k=3, seed=0, spread=1.5):
    """Overlapping classes whose features differ much in scale and lie far from zero."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(k, d))
    labels = generator.integers(0, k, n)
    table = centres[labels] + spread * generator.normal(size=(n, d))
    return Examples(features=(table * np.logspace(-2, 2, d) + 5).astype(np.float32), labels=labels)


def objective(solution, examples, l2):
    """The definition: summed cross-entropy and the penalty on standardised features."""
    x = examples.features.astype(np.float64)
    scores = x @ solution.kernel.astype(np.float64) + solution.bias
    scores -= scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(x)), examples.labels]
    return losses.sum() + l2 / 2 * np.sum((solution.kernel * x.std(axis=0)[:, None]) ** 2)


@pytest.mark.parametrize("l2", [0.1, 10.0, 1000.0])
def test_fit_logistic_reaches_sklearns_optimum(l2):
    from sklearn.linear_model import LogisticRegression

    examples = blobs(2_500)
    x = examples.features.astype(np.float64)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    oracle = LogisticRegression(C=1 / l2, tol=1e-8, max_iter=2_000).fit(standard, examples.labels)
    kernel = oracle.coef_.T / x.std(axis=0)[:, None]
    theirs = Linear(kernel=kernel, bias=oracle.intercept_ - x.mean(axis=0) @ kernel)
    ours = fit_logistic([examples], 3, l2=l2)
    best = objective(theirs, examples, l2)
    assert objective(ours, examples, l2) <= best + 1e-4 * len(x)
    np.testing.assert_allclose(ours.kernel, theirs.kernel, atol=0.02 * np.abs(theirs.kernel).max())


def test_fit_logistic_of_parts_is_that_of_the_whole():
    whole = blobs(3_000)
    parts = [
        Examples(features=whole.features[rows], labels=whole.labels[rows])
        for rows in (slice(0, 700), slice(700, 3_000))
    ]
    one, two = fit_logistic([whole], 3, l2=1.0), fit_logistic(parts, 3, l2=1.0)
    np.testing.assert_allclose(two.kernel, one.kernel, rtol=0.01, atol=1e-3)


def test_fit_logistic_that_starts_at_the_optimum_stays_there():
    examples = blobs(1_000)
    first = fit_logistic([examples], 3, l2=1.0)
    again = fit_logistic([examples], 3, l2=1.0, start=first)
    assert objective(again, examples, 1.0) <= objective(first, examples, 1.0) + 1e-3
    np.testing.assert_allclose(again.kernel, first.kernel, rtol=0.05, atol=1e-3)


def test_constant_features_get_no_weight():
    examples = blobs(500)
    examples.features[:, 2] = 7.3
    solution = fit_logistic([examples], 3, l2=0.1)
    np.testing.assert_array_equal(solution.kernel[2], 0)
    assert np.isfinite(solution.kernel).all()


def test_a_class_without_rows_gets_a_low_score():
    examples = blobs(500)
    solution = fit_logistic([examples], 4, l2=1.0)
    scores = examples.features @ solution.kernel + solution.bias
    assert (scores.argmax(axis=1) != 3).all()


def test_two_classes_and_fewer_rows_than_features():
    examples = blobs(20, d=300, k=2)
    solution = fit_logistic([examples], 2, l2=1.0)
    scores = examples.features @ solution.kernel + solution.bias
    assert (scores.argmax(axis=1) == examples.labels).all()


def test_measure_scaling_of_features_far_from_zero():
    features = 1_000 + np.random.default_rng(0).normal(size=(5_000, 3)).astype(np.float32)
    scaling = measure_scaling([Examples(features=features, labels=np.zeros(5_000, np.int64))])
    exact = features.astype(np.float64)
    np.testing.assert_allclose(scaling.mean, exact.mean(axis=0), rtol=1e-7)
    np.testing.assert_allclose(1 / scaling.scale, exact.std(axis=0), rtol=1e-3)


@pytest.mark.parametrize(
    ("features", "labels", "n_classes", "message"),
    [
        pytest.param(np.ones((3, 2)), [0, 1, 2], 2, "labels from 0 to 2", id="label-out-of-range"),
        pytest.param(np.ones((3, 2)), [0, 1], 2, r"shapes \(3, 2\) and \(2,\)", id="lengths"),
        pytest.param(np.ones((3, 2)), [0, 0, 0], 1, "at least 2 classes", id="one-class"),
        pytest.param(np.full((2, 2), np.nan), [0, 1], 2, "finite numbers", id="nan"),
        pytest.param(np.ones((0, 2)), [], 2, "at least one", id="no-rows"),
    ],
)
def test_fit_logistic_refuses(features, labels, n_classes, message):
    examples = Examples(features=features.astype(np.float32), labels=np.array(labels, np.int64))
    with pytest.raises(InvalidArgumentError, match=message):
        fit_logistic([examples], n_classes, l2=1.0)
