"""A script that cannot bear rows that a sampled `predict` left out is run with all of them."""

import pytest

from regraft.diagnose.baseline import _stumbled_over_a_sample, run_unrepaired
from regraft.diagnose.replays import Replay


def replay(status, *, predicted, scores):
    record = {"facts": {"predicted": predicted}, "scores": scores}
    return Replay(status=status, seconds=1, peak_bytes=0, record=record, arrays={}, output="")


class Replayer:
    """Fails on what was not computed, as scikit-learn does on NaN."""

    predicts_whole = False

    def run(self, **how):
        if self.predicts_whole:
            return replay("done", predicted={}, scores=[{"by": "sklearn"}])
        return replay("failed", predicted={"900": 300}, scores=[])


def test_it_is_run_again():
    replayer = Replayer()
    baseline = run_unrepaired(replayer, 180.0, lambda _: None)
    assert baseline.replay.status == "done"
    assert replayer.predicts_whole  # by all later replays as well


@pytest.mark.parametrize("loss", [None, float("nan")])
def test_so_is_one_whose_training_was_given_no_values(loss):
    given = replay("done", predicted={"900": 300}, scores=[{"by": "fit"}])
    given.record["fits"] = [{"losses": [loss, loss]}]
    assert _stumbled_over_a_sample(given)
    given.record["fits"] = [{"losses": [2.3, loss]}]  # diverged by itself
    assert not _stumbled_over_a_sample(given)
    given.record["fits"] = [{"unreadable": True}]  # no row was left
    assert _stumbled_over_a_sample(given)


@pytest.mark.parametrize("fits", [[], [{"losses": [2.3]}]], ids=["by-hand", "trained"])
def test_so_is_a_classifier_made_by_hand_that_calls_all_by_one_name(fits):
    given = replay("done", predicted={"900": 300}, scores=[{"by": "sklearn", "is_aside": True}])
    given.record["fits"] = fits
    assert _stumbled_over_a_sample(given) == (not fits)


@pytest.mark.parametrize(
    ("status", "predicted", "scores"),
    [("done", {"900": 300}, [{"by": "fit"}]), ("failed", {}, [])],
    ids=["borne", "its own error"],
)
def test_it_is_not(status, predicted, scores):
    assert not _stumbled_over_a_sample(replay(status, predicted=predicted, scores=scores))
