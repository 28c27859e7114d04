import pytest
from builders import ask, backbone, call, ledger, pixels, training, verdict

from regraft.diagnose.causes.size import map_shrinks_to_one_cell, read_small_then_enlarged


def net(size, cells=1):
    return backbone(input_height=size, input_width=size, last_map=(cells, cells))


def drawn(source):
    return pixels(source_height=source, source_width=source)


@pytest.mark.parametrize(
    ("size", "source", "larger"),
    [(32, 0, 64), (57, 300, 114)],
    ids=["no-larger-than-the-stride", "made-small-by-the-script"],
)
def test_siz001_found(size, source, larger):
    finding = ask(map_shrinks_to_one_cell, backbone=net(size), pixels=drawn(source))
    assert finding.repairs[0].parameters == {"size": larger}


@pytest.mark.parametrize(
    ("given", "source"),
    [(net(64, 2), 300), (net(48), 48)],
    ids=["two-by-two", "pictures-are-no-larger"],
)
def test_siz001_clear(given, source):
    assert verdict(map_shrinks_to_one_cell, backbone=given, pixels=drawn(source)) == "clear"


def test_siz001_unknown():
    assert verdict(map_shrinks_to_one_cell, backbone=net(48), pixels=drawn(0)) == "unknown"


@pytest.mark.parametrize(
    ("n_trainable", "facts", "is_forecast"),
    [
        (13, {"sampled": True, "planned_updates": 9_000}, True),
        (13, {}, False),
        (0, {"sampled": True, "planned_updates": 9_000}, False),
    ],
    ids=["learns-in-a-sample", "learns", "frozen"],
)
def test_a_network_that_learns_itself_may_do_with_one_cell(n_trainable, facts, is_forecast):
    given = backbone("vgg16", "caffe", n_batchnorm=0, input_height=32, input_width=32,
                     last_map=(1, 1), n_trainable_layers=n_trainable)  # fmt: skip
    finding = ask(map_shrinks_to_one_cell, backbone=given, pixels=drawn(28),
                  training=training(**facts))  # fmt: skip
    assert finding.evidence["is_forecast"] == is_forecast


def reading(side, source, what="image_dataset_from_directory"):
    sizes = [[source, source + 20]] * 5 if source else []
    return ledger(call(what, line=4, image_size=[side, side], picture_sizes=sizes))


@pytest.mark.parametrize("what", ["image_dataset_from_directory", "flow_from_directory"])
def test_siz002_found(what):
    finding = ask(read_small_then_enlarged, backbone=net(128, 4), ledger=reading(32, 300, what))
    assert finding.repairs[0].parameters == {"size": 128, "side": 32}
    assert finding.where[0].line == 4


@pytest.mark.parametrize(
    ("size", "read"),
    [(128, reading(128, 300)), (128, reading(96, 300)), (224, reading(32, 32)), (128, ledger())],
    ids=["as-read", "a-little", "files-hold-no-more", "nothing-read"],
)
def test_siz002_clear(size, read):
    assert verdict(read_small_then_enlarged, backbone=net(size, 4), ledger=read) == "clear"


def test_siz002_unknown():
    given = reading(32, 0)
    assert verdict(read_small_then_enlarged, backbone=net(128, 4), ledger=given) == "unknown"
