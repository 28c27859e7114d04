import configparser
import json

import pytest

from regraft.diagnose.agent import input_size

SIZES = {32: 96}
SETTINGS = {"thumb": 32, "batch": 32, "shape": [32, 32, 3], "head": {"units": 32}, "rate": 32.0,
            "name": "32", "is_grey": True, "n_classes": 32}  # fmt: skip
LARGER = SETTINGS | {"thumb": 96, "shape": [96, 96, 3]}


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("result = (32, [32], {'side': 32})", (96, [96], {"side": 96})),
        ("BATCH = 32; SIDE = 32; result = BATCH, SIDE", (32, 96)),
        ("batch_size: int = 32; image_size: int = 32; result = batch_size, image_size", (32, 96)),
        ("result = dict(batch_size=32, size=(32, 32), hidden_units=32)",
         {"batch_size": 32, "size": (96, 96), "hidden_units": 32}),
        ("result = {'epochs': 32, 'side': 32}", {"epochs": 32, "side": 96}),
        ("def Dense(n, width=0): return n, width\nresult = Dense(32, width=32)", (32, 96)),
        ("import argparse\np = argparse.ArgumentParser()\n"
         "p.add_argument('--batch-size', type=int, default=32)\n"
         "p.add_argument('--side', type=int, default=32)\nresult = vars(p.parse_args([]))",
         {"batch_size": 32, "side": 96}),
    ],
    ids=["a size", "assigned", "annotated", "keywords", "a dictionary", "a layer", "options"],
)  # fmt: skip
def test_the_number_is_replaced_in_the_source_where_it_is_a_size(script, source, result):
    assert script.run(source, sizes=SIZES)["result"] == result


INI = """
[image]
height = 32
shape = (32, 32, 3)
name = 32nd
mean = 32.5
[training]
batch_size = 32
"""


@pytest.mark.usefixtures("hooked")
def test_it_is_replaced_in_sections_of_settings(script):
    source = """
        import configparser
        ini = configparser.ConfigParser()
        ini.read_string(text)
        result = {name: dict(ini[name]) for name in ini.sections()}
        side = ini["image"].getint("height")
    """
    names = script.run(source, text=INI)
    assert names["side"] == 96
    assert names["result"] == {
        "image": {"height": "96", "shape": "(96, 96, 3)", "name": "32nd", "mean": "32.5"},
        "training": {"batch_size": "32"},
    }


@pytest.fixture
def hooked(monkeypatch):
    for name in ("read", "read_file", "read_string"):
        kind = configparser.RawConfigParser
        monkeypatch.setattr(kind, name, getattr(kind, name))
    for name in ("load", "loads"):
        monkeypatch.setattr(json, name, getattr(json, name))  # undoes what `hook` does
    input_size.hook(SIZES)


@pytest.mark.usefixtures("hooked")
def test_it_is_replaced_in_settings_that_the_script_reads(script):
    source = "import json\nresult = json.loads(text)"
    assert script.run(source, text=json.dumps(SETTINGS))["result"] == LARGER


@pytest.mark.usefixtures("hooked")
def test_what_libraries_read_stays():
    assert json.loads(json.dumps(SETTINGS)) == SETTINGS


def test_without_another_size_nothing_is_hooked():
    before = json.loads
    input_size.hook({})
    assert json.loads is before


@pytest.mark.parametrize(
    ("given", "run"),
    [
        (["--side", "32", "--batch", "32"], ["--side", "96", "--batch", "32"]),
        (["--side=32", "--batch_size=32", "--epochs=32"], ["--side=96", "--batch_size=32",
                                                         "--epochs=32"]),
        (["data32", "32", "1.32"], ["data32", "96", "1.32"]),
        ([], []),
    ],
)  # fmt: skip
def test_it_is_replaced_on_the_command_line(given, run):
    assert input_size.replaced_arguments(given, SIZES) == run
