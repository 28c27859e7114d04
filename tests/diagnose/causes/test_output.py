import pytest
from builders import accuracy, ask, call, labels, output, training, verdict

from regraft.diagnose.causes.output import (
    activation_clips_output,
    dropout_on_output,
    fewer_units_than_classes,
    logits_as_probabilities,
    loss_passes_over_a_class,
    probabilities_as_logits,
    regression_loss_on_classes,
    sigmoid_on_exclusive_classes,
    softmax_between_layers,
    softmax_over_one_unit,
    two_activations_on_output,
)

BINARY = {"units": 1, "n_classes": 2, "activation": "sigmoid", "loss": "binary_crossentropy"}
UNREADABLE = output(activation="", loss="")


def repaired(rule, **facts):
    (repair,) = ask(rule, output=output(**facts)).repairs
    return repair.parameters


@pytest.mark.parametrize("n_classes", [2, 10])
def test_out001_found(n_classes):
    one = output(units=1, n_classes=n_classes, loss="binary_crossentropy")
    assert verdict(softmax_over_one_unit, output=one) == "found"


def test_out001_clear():
    assert verdict(softmax_over_one_unit, output=output(**BINARY)) == "clear"


def test_out001_unknown():
    assert verdict(softmax_over_one_unit, output=UNREADABLE) == "unknown"


def test_out001_repair_fits_the_number_of_classes():
    two = repaired(softmax_over_one_unit, units=1, n_classes=2)
    ten = repaired(softmax_over_one_unit, units=1, n_classes=10)
    assert (two["units"], two["activation"]) == (1, "sigmoid")
    assert (ten["units"], ten["loss"]) == (10, "sparse_categorical_crossentropy")


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({**BINARY, "n_classes": 3}, id="one-sigmoid-for-three-classes"),
        pytest.param({"units": 5}, id="five-units-for-ten-classes"),
    ],
)
def test_out002_found(facts):
    assert verdict(fewer_units_than_classes, output=output(**facts)) == "found"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="one-each"),
        pytest.param({"units": 11}, id="one-more"),
        pytest.param(BINARY, id="one-sigmoid-for-two"),
        pytest.param(
            {"units": 1, "activation": "linear", "loss": "mse"}, id="regression-is-out006"
        ),
        pytest.param({"units": 1, "activation": "exponential", "loss": "poisson"}, id="counts"),
    ],
)
def test_out002_clear(facts):
    assert verdict(fewer_units_than_classes, output=output(**facts)) == "clear"


OWN_LOSS = {"units": 1, "activation": "linear", "loss": "weighted_error", "accuracy_metric": ""}


def test_out002_leaves_numbers_alone_that_no_accuracy_is_computed_of():
    given = output(**OWN_LOSS)
    assert verdict(fewer_units_than_classes, output=given, accuracy=None) == "unknown"
    assert verdict(fewer_units_than_classes, output=given) == "found"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"units": 4, "label_kind": "multi-hot"}, id="several-classes-a-picture"),
        pytest.param({"n_classes": 0}, id="classes-not-seen"),
    ],
)
def test_out002_unknown(facts):
    assert verdict(fewer_units_than_classes, output=output(**facts)) == "unknown"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"activation": "linear"}, id="no-softmax"),
        pytest.param({**BINARY, "activation": "linear"}, id="no-sigmoid"),
    ],
)
def test_out003_found(facts):
    assert repaired(logits_as_probabilities, **facts)["from_logits"] is True


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="softmax"),
        pytest.param({"activation": "linear", "from_logits": True}, id="from-logits"),
        pytest.param({"activation": "linear", "loss": "mean_squared_error"}, id="regression"),
    ],
)
def test_out003_clear(facts):
    assert verdict(logits_as_probabilities, output=output(**facts)) == "clear"


def test_out003_unknown():
    assert verdict(logits_as_probabilities, output=UNREADABLE) == "unknown"


@pytest.mark.parametrize(
    "facts", [{"from_logits": True}, {**BINARY, "from_logits": True}], ids=["softmax", "sigmoid"]
)
def test_out004_found(facts):
    assert verdict(probabilities_as_logits, output=output(**facts)) == "found"


@pytest.mark.parametrize(
    "facts", [{}, {"activation": "linear", "from_logits": True}], ids=["softmax", "logits"]
)
def test_out004_clear(facts):
    assert verdict(probabilities_as_logits, output=output(**facts)) == "clear"


def test_out004_unknown():
    assert verdict(probabilities_as_logits, output=UNREADABLE) == "unknown"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"activation": "relu"}, id="relu"),
        pytest.param({"activation": "relu", "from_logits": True}, id="relu-from-logits"),
        pytest.param({"activation": "tanh"}, id="tanh"),
        pytest.param({"activation": "sigmoid"}, id="sigmoids-with-categorical"),
        pytest.param({**BINARY, "loss": "categorical_crossentropy"}, id="one-unit-categorical"),
    ],
)
def test_out005_found(facts):
    assert verdict(activation_clips_output, output=output(**facts)) == "found"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="softmax"),
        pytest.param(BINARY, id="sigmoid-binary"),
        pytest.param({"activation": "relu", "loss": "mae"}, id="relu-regression"),
    ],
)
def test_out005_clear(facts):
    assert verdict(activation_clips_output, output=output(**facts)) == "clear"


def test_out005_unknown():
    unusual = output(activation="relu", label_kind="multi-hot")
    assert verdict(activation_clips_output, output=unusual) == "unknown"


@pytest.mark.parametrize(
    ("facts", "train"),
    [
        pytest.param({"units": 1, "activation": "linear", "loss": "mse"}, 0.3, id="class-numbers"),
        pytest.param({"label_kind": "one-hot", "loss": "mean_squared_error"}, 0.3, id="saturated"),
    ],
)
def test_out006_found(facts, train):
    assert (
        verdict(regression_loss_on_classes, output=output(**facts), accuracy=accuracy(train=train))
        == "found"
    )


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="cross-entropy"),
        pytest.param({"label_kind": "one-hot", "loss": "mse"}, id="squared-error-that-trains"),
        pytest.param({**BINARY, "loss": "mse"}, id="brier-score-that-trains"),
    ],
)
def test_out006_clear(facts):
    assert verdict(regression_loss_on_classes, output=output(**facts)) == "clear"


GRADES = {"loss": "mse", "units": 1, "activation": "linear", "n_classes": 5, "accuracy_metric": ""}


@pytest.mark.parametrize(
    ("facts", "measured"),
    [
        pytest.param({"loss": "mse", "label_kind": "float"}, accuracy(), id="true-regression"),
        pytest.param({"loss": "mse", "label_kind": "one-hot"}, None, id="accuracy-not-measured"),
        pytest.param(GRADES, None, id="grades"),
        pytest.param({**GRADES, "loss": "poisson"}, accuracy(claimed=None), id="counts"),
    ],
)
def test_out006_unknown(facts, measured):
    given = output(**facts)
    assert verdict(regression_loss_on_classes, output=given, accuracy=measured) == "unknown"


def test_out007_found():
    assert verdict(dropout_on_output, output=output(dropout_on_output=True)) == "found"


def test_out007_clear():
    assert verdict(dropout_on_output) == "clear"


def test_out007_unknown():
    assert verdict(dropout_on_output, output=output(units=0)) == "unknown"


MANY = {"activation": "sigmoid", "loss": "binary_crossentropy", "label_kind": "one-hot"}


def test_out008_found():
    assert verdict(sigmoid_on_exclusive_classes, output=output(**MANY)) == "found"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="softmax"),
        pytest.param(BINARY, id="one-sigmoid"),
        pytest.param({**MANY, "label_kind": "multi-hot"}, id="several-classes-a-picture"),
        pytest.param({**MANY, "activation": "softmax", "units": 2}, id="dense-2-softmax-bce"),
    ],
)
def test_out008_clear(facts):
    assert verdict(sigmoid_on_exclusive_classes, output=output(**facts)) == "clear"


def test_out008_unknown():
    odd = output(**(MANY | {"label_kind": "float"}))
    assert verdict(sigmoid_on_exclusive_classes, output=odd) == "unknown"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"planned_updates": 9_000, "sampled": True}, "unknown"),
        ({"planned_updates": 400, "sampled": True}, "found"),
        ({"planned_updates": 9_000}, "found"),
    ],
    ids=["a-sample-of-many-updates", "of-few", "no-sample"],
)
def test_a_slow_loss_may_catch_up(facts, expected):
    given = {"training": training(**facts), "accuracy": accuracy(train=0.3)}
    for rule, seen in (
        (sigmoid_on_exclusive_classes, MANY),
        (regression_loss_on_classes, {"label_kind": "one-hot", "loss": "mse"}),
    ):
        assert verdict(rule, output=output(**seen), **given) == expected


@pytest.mark.parametrize("inner", ["softmax", "relu"])
def test_out009_found(inner):
    twice = output(inner_activation=inner)
    assert verdict(two_activations_on_output, output=twice) == "found"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="one-softmax"),
        pytest.param({"activation": "linear", "inner_activation": "linear"}, id="logits"),
    ],
)
def test_out009_clear(facts):
    assert verdict(two_activations_on_output, output=output(**facts)) == "clear"


@pytest.mark.parametrize("facts", [{"activation": ""}, {"label_kind": "multi-hot"}])
def test_out009_unknown(facts):
    twice = output(**{"inner_activation": "softmax", **facts})
    assert verdict(two_activations_on_output, output=twice) == "unknown"


def test_out011_found():
    both = (call("Dense", 11, units=128), call("Dense", 11, units=64))
    finding = ask(softmax_between_layers, output=output(sharing=both))
    assert [site.line for site in finding.where] == [11]
    assert [repair.parameters["given"] for repair in finding.repairs] == [
        {"units": 128},
        {"units": 64},
    ]
    assert finding.repairs[0].parameters["arguments"] == {"activation": "relu"}


def test_out011_unknown():
    assert verdict(softmax_between_layers, output=UNREADABLE) == "unknown"


def test_out011_clear():
    assert verdict(softmax_between_layers, output=output()) == "clear"


def test_out010_found():
    finding = ask(loss_passes_over_a_class, output=output(passed_over=("0",)), labels=labels())
    assert finding.verdict == "found"
    assert "class 0" in finding.because
    assert "10% of the validation" in finding.because


def test_out010_keeps_the_output_as_it_is():
    logits = output(passed_over=("3",), activation="linear", from_logits=True, units=12)
    (repair,) = ask(loss_passes_over_a_class, output=logits, labels=labels()).repairs
    assert repair.parameters == {
        "units": 12, "activation": "linear", "loss": "sparse_categorical_crossentropy",
        "from_logits": True,
    }  # fmt: skip


def test_out010_clear():
    assert verdict(loss_passes_over_a_class, output=output(), labels=labels()) == "clear"


def test_out010_clear_where_the_class_is_not_validated():
    void = output(passed_over=("255",))
    assert verdict(loss_passes_over_a_class, output=void, labels=labels()) == "clear"


def test_out010_unknown():
    several = output(passed_over=("0",), label_kind="multi-hot")
    assert verdict(loss_passes_over_a_class, output=several, labels=labels()) == "unknown"
