import numpy as np
import pytest

from regraft.features.runtimes.probe import times_as_fast

BATCH = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("reference", "other", "expected"),
    [
        pytest.param([4.0] * 15, [2.0] * 15, 2.0, id="twice"),
        pytest.param([4.0] * 15, [5.0] * 15, 0.8, id="slower"),
        pytest.param([9.0, 4.0] + [9.0] * 13, [8.0] * 14 + [2.0], 2.0, id="least-of-each"),
    ],
)
def test_the_least_seconds_of_each_count(reference, other, expected):
    clock = [0.0]

    def takes(durations):
        left = iter(durations)

        def run(batch):
            assert batch is BATCH
            clock[0] += next(left)
            return []

        return run

    ratio = times_as_fast(takes(reference), takes(other), BATCH, now=lambda: clock[0])
    assert ratio == pytest.approx(expected)


def test_they_run_in_turn():
    order = []
    times_as_fast(lambda _: order.append("a"), lambda _: order.append("b"), BATCH)
    assert order[:4] == ["a", "b", "a", "b"]
    assert order.count("a") == order.count("b")
