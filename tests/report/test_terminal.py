import re

import numpy as np

from regraft.evaluate.scores import full_scores, short_scores
from regraft.report.terminal import columns, evaluate_lines, fit_lines, picture_lines

NAMES = ("cat", "dog\x1b[31m")


def scores():
    answers = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]], np.float32)
    return answers, np.array([0, 1, 1, 0])


def fit_view(**changes):
    metrics = {
        "test": full_scores(*scores()),
        "validation": short_scores(*scores()),
        "floors": {"majority_class": 0.5},
    }
    view = {
        "test_accuracy": 0.75,
        "val_accuracy": 0.75,
        "floors": metrics["floors"],
        "plan": {
            "backbone": "vgg16",
            "size": 32,
            "taps": ["a", "b"],
            "grids": [1, 2],
            "mode": "head",
            "runtime": "tensorflow",
            "precision": "float32",
            "weights": "mirror",
        },
        "seconds": {"extract": 2.0, "total": 3.0},
        "images_per_second": 1234.5,
        "peak_memory_bytes": 2 * 10**9,
        "artefact": "runs/x-1",
        "left_out": [],
    }
    return view | changes, metrics


def test_fit_lines_show_what_matters():
    text = fit_lines(*fit_view(), NAMES, is_from_cache=False)
    for fact in (
        "0.7500  [0.3006, 0.9544]  on 4 pictures",
        "floor: majority class",
        "a 1x1 + b 2x2",
        "3.0 s (extract 2.0)",
        "1,234",
        "2.00 GB",
        "runs/x-1",
    ):
        assert fact in text
    assert "A floor is as good" not in text


def test_fine_tuning_is_shown_beside_the_head():
    report = {
        "frozen_val_accuracy": 0.75, "tuned_val_accuracy": 0.7, "chosen": "head", "steps": 1200,
        "epochs": 2.5, "parameters_trained": 1000, "images_per_second": 99.6, "ended": "finished",
    }  # fmt: skip
    text = fit_lines(*fit_view(finetune=report), NAMES, is_from_cache=False)
    assert "validation 0.7500 as a frozen head, 0.7000 tuned; the head is kept" in text
    assert "1,200 steps, 2.5 epochs, 1,000 parameters, 100 pictures a second; finished" in text


def test_two_heads_are_said():
    text = fit_lines(*fit_view(hidden_units=512), NAMES, is_from_cache=False)
    assert "the mean of a linear one and one of 512 hidden units" in text
    text = fit_lines(*fit_view(hidden_units=512, hidden_share=1.0), NAMES, is_from_cache=False)
    assert "one of 512 hidden units" in text
    assert "linear one" not in text
    assert "hidden" not in fit_lines(*fit_view(), NAMES, is_from_cache=False)


def test_the_plans_that_were_beaten_are_said():
    plans = [
        {"backbone": name, "size": 32, "val_accuracy": accuracy, "n": 4096}
        for name, accuracy in [("vgg16", 0.98), ("mobilenet_v2", 0.97)]
    ]
    search = {"n_plans": 120, "plans": plans}
    text = fit_lines(*fit_view(search=search), NAMES, is_from_cache=False)
    assert "120 plans; chosen: vgg16 32 px 0.980 on 4,096" in text
    assert re.search(r"beaten +mobilenet_v2 32 px 0.970 on 4,096", text)
    search["plans"] = plans[:1]
    assert "beaten" not in fit_lines(*fit_view(search=search), NAMES, is_from_cache=False)


def test_a_floor_that_wins_is_said():
    assert "A floor is as good: nearest neighbour" in fit_lines(
        *fit_view(floors={"majority_class": 0.5, "nearest_neighbour": 0.8}),
        NAMES,
        is_from_cache=False,
    )


def test_the_speed_of_the_cache_is_not_that_of_the_backbone():
    text = fit_lines(*fit_view(), NAMES, is_from_cache=True)
    assert "all in the cache" in text
    assert "1,234" not in text


def test_unknown_memory_is_left_out():
    assert "peak memory" not in fit_lines(
        *fit_view(peak_memory_bytes=None), NAMES, is_from_cache=False
    )


def test_class_names_cannot_steer_the_terminal():
    text = evaluate_lines(
        {"class_names": NAMES, "pictures": "all", "left_out": [], **full_scores(*scores())}
    )
    assert "\x1b" not in text
    assert "taken for cat (1)" in text


def test_columns_line_up():
    assert columns([("a", "b"), ("long", "c")]) == "a     b\nlong  c"
    assert columns([]) == ""


def test_pictures_are_drawn_beside_one_another():
    half = np.zeros((8, 8, 1), np.uint8)
    half[:, 4:] = 255
    text = picture_lines([half, 255 - half], ["left", "right"], width=8)
    first, *_, last = text.splitlines()
    assert first.count("@") >= 4
    assert first.lstrip() != first
    assert last.split() == ["left", "right"]


def test_colour_is_drawn_by_its_brightness():
    white = np.full((4, 4, 3), 255, np.uint8)
    assert picture_lines([white], [""], width=4).splitlines()[0] == "@@@@"
