import pytest
from builders import accuracy, ask, call, ledger, order, output, printed, site, training, verdict

from regraft.diagnose.causes.metric import (
    accuracy_means_binary_accuracy,
    another_number_called_accuracy,
    argmax_of_one_output,
    claimed_differs_from_measured,
    column_compared_with_row,
    monitor_mode_inverted,
    stopped_while_improving,
)

BINARY = output(accuracy_metric="BinaryAccuracy", label_kind="one-hot")
TOO_GOOD = accuracy(claimed=0.93, validation=0.6)


def test_met001_found():
    finding = ask(accuracy_means_binary_accuracy, output=BINARY, accuracy=TOO_GOOD)
    assert (finding.claimed, finding.honest) == (0.93, 0.6)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"accuracy": TOO_GOOD}, id="categorical"),
        pytest.param({"output": BINARY}, id="numbers-agree"),
        pytest.param(
            {
                "output": output(accuracy_metric="BinaryAccuracy", label_kind="multi-hot"),
                "accuracy": TOO_GOOD,
            },
            id="several-classes-a-picture",
        ),
        pytest.param({"output": output(accuracy_metric="BinaryAccuracy", units=1)}, id="one-unit"),
    ],
)
def test_met001_clear(facts):
    assert verdict(accuracy_means_binary_accuracy, **facts) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        {"output": output(accuracy_metric="")},
        {"output": BINARY, "accuracy": accuracy(claimed=None)},
    ],
    ids=["no-metric", "nothing-claimed"],
)
def test_met001_unknown(facts):
    assert verdict(accuracy_means_binary_accuracy, **facts) == "unknown"


def watching(monitor, mode):
    facts = {"class": "EarlyStopping", "monitor": monitor, "mode": mode, "site": site(13)}
    return training(callbacks=(facts,))


@pytest.mark.parametrize(
    ("monitor", "mode", "right"),
    [("val_accuracy", "min", "max"), ("val_loss", "max", "min"), ("val_auc", "min", "max")],
)
def test_met002_found(monitor, mode, right):
    finding = ask(monitor_mode_inverted, training=watching(monitor, mode))
    assert finding.repairs[0].parameters["arguments"] == {"mode": right}
    assert finding.repairs[0].parameters["what"] == "EarlyStopping"


@pytest.mark.parametrize(
    ("monitor", "mode"), [("val_accuracy", "max"), ("val_loss", "auto"), ("val_loss", "min")]
)
def test_met002_clear(monitor, mode):
    assert verdict(monitor_mode_inverted, training=watching(monitor, mode)) == "clear"


def test_met002_unknown():
    assert verdict(monitor_mode_inverted, training=watching("val_quality", "min")) == "unknown"


def test_met003_found():
    wrong = accuracy(claimed=0.95, claimed_by="sklearn", validation=0.6)
    finding = ask(claimed_differs_from_measured, accuracy=wrong)
    assert finding.honest == 0.6


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="same"),
        pytest.param(
            {"accuracy": accuracy(claimed=0.7, validation=0.6, n_validation=30)}, id="few-rows"
        ),
        pytest.param({"accuracy": TOO_GOOD, "output": BINARY}, id="met001-explains-it"),
        pytest.param({"accuracy": TOO_GOOD, "order": order(claimed=0.1)}, id="ord001-explains-it"),
    ],
)
def test_met003_clear(facts):
    assert verdict(claimed_differs_from_measured, **facts) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"accuracy": accuracy(claimed=None)}, id="nothing-claimed"),
        pytest.param({"accuracy": accuracy(claimed=93.0)}, id="per-cent"),
        pytest.param(
            {
                "accuracy": TOO_GOOD,
                "training": training(callbacks=({"restore_best_weights": True},)),
            },
            id="other-weights-restored",
        ),
        pytest.param(
            {"accuracy": TOO_GOOD, "training": training(may_change_weights_at_end=True)},
            id="weights-averaged-or-changed-by-a-callback-of-their-own",
        ),
    ],
)
def test_met003_unknown(facts):
    assert verdict(claimed_differs_from_measured, **facts) == "unknown"


@pytest.mark.parametrize(
    ("again", "expected"), [((0.95, 0.6, 400), "found"), ((0.61, 0.6, 400), "clear")]
)
def test_met003_asks_the_metric_about_the_weights_that_are_scored(again, expected):
    facts = {"accuracy": accuracy(claimed=0.96, validation=0.6, again=again), "output": output()}
    restoring = training(callbacks=({"restore_best_weights": True},))
    assert verdict(claimed_differs_from_measured, training=restoring, **facts) == expected


def spread(claimed, honest):
    return ledger(call("comparison-spread-out", 40, rows=200, claimed=claimed, honest=honest))


def test_met004_found():
    finding = ask(column_compared_with_row, ledger=spread(0.5, 0.82))
    assert (finding.claimed, finding.honest) == (0.5, 0.82)


@pytest.mark.parametrize("seen", [ledger(), spread(0.51, 0.5)], ids=["row by row", "no matter"])
def test_met004_clear(seen):
    assert verdict(column_compared_with_row, ledger=seen) == "clear"


def test_met004_unknown():
    assert verdict(column_compared_with_row, ledger=spread(0.5, None)) == "unknown"


def test_met005_found():
    area = printed(is_really="auc", value=0.951, text="val accuracy: 0.951", honest=0.71)
    finding = ask(another_number_called_accuracy, printed_accuracy=area)
    assert (finding.claimed, finding.honest) == (0.951, 0.71)
    assert "'auc'" in finding.because


@pytest.mark.parametrize(
    "seen", [printed(), printed(is_really="auc", honest=0.91)], ids=["right", "no matter"]
)
def test_met005_clear(seen):
    assert verdict(another_number_called_accuracy, printed_accuracy=seen) == "clear"


def test_met005_unknown():
    assert verdict(another_number_called_accuracy, printed_accuracy=None) == "unknown"


ARGMAX = call("argmax-of-one-output", 31, claimed=0.5, honest=0.93, rows=200)


def test_met006_found():
    finding = ask(argmax_of_one_output, ledger=ledger(ARGMAX))
    assert (finding.claimed, finding.honest) == (0.5, 0.93)
    assert finding.where[0].line == 31


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param([], id="none"),
        pytest.param(
            [call("argmax-of-one-output", 31, claimed=0.5, honest=0.52, rows=200)], id="no-harm"
        ),
    ],
)
def test_met006_clear(calls):
    assert verdict(argmax_of_one_output, ledger=ledger(*calls)) == "clear"


def test_met003_leaves_argmax_of_one_output_alone():
    facts = {"accuracy": accuracy(claimed=0.5, validation=0.93), "output": output()}
    assert verdict(claimed_differs_from_measured, training=training(), **facts) == "found"
    told = facts | {"training": training(), "ledger": ledger(ARGMAX)}
    assert verdict(claimed_differs_from_measured, **told) == "clear"


def test_met006_unknown():
    bare = call("argmax-of-one-output", 31, rows=200)
    assert verdict(argmax_of_one_output, ledger=ledger(bare)) == "unknown"


def ended(since_best, *, patience=3, baseline=None, **facts):
    stop = {
        "class": "EarlyStopping",
        "monitor": "val_loss",
        "stopped_epoch": 3,
        "patience": patience,
        "since_best": since_best,
        "min_delta": 0.5,
        "baseline": baseline,
        "site": site(13),
    }
    return training(callbacks=({"class": "TensorBoard", "site": None}, stop), **facts)  # fmt: skip


@pytest.mark.parametrize(
    ("since_best", "patience", "baseline", "said"),
    [
        (0, 3, None, "min_delta=0.5"),
        (2, 3, None, "2 after the best"),
        (0, 0, 0.99, "baseline=0.99"),
    ],
)
def test_met007_found(since_best, patience, baseline, said):
    finding = ask(
        stopped_while_improving,
        training=ended(since_best, patience=patience, baseline=baseline, epochs=20),
    )
    assert finding.verdict == "found"
    assert said in finding.because
    assert finding.repairs[0].parameters["arguments"] == {"min_delta": 0, "baseline": None}


@pytest.mark.parametrize("facts", [ended(3), ended(1, patience=0), training(callbacks=())])
def test_met007_clear(facts):
    assert verdict(stopped_while_improving, training=facts) == "clear"


def test_met007_unknown():
    sampled = ended(0, sampled=True, n_train=50_000, n_train_used=500, planned_updates=5_000)
    assert verdict(stopped_while_improving, training=sampled) == "unknown"
