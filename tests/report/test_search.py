import copy

import pytest

from regraft.report.front_plot import front_png
from regraft.report.search_terminal import fit_command, search_lines


def candidate(backbone, tap, grid, accuracy, speed, rung=2):
    return {
        "backbone": backbone, "size": 64, "tap": tap, "grid": grid, "val_accuracy": accuracy,
        "interval": [accuracy - 0.01, accuracy + 0.01], "n": 2000, "images_per_second": speed,
        "latency_ms": 3.5 if rung == 2 else None, "seconds_spent": 1.0, "rung": rung,
    }  # fmt: skip


@pytest.fixture
def view():
    return {
        "schema": 1,
        "candidates": [
            candidate("vgg16", "block3_pool+block4_pool", "4+2", 0.95, 100),
            candidate("mobilenet_v2", "block_5_add", 4, 0.94, 900),
            *[candidate("mobilenet_v2", "out_relu", 1, 0.8, 500, rung=0) for _ in range(20)],
        ],
        "chosen": 0,
        "front": [1, 0],
        "floors": {"majority_class": 0.1, "nearest_neighbour": 0.8},
        "winning_floor": None,
        "skipped": [{"backbone": "vgg16", "size": 96, "because": "no time"}],
        "seconds": 12.3,
        "left_out": [],
    }


def test_the_table_marks_the_choice_and_the_front(view):
    lines = search_lines(view, data="my data").splitlines()
    assert lines[1].startswith("*  vgg16")
    assert lines[2].startswith("o  mobilenet_v2")
    assert "10 more plans" in "".join(lines)
    assert "not tried: vgg16 at 96 px: no time" in lines
    assert lines[-1].startswith("regraft fit 'my data' --backbone vgg16")


def test_two_taps_become_flags_with_commas(view):
    command = fit_command(view["candidates"][0], "d")
    assert command.endswith("--tap block3_pool,block4_pool --grid 4,2")


def test_a_floor_that_wins_is_said(view):
    view = copy.deepcopy(view) | {"winning_floor": "nearest_neighbour"}
    assert "A floor is as good: nearest neighbour" in search_lines(view, data="d")


def test_the_drawing_is_a_png_and_always_the_same(view):
    assert front_png(view).startswith(b"\x89PNG")
    assert front_png(view) == front_png(view)
