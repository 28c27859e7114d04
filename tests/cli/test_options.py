import pytest

from regraft.cli.options import (
    names_or_auto,
    seconds,
    whole_number_or_auto,
    whole_numbers_or_auto,
)
from regraft.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("90", 90, id="bare"),
        pytest.param("90s", 90, id="seconds"),
        pytest.param("5m", 300, id="minutes"),
        pytest.param("1.5H", 5400, id="hours"),
    ],
)
def test_seconds(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "m", "0", "-5m", "5 minutes", "inf", "nan", "1e3"])
def test_no_duration(text):
    with pytest.raises(InvalidArgumentError, match="duration"):
        seconds(text)


def test_lists():
    assert names_or_auto("a, b") == ("a", "b")
    assert names_or_auto("auto") == "auto"
    assert whole_numbers_or_auto("2,3", "--grid") == (2, 3)
    assert whole_numbers_or_auto("auto", "--grid") == "auto"
    assert whole_number_or_auto("auto", "--size") == "auto"


@pytest.mark.parametrize("text", ["", "big", "3.5", "-1", "9" * 10])
def test_no_whole_number(text):
    with pytest.raises(InvalidArgumentError, match="--size"):
        whole_number_or_auto(text, "--size")
