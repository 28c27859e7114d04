import numpy as np
import pytest

from regraft.heads.calibrate import fit_temperature, mean_loss
from regraft.heads.choose_l2 import L2_PER_FEATURE, choose_head, fit_head
from regraft.heads.linear import logits, probabilities
from regraft.heads.solver import Examples
from regraft.heads.subsample import stratified_rows


def few_of_many_features(n, seed, d=200, k=4):
    """Four features tell the class, the others are noise: too weak a penalty over-fits."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, k, n)
    features = generator.normal(size=(n, d)).astype(np.float32)
    features[np.arange(n), labels] += 2
    return Examples(features=features, labels=labels)


def accuracy(head, examples):
    return np.mean(logits(head, examples.features).argmax(axis=1) == examples.labels)


def test_choose_head_finds_a_penalty_near_the_best():
    train, validation, test = (few_of_many_features(n, s) for s, n in enumerate((300, 300, 5_000)))
    choice = choose_head(train, validation, 4, refit=False)
    singles = [
        choose_head(train, validation, 4, refit=False, l2_per_feature=(penalty,)).head
        for penalty in (10.0, 1.0, 0.1, 0.01)
    ]
    best = max(accuracy(head, test) for head in singles)
    assert accuracy(choice.head, test) >= best - 0.01
    losses = [point.loss for point in choice.path]
    assert choice.head.l2 == choice.path[int(np.argmin(losses))].l2
    assert choice.path[0].l2 > choice.head.l2 > choice.path[-1].l2  # both directions were tried
    assert len(choice.path) < len(L2_PER_FEATURE)  # and it did not go on for ever


def test_a_sample_chooses_the_penalty_when_rows_are_many():
    train, validation = few_of_many_features(20_000, 0), few_of_many_features(2_000, 1)
    choice = choose_head(train, validation, 4, refit=False)
    whole = accuracy(choice.head, validation)
    assert choice.validation_accuracy == pytest.approx(whole)
    assert whole >= choice.path[0].accuracy


def test_refit_learns_from_validation_rows_too():
    train, validation, test = (few_of_many_features(n, s) for s, n in enumerate((200, 800, 5_000)))
    alone = choose_head(train, validation, 4, refit=False)
    both = choose_head(train, validation, 4, refit=True)
    assert both.validation_accuracy == alone.validation_accuracy  # measured before the refit
    assert accuracy(both.head, test) > accuracy(alone.head, test)


def test_fit_head_is_choose_head_on_training_rows():
    train, validation = few_of_many_features(300, 0), few_of_many_features(300, 1)
    head = fit_head(
        train.features,
        train.labels,
        validation=(validation.features, validation.labels),
        n_classes=4,
    )
    chosen = choose_head(train, validation, 4, refit=False).head
    np.testing.assert_array_equal(head.kernel, chosen.kernel)


def test_probabilities_are_calibrated_on_validation_rows():
    train, validation, test = (few_of_many_features(n, s) for s, n in enumerate((300, 900, 5_000)))
    head = choose_head(train, validation, 4, refit=False).head
    shares = probabilities(head, test.features)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    right = shares.argmax(axis=1) == test.labels
    assert shares.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.03)


def test_fit_temperature_finds_the_one_that_was_applied():
    generator = np.random.default_rng(0)
    scores = 2 * generator.normal(size=(20_000, 5)).astype(np.float32)
    noise = generator.gumbel(size=scores.shape)  # labels drawn from the softmax of the scores
    labels = (scores + noise).argmax(axis=1)
    assert fit_temperature(scores * 3, labels) == pytest.approx(3, rel=0.05)
    assert mean_loss(scores * 3, labels, temperature=3) < mean_loss(scores * 3, labels)


def test_fit_temperature_is_one_without_a_mistake():
    assert fit_temperature(np.eye(3, dtype=np.float32), np.arange(3)) == 1


def test_stratified_rows_keep_shares_and_rare_classes():
    labels = np.repeat([0, 1, 2], [900, 99, 1])
    rows = stratified_rows(labels, 100, seed=0)
    np.testing.assert_array_equal(np.bincount(labels[rows]), [90, 10, 1])
    np.testing.assert_array_equal(rows, np.unique(rows))
    np.testing.assert_array_equal(rows, stratified_rows(labels, 100, seed=0))
    assert not np.array_equal(rows, stratified_rows(labels, 100, seed=1))


def test_stratified_rows_are_all_rows_where_there_are_no_more():
    np.testing.assert_array_equal(stratified_rows(np.zeros(3, np.int64), 5, seed=0), [0, 1, 2])


def test_where_no_penalty_makes_a_mistake_the_strongest_is_taken():
    generator = np.random.default_rng(0)
    labels = np.arange(90) % 3
    features = generator.normal(size=(90, 8)).astype(np.float32)
    features[np.arange(90), labels] += 50
    train, held_out = (
        Examples(features=features[rows], labels=labels[rows])
        for rows in (slice(0, 60), slice(60, 90))
    )
    choice = choose_head(train, held_out, 3, refit=False)
    assert choice.validation_accuracy == 1.0
    strongest_right = next(point for point in choice.path if point.accuracy == 1)
    assert choice.head.l2 == strongest_right.l2
