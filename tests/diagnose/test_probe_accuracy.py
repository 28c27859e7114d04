import numpy as np
import pytest

from regraft.diagnose.probe.accuracy import (
    against_the_rest,
    balanced,
    best_renaming,
    meeting,
    on_others,
)
from regraft.diagnose.probe.labels import counts, total_variation

LABELS = np.repeat(np.arange(5), 20)


def test_right_names_stay():
    assert best_renaming(LABELS, LABELS) == (1.0, ())


def test_a_renaming_is_found_exactly():
    renaming = np.array([3, 0, 4, 1, 2])  # true class of each predicted one
    predicted = np.argsort(renaming)[LABELS]
    accuracy, found = best_renaming(predicted, LABELS)
    assert accuracy == 1
    assert found == tuple(renaming)


def test_a_renaming_of_noisy_predictions():
    rng = np.random.default_rng(0)
    predicted = (LABELS + 1) % 5
    predicted[rng.choice(100, 20, replace=False)] = 0
    accuracy, found = best_renaming(predicted, LABELS)
    assert accuracy == pytest.approx(np.mean(np.array(found)[predicted] == LABELS))
    assert accuracy > 0.8


def test_one_class_for_all_gains_nothing_from_a_name():
    accuracy, found = best_renaming(np.zeros(100, int), LABELS)
    assert (accuracy, found) == (0.2, ())


@pytest.mark.parametrize("labels", [np.zeros(0), np.array([-1, 0])], ids=["none", "negative"])
def test_labels_without_a_table(labels):
    accuracy, found = best_renaming(labels, labels)
    assert np.isnan(accuracy)
    assert found == ()


def test_balanced_accuracy_counts_every_class_alike():
    labels = np.repeat([0, 1], [90, 10])
    assert balanced(np.zeros(100, int), labels) == 0.5
    assert balanced(labels, labels) == 1
    assert np.isnan(balanced(labels[:0], labels[:0]))


def test_answers_meet_labels_by_chance_as_often_as_shares_allow():
    assert meeting(LABELS, LABELS) == pytest.approx(0.2)
    assert meeting(np.zeros(100, int), LABELS) == pytest.approx(0.2)
    assert meeting(np.zeros(100, int), np.zeros(100, int)) == 1


def test_shares_of_answers_differ_from_those_of_labels():
    def variation(answers, labels):
        return total_variation(counts(answers), counts(labels))

    assert variation(np.roll(LABELS, 7), LABELS) == 0
    assert variation(np.zeros(100, int), LABELS) == pytest.approx(0.8)


def test_each_class_against_the_rest_is_high_whatever_is_answered():
    answers = np.roll(LABELS, 20)  # all wrong
    by_hand = np.mean([np.mean((answers == c) == (c == LABELS)) for c in range(5)])
    assert against_the_rest(answers, LABELS) == pytest.approx(by_hand) == pytest.approx(0.6)


def test_accuracy_on_some_rows_keeps_the_class_mix():
    right = LABELS < 2  # two classes are easy, three never told
    easy_ones = (LABELS >= 2) | (np.arange(100) % 20 < 5)
    assert np.mean(right[easy_ones]) == pytest.approx(1 / 7)
    assert on_others(right, LABELS, easy_ones) == pytest.approx(0.4)


def test_accuracy_on_rows_that_are_told_less_well():
    known_by_heart = np.arange(100) % 2 == 0
    right = known_by_heart | (np.arange(100) % 4 == 1)
    assert np.mean(right) == 0.75
    assert on_others(right, LABELS, ~known_by_heart) == pytest.approx(0.5)
    assert on_others(right, LABELS, LABELS < 0) == 0.75  # no class has any: all of each
