import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.errors import InvalidArgumentError, WeightsUnavailableError
from regraft.planning import run
from regraft.planning.limits import Limits
from regraft.planning.run import Space, _passes, with_taps

NAMES = ("efficientnet_lite0", "vgg16")


def without_vgg16(row):
    if row.name == "vgg16":
        raise WeightsUnavailableError("expected the weights of vgg16; received another file")
    return "weights"


def passes(space, *, limits=None, note=print):
    return _passes(space, 28, without_vgg16, limits or Limits(), 10, note)


def test_a_backbone_whose_weights_cannot_be_used_is_left_out(monkeypatch):
    monkeypatch.setattr(run, "backbones_at_hand", lambda: NAMES)
    notes = []
    found = passes(Space(), note=notes.append)
    assert {readings.row.name for readings, _ in found} == {"efficientnet_lite0"}
    assert notes == ["vgg16 is left out: expected the weights of vgg16; received another file"]


def test_a_backbone_that_was_named_is_not():
    with pytest.raises(WeightsUnavailableError):
        passes(Space(backbones=NAMES))


def test_what_is_named_is_all_that_is_tried():
    space = Space(backbones=NAMES[:1], sizes=(16, 64), taps=("top_relu",), grids=(1, 2))
    ((readings, requests),) = passes(space)  # 16 px are too few for it
    assert readings.size == 64
    assert list(requests) == [("top_relu", 1), ("top_relu", 2)]


def test_nothing_to_try_is_an_error():
    with pytest.raises(InvalidArgumentError, match="a plan to try; received none"):
        passes(Space(backbones=NAMES[:1], sizes=(32,), grids=(30,)))


def test_the_network_is_counted_as_far_as_it_is_read():
    row = get("efficientnet_lite0")
    taps = [run.single(row, 32, (tap.name, 1)) for tap in row.taps]
    sizes = [run.Limits.admits(Limits(megabytes=1.0), choice, 10) for choice in taps]
    assert sizes[0]
    assert not sizes[-1]
    assert sizes == sorted(sizes, reverse=True)
    assert np.all([Limits().admits(choice, 10) for choice in taps])


def test_taps_leave_the_backbones_that_have_them():
    names = ("efficientnet_lite0", "vgg16")
    assert with_taps(names, ("block3_pool",)) == ("vgg16",)
    assert with_taps(names, ()) == names
    assert with_taps(names, ("nonsense",)) == names  # the first of them will say what it has
