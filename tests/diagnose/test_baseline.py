"""What the unrepaired run settles: how large the input is, how long a training may take."""

import pytest

from regraft.diagnose.baseline import (
    FEWER,
    MIN_INPUT,
    SCARCE_SHARE,
    USEFUL_ROWS,
    run_unrepaired,
)
from regraft.diagnose.replays import Replay


class Slow:
    """A script whose training takes so many seconds a picture, at first."""

    predicts_whole = False

    def __init__(self, side: int, seconds_per_row: float) -> None:
        self._asks = {"input_size": side, "seconds_per_row": seconds_per_row}
        self.runs: list[dict] = []

    def run(self, **how):
        self.runs.append(how)
        asks = how.get("may_shrink", False)
        return Replay(
            status="too slow" if asks else "done", seconds=1.0, peak_bytes=0,
            record={"scores": [{"by": "fit"}], **(self._asks if asks else {})},
            arrays={}, output="",
        )  # fmt: skip


def test_large_pictures_become_smaller():
    replayer = Slow(224, 0.5)
    baseline = run_unrepaired(replayer, 180.0, lambda _: None)
    assert baseline.replay.status == "done"
    assert baseline.sizes == {224: MIN_INPUT}
    assert baseline.fit_seconds == 9.0


@pytest.mark.parametrize("side", [0, 32, MIN_INPUT], ids=["no pictures", "32", "the least"])
def test_small_ones_stay_and_fewer_of_them_train_for_longer(side):
    replayer = Slow(side, 0.2)
    baseline = run_unrepaired(replayer, 180.0, lambda _: None)
    assert baseline.replay.status == "done"
    assert not baseline.sizes
    assert baseline.fit_seconds == pytest.approx(SCARCE_SHARE * 180.0)
    assert replayer.runs[-1]["fit_seconds"] == baseline.fit_seconds  # and not without end


def test_no_longer_than_it_needs():
    baseline = run_unrepaired(Slow(32, 0.02), 180.0, lambda _: None)
    assert baseline.fit_seconds == pytest.approx(0.02 * USEFUL_ROWS)


class Many(Slow):
    """A script with so many trainings that they take all their time together."""

    def run(self, **how):
        self.runs.append(how)
        status = "too many" if how.get("all_fits_seconds") else "done"
        return Replay(status=status, seconds=1.0, peak_bytes=0,
                      record={"scores": [{"by": "fit"}]}, arrays={}, output="")  # fmt: skip


def test_each_of_many_trainings_gets_less_time():
    replayer = Many(32, 0.0)
    baseline = run_unrepaired(replayer, 180.0, lambda _: None)
    assert baseline.replay.status == "done"
    assert baseline.fit_seconds == pytest.approx(9.0 / FEWER)
    assert [run["fit_seconds"] for run in replayer.runs] == [9.0, baseline.fit_seconds]


class OwnSizeOnly(Slow):
    """A network that cannot be built for smaller pictures."""

    def run(self, **how):
        if how.get("sizes"):
            self.runs.append(how)
            return Replay(status="failed", seconds=1.0, peak_bytes=0, record={}, arrays={},
                          output="")  # fmt: skip
        return super().run(**how)


def test_where_no_smaller_pictures_will_do_few_are_trained_on():
    replayer = OwnSizeOnly(224, 0.5)
    baseline = run_unrepaired(replayer, 180.0, lambda _: None)
    assert baseline.replay.status == "done"
    assert not baseline.sizes
    assert baseline.fit_seconds == pytest.approx(SCARCE_SHARE * 180.0)
    assert [bool(run.get("sizes")) for run in replayer.runs] == [False, True, False]
