import pytest
from builders import (
    accuracy,
    ask,
    association,
    call,
    labels,
    ledger,
    output,
    pixels,
    stats,
    training,
    verdict,
)

from regraft.diagnose.causes.labels import (
    class_maps_differ,
    files_not_in_the_order_of_labels,
    labels_change_between_epochs,
    labels_in_another_order,
    labels_out_of_range,
    labels_scaled_or_not_whole,
    labels_unrelated_to_pictures,
    names_that_are_not_unique,
    one_class_in_several_spellings,
)

UNRELATED = association(accuracy=0.11)
LOST = accuracy(validation=0.12)
ALONE = ledger(call("numpy.random.shuffle", 6, alone=True, shape=[1000]))


def test_lab001_found():
    finding = ask(labels_unrelated_to_pictures, association=UNRELATED, accuracy=LOST, ledger=ALONE)
    assert finding.repairs[0].parameters["what"] == "numpy.random.shuffle"


def test_lab001_puts_both_of_a_pair_in_order():
    """Pictures as they are, and labels one-hot or of floats: neither alone is enough."""
    shuffles = ledger(
        call("numpy.random.shuffle", 6, alone=True, shape=[1000, 28, 28]),
        call("numpy.random.shuffle", 7, alone=False, shape=[1000, 10]),
        call("numpy.random.shuffle", 8, alone=False, shape=[20], row_numbers=True),
        call("numpy.random.shuffle", 9, alone=False, shape=[300, 10]),
    )
    finding = ask(
        labels_unrelated_to_pictures, association=UNRELATED, accuracy=LOST, ledger=shuffles
    )
    assert [site.line for site in finding.where] == [6, 7]


PAIRED_AT_RANDOM = accuracy(validation=0.1, train=0.95, by_chance=0.1, n_validation=400)


def test_lab001_found_where_validation_labels_were_shuffled_alone():
    finding = ask(labels_unrelated_to_pictures, accuracy=PAIRED_AT_RANDOM, ledger=ALONE)
    assert finding.repairs[0].parameters["what"] == "numpy.random.shuffle"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"ledger": ledger()}, id="nothing-shuffled-alone"),
        pytest.param(
            {"accuracy": accuracy(validation=0.3, by_chance=0.1)}, id="better-than-chance"
        ),
        pytest.param(
            {"accuracy": accuracy(validation=0.1, by_chance=0.1, train=0.2)}, id="unlearnt"
        ),
        pytest.param(
            {"pixels": pixels(stats(-1, 1, "signed"), stats(-1, -0.992, "signed-of-unit"))},
            id="shown-on-another-scale",
        ),
    ],
)
def test_lab001_clear_where_validation_is_low_otherwise(facts):
    facts = {"accuracy": PAIRED_AT_RANDOM, "ledger": ALONE} | facts
    assert verdict(labels_unrelated_to_pictures, **facts) == "clear"


def test_lab001_found_where_a_data_set_of_pictures_alone_is_shuffled():
    steps = ledger(call("tf.data.shuffle", 8, arg=1500, alone=True))
    finding = ask(labels_unrelated_to_pictures, association=UNRELATED, accuracy=LOST, ledger=steps)
    assert finding.repairs[0].parameters["what"] == "tf.data.shuffle"


def test_lab001_found_where_each_was_given_an_order_of_its_own():
    drawn = ledger(*(call("numpy.random.shuffle", n, row_numbers=True) for n in (5, 7)))
    finding = ask(labels_unrelated_to_pictures, association=UNRELATED, accuracy=LOST, ledger=drawn)
    assert [site.line for site in finding.where] == [5, 7]
    assert len(finding.repairs) == 2


@pytest.mark.parametrize("lines", [(5, 6), (5, 5)], ids=["two-lines", "one-helper"])
def test_lab001_found_where_each_was_split_by_itself(lines):
    splits = ledger(*(call("train_test_split", n, n_arrays=1) for n in lines))
    finding = ask(labels_unrelated_to_pictures, association=UNRELATED, accuracy=LOST, ledger=splits)
    assert [site.line for site in finding.where] == sorted(set(lines))
    assert finding.repairs[-1].parameters["arguments"] == {"random_state": 0, "stratify": None}


@pytest.mark.parametrize(
    "splits",
    [
        pytest.param([call("train_test_split", 5, n_arrays=1)], id="once"),
        pytest.param([call("train_test_split", n, n_arrays=2) for n in (5, 6)], id="together"),
    ],
)
def test_lab001_unknown_where_splits_keep_rows_together(splits):
    finding = ask(
        labels_unrelated_to_pictures,
        association=UNRELATED, accuracy=LOST, ledger=ledger(*splits),
    )  # fmt: skip
    assert finding.verdict == "unknown"


def test_lab001_leaves_features_of_a_reader_that_shuffles_to_ord004():
    steps = ledger(call("flow_from_directory", 9, shuffle=True), call("predict", 12, trained=False))
    facts = {"association": UNRELATED, "accuracy": LOST, "ledger": steps}
    assert verdict(labels_unrelated_to_pictures, **facts) == "clear"


def test_lab001_found_where_files_are_listed_shuffled():
    steps = ledger(call("tf.data.list_files", 4, shuffle=True))
    finding = ask(labels_unrelated_to_pictures, association=UNRELATED, accuracy=LOST, ledger=steps)
    assert finding.repairs[0].parameters["arguments"] == {"shuffle": False}


GRAY = stats(channel_means=(33.0, 33.0, 33.0))
DRAWN = ledger(call("numpy.random.shuffle", 5, row_numbers=True))


@pytest.mark.parametrize(
    ("picture", "calls", "told"),
    [(stats(), DRAWN, "unknown"), (stats(), ALONE, "found"), (GRAY, DRAWN, "found")],
    ids=["photographs", "photographs-shuffled-alone", "digits"],
)
def test_lab001_is_not_told_by_thumbnails_of_photographs(picture, calls, told):
    by_eye = association(accuracy=0.11, of_thumbnails=True)
    facts = {"association": by_eye, "accuracy": LOST, "ledger": calls, "pixels": pixels(picture)}
    assert verdict(labels_unrelated_to_pictures, **facts) == told


@pytest.mark.parametrize(
    ("shuffle", "trained"), [(False, False), (True, True)], ids=["in order", "of the trained model"]
)
def test_lab001_unknown_where_no_features_are_shuffled(shuffle, trained):
    steps = ledger(
        call("flow_from_directory", 9, shuffle=shuffle), call("predict", 12, trained=trained)
    )
    given = {"association": UNRELATED, "ledger": steps, "accuracy": LOST}
    assert verdict(labels_unrelated_to_pictures, **given) == "unknown"


def test_lab001_clear_where_row_numbers_were_drawn_for_both():
    drawn = ledger(call("numpy.random.shuffle", 5, row_numbers=True))
    assert verdict(labels_unrelated_to_pictures, ledger=drawn) == "clear"


def test_lab001_clear_where_the_network_tells_what_a_probe_does_not():
    facts = {"association": UNRELATED, "ledger": ALONE, "accuracy": accuracy(validation=0.9)}
    assert verdict(labels_unrelated_to_pictures, **facts) == "clear"


def test_lab001_clear():
    # the same seed before each of two shuffles keeps pairs together
    assert verdict(labels_unrelated_to_pictures, ledger=ALONE) == "clear"


@pytest.mark.parametrize(
    ("facts", "calls"),
    [
        pytest.param({"n": 50}, ALONE, id="few-rows"),
        pytest.param({}, ledger(), id="no-shuffle-recorded"),
        pytest.param({}, ledger(call("numpy.random.shuffle", 6, alone=False)), id="together"),
    ],
)
def test_lab001_unknown(facts, calls):
    given = association(**({"accuracy": 0.11} | facts))
    facts = {"association": given, "ledger": calls, "accuracy": LOST}
    assert verdict(labels_unrelated_to_pictures, **facts) == "unknown"


def named(train, validation):
    return labels(train_class_names=tuple(train), validation_class_names=tuple(validation))


SWAPPED = accuracy(validation=0.1, relabelled=0.9, renaming=(1, 0, 2))


def test_lab002_found():
    finding = ask(class_maps_differ, labels=named(["cat", "dog"], ["dog", "cat"]))
    assert finding.repairs[0].parameters == {"mapping": {"0": 1, "1": 0}, "part": "validation"}


def test_lab002_found_where_validation_lacks_a_class():
    finding = ask(class_maps_differ, labels=named(["0", "180", "270"], ["0", "270"]))
    assert finding.repairs[0].parameters["mapping"] == {"1": 2}


def test_lab002_found_without_names():
    finding = ask(class_maps_differ, accuracy=SWAPPED)
    assert finding.repairs[0].parameters["mapping"] == {"1": 0, "0": 1}


def test_lab002_clear_where_validation_holds_classes_that_were_never_trained():
    apart = labels(
        train_counts={str(k): 100 for k in range(8)}, validation_counts={"8": 200, "9": 200}
    )
    assert verdict(class_maps_differ, accuracy=SWAPPED, labels=apart) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="no-renaming"),
        pytest.param({"labels": named(["cat", "dog"], ["cat", "dog"])}, id="same-names"),
        pytest.param({"labels": named(["cat", "dog"], ["cat", "fox"])}, id="other-names"),
        pytest.param(
            {"accuracy": accuracy(validation=0.6, relabelled=0.7, renaming=(1, 0))},
            id="two-confusable-classes",
        ),
    ],
)
def test_lab002_clear(facts):
    assert verdict(class_maps_differ, **facts) == "clear"


def test_lab002_unknown():
    unlearnt = accuracy(validation=0.1, relabelled=0.9, renaming=(1, 0), train=0.2)
    assert verdict(class_maps_differ, accuracy=unlearnt) == "unknown"


def two(low, high):
    return labels(
        train_counts={str(low): 100, str(high): 100},
        validation_counts={str(low): 40, str(high): 40},
        lowest=float(low),
        highest=float(high),
    )


SIGMOID = output(units=1, activation="sigmoid", loss="binary_crossentropy", n_classes=2)


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (1, 2)])
def test_lab003_found(low, high):
    finding = ask(labels_out_of_range, labels=two(low, high), output=SIGMOID)
    assert finding.repairs[0].parameters["mapping"] == {str(low): 0, str(high): 1}


@pytest.mark.parametrize(
    ("given", "head"),
    [
        pytest.param(labels(), output(), id="from-0"),
        pytest.param(labels(lowest=1.0, highest=10.0), output(units=11), id="one-unit-to-spare"),
        pytest.param(labels(), SIGMOID, id="too-few-units-is-out002"),
        pytest.param(two(-1, 1), output(units=1, loss="mse"), id="regression"),
        pytest.param(two(-1, 1), output(units=1, loss="squared_hinge"), id="hinge"),
        pytest.param(labels(are_whole=False), output(), id="not-whole-is-lab004"),
    ],
)
def test_lab003_clear(given, head):
    assert verdict(labels_out_of_range, labels=given, output=head) == "clear"


def test_lab003_unknown():
    assert verdict(labels_out_of_range, output=output(label_kind="one-hot")) == "unknown"


def over_255(n):
    values = {f"{k / 255:.4f}": 100 for k in range(n)}
    return labels(
        train_counts=values, validation_counts=values, highest=(n - 1) / 255, are_whole=False
    )


def test_lab004_found():
    finding = ask(
        labels_scaled_or_not_whole, labels=over_255(10), output=output(label_kind="float")
    )
    assert finding.repairs[0].parameters["mapping"]["0.0353"] == 9


@pytest.mark.parametrize(
    ("given", "head"),
    [
        pytest.param(labels(), output(), id="whole"),
        pytest.param(over_255(10), output(label_kind="one-hot"), id="smoothed-one-hot"),
        pytest.param(over_255(10), output(loss="mse"), id="regression"),
        pytest.param(over_255(10), output(loss="mape"), id="share"),
        pytest.param(over_255(10), output(loss="mean_squared_logarithmic_error"), id="logarithmic"),
    ],
)
def test_lab004_clear(given, head):
    assert verdict(labels_scaled_or_not_whole, labels=given, output=head) == "clear"


def test_lab004_unknown():
    assert verdict(labels_scaled_or_not_whole, labels=over_255(1)) == "unknown"


def test_lab005_found():
    seen = association(accuracy=0.11, reordered=("reversed", 0.8))
    finding = ask(labels_in_another_order, association=seen, training=training())
    assert finding.verdict == "found"
    assert finding.repairs[0].parameters == {"order": "reversed"}


def test_lab005_clear():
    facts = {"association": association(), "training": training()}
    assert verdict(labels_in_another_order, **facts) == "clear"


def test_lab005_unknown():
    few = association(n=40, reordered=("reversed", 0.8))
    assert verdict(labels_in_another_order, association=few, training=training()) == "unknown"


LISTED = ledger(
    call("file-order", 7, first=["1.png", "10.png"], by_number=["1.png", "2.png"], n=900)
)


def test_lab006_found():
    finding = ask(
        files_not_in_the_order_of_labels, association=UNRELATED, accuracy=LOST, ledger=LISTED
    )
    assert finding.repairs[0].kind == "order-by-number"
    assert "1.png, 10.png" in finding.because


def test_lab006_clear():
    assert verdict(files_not_in_the_order_of_labels, ledger=LISTED) == "clear"


def test_lab006_unknown():
    given = {"association": UNRELATED, "accuracy": LOST, "ledger": ledger()}
    assert verdict(files_not_in_the_order_of_labels, **given) == "unknown"


def test_lab007_found():
    finding = ask(labels_change_between_epochs, training=training(relabelled=0.9))
    assert finding.repairs[0].kind == "keep-pairs"


@pytest.mark.parametrize("share", [0.0, 0.05], ids=["never", "a few pictures labelled twice"])
def test_lab007_clear(share):
    assert verdict(labels_change_between_epochs, training=training(relabelled=share)) == "clear"


def test_lab007_unknown():
    assert verdict(labels_change_between_epochs, training=training(relabelled=None)) == "unknown"


SHARED = {"n": 400, "shared": 380, "example": "0001", "folders": ["north", "south"]}
NAMES = ledger(call("short-name", 11, **SHARED))


def test_lab008_found():
    noisy = association(noisy=0.45)
    finding = ask(names_that_are_not_unique, association=noisy, ledger=NAMES)
    assert finding.repairs[0].kind == "names-with-folders"
    assert "380 of 400 picture files share their name at line 11" in finding.because
    assert "'0001' in north and south" in finding.because


FEW = ledger(call("short-name", 11, **(SHARED | {"shared": 30})))


@pytest.mark.parametrize(
    ("noisy", "names"),
    [(0.45, FEW), (0.45, ledger()), (0.02, NAMES)],
    ids=["few-shared", "no-short-names", "labels-fit"],
)
def test_lab008_clear(noisy, names):
    facts = {"association": association(noisy=noisy), "ledger": names}
    assert verdict(names_that_are_not_unique, **facts) == "clear"


def test_lab008_unknown():
    assert verdict(names_that_are_not_unique, association=None, ledger=NAMES) == "unknown"


TWO = {"a": 100, "b": 100}
TABLE = {"column": "animal", "spellings": {"Dog": "dog"}, "rows": 500, "odd": 120, "kinds": 2,
         "spelled": 3}  # fmt: skip


def spelled(**changes):
    return ledger(call("table-spellings", 14, **(TABLE | changes)))


@pytest.mark.parametrize("n_classes", [2, 3], ids=["the-other-class", "a-class-of-its-own"])
def test_lab009_found(n_classes):
    counts = dict(list({**TWO, "c": 20}.items())[:n_classes])
    facts = labels(train_counts=counts, validation_counts=counts)
    finding = ask(one_class_in_several_spellings, labels=facts, ledger=spelled())
    assert finding.repairs[0].parameters == {"column": "animal", "spellings": {"Dog": "dog"}}
    assert "'dog' and 'Dog'" in finding.because
    assert "120 of 500 rows" in finding.because


@pytest.mark.parametrize(
    "table",
    [ledger(), spelled(odd=3), spelled(kinds=7, spelled=8)],
    ids=["no-table", "a-few-rows", "not-the-classes"],
)
def test_lab009_clear(table):
    facts = labels(train_counts=TWO, validation_counts=TWO)
    assert verdict(one_class_in_several_spellings, labels=facts, ledger=table) == "clear"


def test_lab009_unknown():
    assert verdict(one_class_in_several_spellings, labels=None, ledger=spelled()) == "unknown"


@pytest.mark.parametrize(
    ("renaming", "expected"),
    [
        pytest.param((0, 1, 2, 9, 3, 4, 5, 6, 7, 8), "found", id="moved-up-behind-a-missing-class"),
        pytest.param((0, 1, 2, 9, 4, 3, 5, 6, 7, 8), "clear", id="two-exchanged"),
    ],
)
def test_lab002_where_validation_lacks_a_class(renaming, expected):
    lacking = labels(validation_counts={str(k): 40 for k in range(9)})
    measured = accuracy(train=0.95, validation=0.6, relabelled=0.75, renaming=renaming)
    facts = {"labels": lacking, "accuracy": measured, "training": training()}
    assert verdict(class_maps_differ, **facts) == expected
