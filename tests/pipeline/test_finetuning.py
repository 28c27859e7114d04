"""`fit` with fine-tuning, on small pictures that a frozen head cannot tell apart entirely."""

import contextlib
import json
import os
import signal
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import regraft
from regraft.errors import DataError, DiskSpaceError, InvalidArgumentError, MissingFileError
from regraft.pipeline import finetuning, fit, fitting, preparing, resume
from regraft.pipeline.running import Run
from regraft.records import Split

FAST = {"size": 32, "tap": "block2a_project_bn", "grid": 1, "runtime": "tensorflow"}
TUNED = FAST | {"mode": "finetune", "epochs": 2}


class Listener:
    """Remembers what it is told, and acts when a stage begins."""

    def __init__(self, **when):
        self.notes, self.stages, self.when = [], [], when

    def note(self, text):
        self.notes.append(text)

    def advance(self, stage, done, total):
        self.stages.append(stage)
        act = self.when.pop(f"{stage}_{done}", None)
        if act is not None:
            act()


def arrays(n=80, seed=0):
    """Noise in which one class is a little brighter: nobody is always right about it."""
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = generator.integers(0, 200, (n, 16, 16)) + (4 * y)[:, None, None]
    return x.astype(np.uint8), y


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "noise.npz"
    x, y = arrays()
    np.savez(path, x_train=x, y_train=y)
    return path


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run that nothing interrupted."""
    return fit(data, out=tmp_path_factory.mktemp("runs") / "whole", **TUNED)


def weights(run):
    return (run / "weights.safetensors").read_bytes()


@pytest.mark.slow
def test_the_result_says_what_it_is(whole):
    view = json.loads(json.dumps(whole.as_json(), allow_nan=False))
    report = view["finetune"]
    assert view["plan"]["mode"] == report["chosen"]
    assert report["epochs"] == 2
    assert report["trial"][0]["name"] == "frozen"
    assert {"variation", "cost", "noise", "pictures", "used"} == set(report["variations"][0])
    assert not whole.is_stopped
    assert sorted(path.name for path in whole.artefact.iterdir()) == [
        "README.md", "labels.json", "manifest.json", "metrics.json", "recipe.json",
        "weights.safetensors",
    ]  # fmt: skip


@pytest.mark.slow
def test_it_is_never_below_the_head_on_validation(whole):
    report = whole.classifier.metrics["finetune"]
    chosen = whole.classifier.metrics["validation"]["accuracy"]
    assert chosen == max(report["frozen_val_accuracy"], report["tuned_val_accuracy"])


@pytest.mark.slow
def test_it_answers_the_same_after_loading(whole):
    x, _ = arrays(n=20, seed=3)
    answer = whole.classifier.predict(list(x)).probabilities
    again = regraft.load(whole.artefact).predict(list(x)).probabilities
    assert answer.tobytes() == again.tobytes()


@pytest.mark.slow
def test_evaluating_gives_the_accuracy_of_the_fit(whole, data):
    scored = regraft.pipeline.evaluate(whole.artefact, data)
    assert scored.scores["accuracy"] == whole.test_accuracy


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_stopped_run_keeps_the_best_and_goes_on_to_the_same_weights(data, whole, tmp_path, stop):
    def raise_signal():
        os.kill(os.getpid(), stop)

    out = tmp_path / "stopped"
    before = signal.getsignal(stop)
    result = fit(data, out=out, progress=Listener(finetune_3=raise_signal), **TUNED)
    assert signal.getsignal(stop) is before
    assert result.is_stopped
    assert result.as_json()["stopped"]
    assert result.classifier.metrics["finetune"]["steps"] == 3
    assert regraft.load(out).predict(list(arrays(n=2)[0])).names
    again = resume(out)
    assert not again.is_stopped
    assert again.artefact == out
    assert weights(out) == weights(whole.artefact)
    assert not (out / "checkpoint").exists()


@pytest.mark.slow
def test_killed_before_its_plan_it_starts_again(data, whole, tmp_path):
    def kill():
        raise KeyboardInterrupt

    out = tmp_path / "early"
    with pytest.raises(KeyboardInterrupt):
        fit(data, out=out, progress=Listener(trial_2=kill), **TUNED)
    assert [path.name for path in out.iterdir()] == ["checkpoint"]
    resume(out)
    assert weights(out) == weights(whole.artefact)


@pytest.mark.slow
def test_a_disk_that_fills_is_named_and_the_run_goes_on_once_there_is_room(data, whole, small_disk):
    filler = small_disk / "filler"

    def fill():
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    out = small_disk / "run"
    with pytest.raises(DiskSpaceError, match="full disk"):
        fit(data, out=out, progress=Listener(finetune_1=fill), **TUNED)
    assert (out / "checkpoint" / "plan.json").is_file()
    filler.unlink()
    resume(out)
    assert weights(out) == weights(whole.artefact)


AUTO = TUNED | {"mode": "auto", "epochs": 10}


def kill():
    raise KeyboardInterrupt


@pytest.mark.slow
def test_what_auto_has_decided_is_gone_on_with_from_a_few_pictures(data, tmp_path, monkeypatch):
    monkeypatch.setattr("regraft.finetune.decide._pays", lambda _: True)
    judged, right_on = [], fitting._right_on_validation
    monkeypatch.setattr(
        fitting, "_right_on_validation", lambda *a: judged.append(right_on(*a)) or judged[-1]
    )
    out = tmp_path / "auto"
    with pytest.raises(KeyboardInterrupt):
        fit(data, out=out, progress=Listener(finetune_2=kill), **AUTO)
    monkeypatch.setattr(fitting, "_right_on_validation", lambda *_: None)  # as of too few pictures
    settle = finetuning.settle
    monkeypatch.setattr(finetuning, "settle", lambda *a: judged.append(a[3].right) or settle(*a))
    read = []
    some_of = preparing.some_of
    monkeypatch.setattr(
        preparing, "some_of", lambda *a, **named: read.append(1) or some_of(*a, **named)
    )
    listener = Listener()
    assert resume(out, progress=listener).artefact == out
    assert "finetune" in listener.stages
    assert read == [1]
    assert not judged[0].all()
    assert np.array_equal(*judged)  # the same is to be beaten


@pytest.mark.slow
@pytest.mark.parametrize("is_searched", [True, False])
def test_a_second_head_is_tried_after_an_interruption_as_without(
    data, tmp_path, monkeypatch, is_searched
):
    def searched(*arguments):
        return replace(prepare(*arguments), is_searched=is_searched)

    monkeypatch.setattr("regraft.finetune.decide._pays", lambda _: True)
    prepare, out, finished = fitting.prepare, tmp_path / "auto", []
    with monkeypatch.context() as patched:
        patched.setattr(fitting, "prepare", searched)
        with pytest.raises(KeyboardInterrupt):
            fit(data, out=out, progress=Listener(finetune_2=kill), **AUTO)
    finish = fitting.finish_head
    monkeypatch.setattr(finetuning, "settle", lambda *_: None)  # the head stays
    monkeypatch.setattr(
        fitting, "finish_head", lambda *a, **named: finished.append(a[0]) or finish(*a, **named)
    )
    resume(out)
    assert finished[0].ready.is_searched == is_searched


@pytest.mark.slow
def test_a_run_of_auto_that_turns_out_not_to_pay_ends_in_its_folder(data, tmp_path, monkeypatch):
    out = tmp_path / "auto"
    with monkeypatch.context() as patched:
        patched.setattr("regraft.finetune.decide._pays", lambda _: True)
        patched.setattr(finetuning.Checkpoint, "write_plan", lambda *_: kill())
        with pytest.raises(KeyboardInterrupt):
            fit(data, out=out, **AUTO)
    monkeypatch.setattr("regraft.finetune.decide._pays", lambda _: False)
    assert resume(out).artefact == out
    assert regraft.load(out).recipe.mode == "head"
    assert not (out / "checkpoint").exists()


@pytest.fixture
def unfinished(data, tmp_path):
    def kill():
        raise KeyboardInterrupt

    out = tmp_path / "unfinished"
    with pytest.raises(KeyboardInterrupt):
        fit(data, out=out, progress=Listener(finetune_2=kill), **TUNED)
    return out


@pytest.mark.slow
def test_changed_data_are_refused(unfinished, data):
    content = data.read_bytes()
    x, y = arrays(seed=5)
    np.savez(data, x_train=x, y_train=y)
    try:
        with pytest.raises(DataError, match="fingerprint"):
            resume(unfinished)
    finally:
        data.write_bytes(content)


@pytest.mark.slow
def test_contradicting_arguments_are_refused_and_equal_ones_are_not(unfinished, tmp_path):
    with pytest.raises(InvalidArgumentError, match="epochs 2, as the run in"):
        resume(unfinished, given={"epochs": 3})
    with pytest.raises(InvalidArgumentError, match="data"):
        resume(unfinished, data=tmp_path)
    listener = Listener()
    resume(unfinished, given={"epochs": 2, "tap": ("block2a_project_bn",)}, progress=listener)
    assert "Run:" not in listener.notes[0]


@pytest.mark.slow
def test_what_cannot_be_resumed_is_named(whole, tmp_path):
    with pytest.raises(MissingFileError, match="run the same"):
        resume(tmp_path / "none")
    with pytest.raises(InvalidArgumentError, match="it is finished"):
        resume(whole.artefact)


@pytest.mark.slow
def test_two_processes_do_not_work_on_one_run(unfinished):
    with Run.resume(unfinished).held(), pytest.raises(InvalidArgumentError, match="another proc"):
        resume(unfinished)


@pytest.mark.slow
def test_pictures_in_memory_are_asked_for_again(tmp_path):
    def kill():
        raise KeyboardInterrupt

    out = tmp_path / "memory"
    with pytest.raises(KeyboardInterrupt):
        fit(arrays(n=40), out=out, progress=Listener(trial_2=kill), **TUNED)
    with pytest.raises(InvalidArgumentError, match="data="):
        resume(out)
    assert resume(out, data=arrays(n=40)).artefact == out


def ends_with(monkeypatch, error, seen=None):
    """Has fine-tuning reserve its folder and end at once."""

    def fine_tune(frozen, work, run, reserve, observer):
        if seen is not None:
            seen.append(frozen.choice)
        run = run or reserve()
        (run.checkpoint / "plan.json").touch()  # from here on it can be resumed
        raise error

    monkeypatch.setattr(fitting, "fine_tune", fine_tune)


@pytest.mark.parametrize("mode", ["finetune", "auto"])
def test_an_error_gives_the_run_back(data, tmp_path, monkeypatch, mode):
    ends_with(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        fit(data, out=tmp_path / "run", mode=mode, **FAST)
    with Run.resume(tmp_path / "run").held():  # nobody works on it
        pass


@pytest.mark.parametrize("mode", ["finetune", "auto"])
def test_what_was_auto_may_be_said_again(data, tmp_path, monkeypatch, mode):
    def searched(*arguments):
        return replace(prepare(*arguments), is_searched=True)

    prepare, seen, out = fitting.prepare, [], tmp_path / "run"
    monkeypatch.setattr(fitting, "prepare", searched)
    ends_with(monkeypatch, KeyboardInterrupt(), seen)
    asked = FAST | {"size": "auto", "backbone": "efficientnet_lite0"}
    with pytest.raises(KeyboardInterrupt):
        fit(data, out=out, mode=mode, **asked)
    monkeypatch.setattr(fitting, "prepare", prepare)
    monkeypatch.setattr("regraft.pipeline.resuming.seconds_spent", lambda run: 0.0)
    for size in ("auto", seen[0].size):
        with pytest.raises(KeyboardInterrupt):
            resume(out, given={"size": size})
    assert seen[0] == seen[1] == seen[2]
    with pytest.raises(InvalidArgumentError, match="size auto, as the run"):
        resume(out, given={"size": seen[0].size + 1})


def test_a_run_goes_on_with_the_groups_it_began_with():
    images = SimpleNamespace(name="x", fingerprint=lambda: "f")
    split, other = (
        Split(train=rows[:6], validation=rows[6:8], test=rows[8:])
        for rows in (np.arange(10), np.arange(10)[::-1])
    )
    notes = {"fingerprint": "f", "split": finetuning._digest(split)}
    finetuning._require_same_data(images, split, notes)
    finetuning._require_same_data(images, other, {"fingerprint": "f"})  # of before it was noted
    with pytest.raises(DataError, match="other groups"):
        finetuning._require_same_data(images, other, notes)


def test_a_wrong_argument_leaves_no_folder(data, tmp_path):
    with pytest.raises(InvalidArgumentError, match="grid"):
        fit(data, out=tmp_path / "wrong", **(TUNED | {"grid": 99}))
    assert not (tmp_path / "wrong").exists()


@pytest.mark.parametrize("asked", [{"epochs": 3}, {"mixup": True}, {"tta": True}, {"epochs": 0}])
def test_wishes_that_do_not_go_with_a_head(data, asked):
    with pytest.raises(InvalidArgumentError):
        fit(data, **(FAST | asked))


def test_auto_leaves_a_perfect_head_alone(tmp_path):
    x, y = arrays()
    x = (x // 4 + (150 * y)[:, None, None]).astype(np.uint8)
    listener = Listener()
    result = fit((x, y), mode="auto", out=tmp_path / "auto", progress=listener, **FAST)
    assert result.classifier.recipe.mode == "head"
    assert any("is wrong on 0 of" in note for note in listener.notes)
    assert "finetune" not in result.as_json()


@pytest.mark.slow
def test_averaged_views_are_part_of_the_artefact(data, tmp_path):
    result = fit(data, out=tmp_path / "tta", tta=True, mixup=True, **TUNED)
    x, _ = arrays(n=6, seed=3)
    loaded = regraft.load(result.artefact)
    assert loaded.recipe.views == result.classifier.recipe.views
    assert loaded.predict(list(x)).probabilities.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)


def test_outside_the_main_thread_nobody_listens_for_signals(data, tmp_path):
    from regraft.pipeline.stopping import StopRequest

    heard = []

    def ask():
        with StopRequest() as stop:
            heard.append(stop())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert heard == [False]


@pytest.mark.slow
def test_a_budget_ends_the_training(tmp_path):  # how well it is kept is for benchmarks/ to say
    result = fit("digits", limit=1500, mode="finetune", budget=60, out=tmp_path / "budget")
    assert result.classifier.metrics["finetune"]["steps"] > 10
