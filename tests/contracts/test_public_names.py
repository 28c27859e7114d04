"""The public names exist, say what they do, and are found by tools."""

import inspect

import pytest

import regraft

CALLABLES = [name for name in regraft.__all__ if not name.startswith("__")]


@pytest.mark.parametrize("name", CALLABLES)
def test_public_name_has_a_docstring(name):
    assert inspect.getdoc(getattr(regraft, name))


def test_dir_shows_every_public_name():
    assert set(regraft.__all__) <= set(dir(regraft))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = regraft.fitt
