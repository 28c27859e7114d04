import pytest

from regraft.deadline import Deadline, OutOfTime


def test_it_runs_out():
    now = iter([0.0, 4.0, 6.0, 10.0, 10.5])
    deadline = Deadline(10.0, now=lambda: next(now))
    assert deadline.left() == 6.0
    deadline.check()
    with pytest.raises(OutOfTime):
        deadline.check()
    assert deadline.left() == -0.5


def test_a_share_of_what_is_left():
    clock = [0.0]
    deadline = Deadline(10.0, now=lambda: clock[0])
    clock[0] = 4.0
    earlier = deadline.after(0.5)
    assert earlier.left() == 3.0
    clock[0] = 20.0
    assert deadline.after(0.5).left() == 0.0
