import pytest

from regraft.evaluate.cost import Clock, peak_memory_bytes


def test_stages_add_up_to_no_more_than_the_total():
    clock = Clock()
    for name in ("a", "b"):
        with clock.stage(name):
            sum(range(1000))
    seconds = clock.seconds()
    assert list(seconds) == ["a", "b", "total"]
    assert seconds["a"] + seconds["b"] <= seconds["total"] + 0.002


def test_peak_memory_is_that_of_a_python_process():
    pytest.importorskip("resource")
    assert 10**7 < peak_memory_bytes() < 10**12
