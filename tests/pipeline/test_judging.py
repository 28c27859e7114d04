import numpy as np
import pytest

from regraft.pipeline.judging import DIVERGED, judge

LABELS = np.arange(60) % 3


def answers(*, sure, wrong=0):
    logits = sure * np.eye(3, dtype=np.float32)[LABELS]
    logits[:wrong] = np.roll(logits[:wrong], 1, axis=1)
    return logits


def test_accuracy_and_loss():
    accuracy, loss = judge(answers(sure=2.0, wrong=6), LABELS)
    assert accuracy == pytest.approx(0.9)
    assert 0.2 < loss < 1.0


def test_a_state_without_a_mistake_is_ahead_of_one_with_a_mistake():
    _, none = judge(answers(sure=0.5), LABELS)
    _, one = judge(answers(sure=9.0, wrong=1), LABELS)
    assert none < one


def test_of_states_without_a_mistake_the_larger_margin_is_ahead():
    assert judge(answers(sure=0.2), LABELS)[1] < judge(answers(sure=0.1), LABELS)[1]


def test_answers_that_are_no_numbers_are_behind_all_others():
    diverged = np.full((60, 3), np.nan, np.float32)
    assert judge(diverged, LABELS) == (0.0, DIVERGED)
