"""Answers of a model or an estimator that a script compares with labels later."""

from types import SimpleNamespace

import numpy as np
import pytest

from regraft.diagnose.agent import answering, claims, scoring, session


class Metric:
    def __init__(self, name, threshold):
        self.name, self.threshold = name, threshold


class Loss:
    """As Keras's losses, with their configuration."""

    def get_config(self):
        return {"from_logits": True}


@pytest.mark.parametrize(
    ("rows", "have"),
    [
        ([0, 3, 1], True),
        ([[0.5], [1.5]], True),
        ([[0, 1], [1, 0]], True),
        ([[0.05, 0.95], [0.4, 0.6]], True),
        ([[-1, 1, -1], [1, -1, -1]], True),
        ([[0.2, 0.9, 0.4, 0.7], [0.1, 0.8, 0.3, 0.2]], False),
        ([[1, 1, 0], [0, 1, 1], [1, 0, 0]], False),
        ([[-0.5, 1.5], [0.5, 2.5], [3.0, 1.0]], False),
    ],
    ids=["numbers", "column", "one-hot", "mixture", "signs", "boxes", "several", "two-columns"],
)
def test_labels_that_name_one_class_a_row(rows, have):
    assert answering.have_one_class(np.array(rows)) == have


LOGITS = Loss()
SITE = {"file": "train.py", "line": 3, "code": "np.mean(answers == labels)"}
ANSWERS = {
    "numbers": np.array([0, 2, 1, 1, 0]),
    "names": np.array(["cat", "owl", "dog", "dog", "cat"]),
    "objects": np.array(["cat", "owl", "dog", "dog", "cat"], object),
}


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_what_an_estimator_answers_is_scored_where_it_is_compared(record, answers):
    scoring.answered(answers)
    labels = answers.copy()
    labels[0] = answers[1]
    assert scoring.compared(answers, labels, SITE)
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(0.8)
    assert score["n"] == 5


def test_a_part_of_the_answers_is_compared_beside_the_score(record):
    answers = np.repeat(np.arange(4), 50)
    scoring.answered(answers)
    for rows in (slice(None), slice(50), slice(160)):
        scoring.compared(answers[rows], answers[rows], SITE)
    assert [score.get("is_aside", False) for score in record.scores] == [False, True, False]


def test_answers_in_the_order_of_other_pictures_are_seen(record):
    labels = np.random.default_rng(0).integers(0, 10, 400)
    scoring.answered(labels[::-1].copy())
    scoring.compared(labels[::-1], labels, SITE)
    (score,) = record.scores
    assert score["claimed"] < 0.2
    assert (score["honest"], score["mistake"]) == (1.0, "reversed")


def test_other_vectors_are_no_answers(record):
    scoring.answered(ANSWERS["names"])
    assert not scoring.compared(ANSWERS["names"][::-1], np.array(["owl", "owl", "dog"]), SITE)
    assert record.scores == []


def test_answers_against_one_class_are_no_score(record):
    scoring.answered(ANSWERS["numbers"])
    assert not scoring.compared(ANSWERS["numbers"], 1, SITE)
    assert record.scores == []


def one_by_one(script, right):
    """The predictions of a model that is asked one picture at a time, as a script counts them."""
    source = """
        hits = 0
        for answer, label in zip(answers, labels):
            if ask(answer) == label:
                hits += 1
    """

    def ask(answer):
        scoring.predicted(np.eye(10)[[answer]], None, np.arange(1))
        return answer

    labels = np.arange(len(right)) % 10
    script.run(source, answers=np.where(right, labels, -1), labels=labels, ask=ask)


def test_what_is_counted_picture_by_picture_is_a_score(script, record):
    one_by_one(script, np.arange(40) % 4 > 0)
    (score,) = record.scores
    assert (score["n"], score["claimed"], score["site"]["line"]) == (40, 0.75, 4)


def test_a_look_at_some_examples_is_no_score(script, record):
    one_by_one(script, np.ones(9, bool))
    assert record.scores == []


def test_comparisons_of_other_things_are_no_score(script, record):
    script.run("for i in range(50):\n    same = i == n", n=3)
    assert record.scores == []


LIMITS = {
    "a metric that says it": ([Metric("accuracy", 0)], LOGITS, 0.0),
    "another limit": ([Metric("recall", 0.3)], "mse", 0.3),
    "accuracy by name": (["accuracy"], LOGITS, 0.5),
    "logits": ([], LOGITS, 0.0),
    "probabilities": (None, "binary_crossentropy", 0.5),
}


@pytest.mark.parametrize(("metrics", "loss", "limit"), LIMITS.values(), ids=LIMITS)
def test_the_limit_between_two_classes_is_the_scripts_own(monkeypatch, metrics, loss, limit):
    model = object()
    compiled = {id(model): {"arguments": {"metrics": metrics, "loss": loss}}}
    monkeypatch.setattr(session.SESSION, "compiled", compiled)
    assert answering.limit_of(model) == limit


def test_logits_above_nothing_are_an_answer(record):
    logits = np.array([[-2.0], [0.2], [0.3], [3.0]])
    scoring.predicted(logits, np.array([0, 1, 0, 1]), np.arange(4))
    assert scoring.compared((logits > 0).ravel().astype(int), np.array([0, 1, 0, 1]), SITE)
    (score,) = record.scores
    assert score["honest"] == score["claimed"] == pytest.approx(0.75)


SHOWN = {
    "a relative first": ({"val_loss": [1], "val_top_5_acc": [0.9], "val_accuracy": [0.6]}, 0.6),
    "in full": ({"val_balanced_acc": [0.5], "val_sparse_categorical_accuracy": [0.6]}, 0.6),
    "another number only": ({"accuracy": [0.9], "val_top_5_acc": [0.8]}, None),
    "top k": ({"val_sparse_top_k_categorical_accuracy": [0.9]}, None),
    "balanced": ({"val_balanced_accuracy": [0.9]}, None),
    "numbered by Keras": ({"val_accuracy_1": [0.7]}, 0.7),
    "of single outputs": ({"val_binary_accuracy": [0.9], "val_accuracy": [0.6]}, 0.6),
    "none": ({"accuracy": [0.9], "val_loss": [0.8]}, None),
}


@pytest.mark.parametrize(("history", "accuracy"), SHOWN.values(), ids=SHOWN)
def test_what_is_read_as_the_accuracy(history, accuracy):
    assert claims.claimed(SimpleNamespace(history=history)) == accuracy


P1 = np.arange(60) % 3
P2 = np.where(np.arange(60) % 5 > 0, P1, 0)
TRUTH = np.where(np.arange(60) % 4 > 0, P1, (P1 + 1) % 3)


def predict(classes, labels=None):
    scoring.predicted(np.eye(3)[classes], labels, np.arange(len(classes)))


def test_how_far_two_models_agree_is_no_score(record):
    predict(P1, TRUTH)
    predict(P2, TRUTH)
    assert scoring.compared(P1, P2, SITE)
    assert record.scores == []
    assert scoring.compared(P1, TRUTH, SITE)
    assert [score["claimed"] for score in record.scores] == [0.75]


def test_a_model_that_answers_as_before_it_was_saved_is_no_score(record):
    predict(P1)
    predict(P1)
    assert scoring.compared(P1, P1.copy(), SITE)
    assert record.scores == []


@pytest.mark.parametrize("known", [None, P1], ids=["labels-apart", "labels-with-the-pictures"])
def test_a_model_that_is_always_right_is_scored(record, known):
    predict(P1, known)
    assert scoring.compared(P1, P1.copy(), SITE)
    assert [score["claimed"] for score in record.scores] == [1.0]


def test_of_the_same_answers_those_count_that_belong_to_the_labels(record):
    always, even, uneven = np.zeros(40, int), np.arange(40) % 2, np.arange(40) % 4 // 3
    predict(always, even)
    predict(always, uneven)
    assert scoring.compared(always, even, SITE)
    (score,) = record.scores
    assert score["honest"] == score["claimed"] == 0.5


@pytest.fixture
def compiled(monkeypatch):
    def with_arguments(**arguments):
        model = object()
        known = {id(model): {"arguments": arguments}}
        monkeypatch.setattr(session.SESSION, "compiled", known)
        return model

    return with_arguments


OUTPUTS = np.array([[-0.8], [0.1], [0.9], [-0.2]])


@pytest.mark.parametrize(
    ("labels", "answers"),
    [([-1, 1, 1, -1], [-1, 1, 1, -1]), ([0, 1, 1, 0], [0, 0, 1, 0])],
    ids=["by-sign", "above-a-half"],
)
def test_what_a_hinge_loss_learnt_is_named_as_the_labels_are(compiled, labels, answers):
    model = compiled(loss="hinge")
    np.testing.assert_array_equal(answering.answers_of(model, OUTPUTS, np.array(labels)), answers)


def test_answers_by_sign_are_scored_where_they_are_compared(record):
    signs, labels = np.tile([-1, 1, 1, -1], 10), np.tile([-1, 1, -1, -1], 10)
    scoring.predicted(np.tile(OUTPUTS, (10, 1)), None, np.arange(40))
    assert scoring.compared(signs, labels, SITE)
    assert record.scores[0]["claimed"] == 0.75


GRADES = np.array([0, 4, 2, 1])


def rounded_accuracy(truth, answer):
    return truth == answer


@pytest.mark.parametrize(
    ("arguments", "labels", "is_measuring"),
    [
        ({"loss": "mse"}, GRADES, True),
        ({"loss": "poisson", "metrics": ["mae"]}, GRADES, True),
        ({"loss": lambda truth, answer: 0}, GRADES, True),
        ({"loss": "mse", "metrics": ["accuracy"]}, GRADES, False),
        ({"loss": "mse", "metrics": ["mae", rounded_accuracy]}, GRADES, True),
        ({"loss": "mse"}, GRADES > 1, False),
        ({"loss": "binary_crossentropy"}, GRADES, False),
        ({"loss": "hinge"}, np.array([-1, 1, 1, -1]), False),
    ],
    ids=[
        "grades",
        "counts",
        "own-loss",
        "accuracy-asked",
        "rounded-first",
        "yes-or-no",
        "classes",
        "hinge",
    ],
)
def test_numbers_are_not_scored_as_classes(compiled, arguments, labels, is_measuring):
    assert answering.is_measuring(compiled(**arguments), labels, OUTPUTS) is is_measuring


def test_batches_that_are_joined_are_a_score_whoever_was_asked_in_between(record):
    rng = np.random.default_rng(0)
    answers = []
    for _ in range(3):
        scoring.predicted(rng.random((4, 9)), None, np.arange(4), by=1)  # features of a batch
        outputs = rng.random((4, 3))
        scoring.predicted(outputs, None, np.arange(4), by=2)
        answers.append(outputs.argmax(axis=1))
    joined = np.concatenate(answers)
    labels = joined.copy()
    labels[0] = (labels[0] + 1) % 3
    assert scoring.compared(joined, labels, SITE)
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(11 / 12)


def test_a_column_against_a_row_is_scored_row_by_row_and_noted(record):
    outputs = np.random.default_rng(0).random((40, 1))
    labels = (outputs.ravel() > 0.5).astype(int)
    labels[:4] = 1 - labels[:4]
    decided = (outputs > 0.5).astype(int)
    scoring.predicted(outputs, None, np.arange(40))
    scoring.spread_out(decided == labels, decided, labels, SITE)
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(0.9)
    (event,) = [event for event in record.events if event["what"] == "comparison-spread-out"]
    assert event["details"]["honest"] == pytest.approx(0.9)
    assert event["details"]["claimed"] == pytest.approx((decided == labels).mean())


class Asked(Metric):
    """A metric object that has seen so many rows."""

    def __init__(self, name, count):
        super().__init__(name, 0.5)
        self.count = count


def test_what_a_metric_object_says_is_a_score_and_the_latest_counts(record, monkeypatch):
    monkeypatch.setattr(scoring, "_SUMMED_UP", {})
    for value in (0.5, 0.8):
        scoring.summed_up(Asked("sparse_categorical_accuracy", 200), value, SITE)
    (score,) = record.scores
    assert (score["claimed"], score["n"]) == (0.8, 200)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (Asked("top_k_accuracy", 200), 0.9),
        (Asked("accuracy", 3), 0.9),
        (Asked("accuracy", 99), "x"),
    ],
    ids=["another number", "few rows", "not yet a number"],
)
def test_other_results_are_no_score(record, monkeypatch, metric, value):
    monkeypatch.setattr(scoring, "_SUMMED_UP", {})
    scoring.summed_up(metric, value, SITE)
    assert record.scores == []


def test_pictures_that_were_asked_are_forgotten_where_there_is_no_room(record, monkeypatch):
    monkeypatch.setattr(scoring, "MOST_BYTES", 2.5 * np.zeros((4, 3)).nbytes)
    for start in range(3):
        outputs = np.eye(3)[[start, 0, 1, 2]]
        scoring.predicted(outputs, None, np.arange(4), asked=np.full((4, 3), start))
    assert [entry["asked"] is not None for entry in scoring._PREDICTIONS] == [False, True, True]


@pytest.mark.parametrize("batch", [40, 8], ids=["at once", "in batches"])
def test_names_of_classes_are_taken_for_the_numbers_they_stand_for(record, batch):
    told = []
    numbers = np.arange(40) % 3
    for start in range(0, 40, batch):
        part = numbers[start : start + batch]
        scoring.predicted(np.eye(3)[part], None, np.arange(len(part)), asked=part[:, None],
                          complete=lambda *given: told.append(given))  # fmt: skip
    names = np.array(["cat", "dog", "owl"])
    truth = names[(numbers + (np.arange(40) < 10)) % 3]
    assert scoring.compared(names[numbers].tolist(), truth.tolist(), SITE)
    assert record.scores[0]["claimed"] == 0.75
    ((_, asked, classes, labels),) = told
    np.testing.assert_array_equal(asked[:, 0], numbers)
    assert np.mean(classes == labels) == 0.75


def test_a_pipeline_and_its_last_step_are_one_prediction_even_where_all_are_right(record):
    truth = np.arange(40) % 2
    for answers in (truth.copy(), truth.copy()):  # of the last step, and of the pipeline
        scoring.answered(answers)
    assert scoring.compared(truth.copy(), truth, SITE)
    assert record.scores[-1]["claimed"] == 1.0


def test_a_metric_of_each_class_is_no_number():
    by_name = {"loss": 0.5, "f1_score": np.array([0.4, 0.6]), "accuracy": np.float32(0.5)}
    assert claims.numbers(by_name) == {"loss": 0.5, "accuracy": 0.5}


@pytest.mark.parametrize(
    ("truth", "honest"),
    [
        pytest.param(np.eye(3, dtype=int)[[0, 1, 2, 2]], 0.75, id="one-class-a-picture"),
        pytest.param(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 1]]), None, id="several"),
    ],
)
def test_answers_compared_output_by_output(record, truth, honest):
    outputs = np.array([[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 0.9], [0.9, 0.6, 0.1]])
    scoring.predicted(outputs, None, np.arange(4))
    assert scoring.compared_by_output(outputs > 0.5, truth, SITE)
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(np.mean((outputs > 0.5) == truth))
    assert score["honest"] == honest
    assert "n_labels" not in score  # it says nothing about who belongs to whom


LOOPS = {
    "numbers": """
        right = sum(a == t for a, t in zip(answers, labels))
    """,
    "numbers of Python": """
        right = len([1 for a, t in zip(answers.tolist(), labels.tolist()) if a == t])
    """,
    "mistakes": """
        right = len(labels)
        for place in range(len(labels)):
            if answers[place] != labels[place]:
                right -= 1
    """,
    "names": """
        names = ["ape", "bee", "cow"]
        wanted = [names[t] for t in labels]
        right = sum(names[a] == w for a, w in zip(answers, wanted))
    """,
}


@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS)
def test_answers_compared_one_by_one_are_a_score(script, record, source):
    outputs = np.random.default_rng(0).random((60, 3))
    scoring.predicted(outputs, None, np.arange(60))
    labels = outputs.argmax(axis=1)
    labels[:15] = (labels[:15] + 1) % 3
    names = script.run(source, answers=outputs.argmax(axis=1), labels=labels)
    assert names["right"] == 45
    assert record.scores == []
    scoring.compare_pairs()
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(0.75)
    assert score["n"] == 60


def test_what_else_is_compared_one_by_one_is_no_score(script, record):
    scoring.predicted(np.random.default_rng(0).random((60, 3)), None, np.arange(60))
    script.run("n = sum(i == 3 for i in range(60))\nm = sum(c == 'a' for c in 'banana' * 20)")
    scoring.compare_pairs()
    assert record.scores == []


def test_labels_under_other_numbers_do_not_say_that_pictures_were_exchanged(record):
    outputs = np.random.default_rng(0).random((60, 3))
    own = outputs.argmax(axis=1)
    scoring.predicted(outputs, own, np.arange(60))
    scoring.compared(own, (own + 1) % 3, SITE)
    (score,) = record.scores
    assert (score["claimed"], score["honest"]) == (0.0, None)


@pytest.mark.parametrize("wrong", [0, 4])
def test_argmax_of_one_output_is_scored_by_what_the_output_says(record, wrong):
    outputs = np.random.default_rng(0).random((40, 1))
    labels = (outputs.ravel() > 0.5).astype(int)
    labels[:wrong] = 1 - labels[:wrong]
    scoring.predicted(outputs, None, np.arange(40))
    scoring.argmaxed(outputs, -1)
    assert scoring.compared(outputs.argmax(axis=-1), labels, SITE)
    (score,) = record.scores
    assert score["honest"] == pytest.approx(1 - wrong / 40)
    assert score["claimed"] == pytest.approx(np.mean(labels == 0))
    assert [event["what"] for event in record.events] == ["argmax-of-one-output"]


def test_a_guess_of_one_class_is_no_argmax_of_one_output(record, script):
    outputs = np.random.default_rng(0).random((40, 1))
    labels = (outputs.ravel() > 0.6).astype(int)
    scoring.predicted(outputs, None, np.arange(40))
    assert not scoring.compared(np.zeros(40, int), labels, SITE)
    code = "import numpy as np\nguess = {}\nshare = np.mean(guess == labels)"
    script.run(code.format("np.zeros(40, int)"), outputs=outputs, labels=labels)
    assert record.scores == record.events == []
    for argmax in ("np.argmax(outputs, axis=1)", "outputs.argmax(-1)"):
        script.run(code.format(argmax), outputs=outputs, labels=labels)
    script.run("from numpy import argmax\nshare = (argmax(outputs, axis=1) == labels).mean()",
               outputs=outputs, labels=labels)  # fmt: skip
    assert len(record.scores) == len(record.events) == 3


def test_what_is_compared_within_a_text_is_a_score(record, script):
    labels = np.arange(40) % 4
    scoring.predicted(np.eye(4)[labels], None, np.arange(40))
    code = """
        import numpy as np
        text = f"accuracy: {np.mean(outputs.argmax(1) == labels):.{1 + 1}f} of {40}"
    """
    done = script.run(code, outputs=np.eye(4)[labels], labels=labels, sizes={40: 20})
    assert done["text"] == "accuracy: 1.00 of 40"
    assert [score["claimed"] for score in record.scores] == [1.0]


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_other_zeros_are_no_argmax_of_one_output(record, n_outputs):
    outputs = np.zeros((40, n_outputs))  # right or wrong, that is what it says
    scoring.predicted(outputs, None, np.arange(40))
    scoring.compared(np.zeros(40, int), np.arange(40) % 2, SITE)
    assert record.events == []


def test_rows_that_every_prediction_of_so_many_computed(record):
    for computed in (np.arange(0, 30, 2), np.arange(0, 30, 3)):
        scoring.predicted(np.eye(3)[np.arange(30) % 3], labels=None, computed=computed, by=1)
    np.testing.assert_array_equal(scoring.computed_of(30), np.arange(0, 30, 6))
    assert scoring.computed_of(20) is None


def test_how_often_the_same_answers_are_right_by_chance_is_no_score(record):
    labels = np.arange(200) % 4
    answers = np.where(np.arange(200) < 180, labels, 0)
    scoring.answered(answers)
    assert scoring.compared(answers, labels, SITE)
    drawn = np.random.default_rng(0).permutation(labels)
    assert scoring.compared(answers, drawn, SITE)  # matched, and left out
    assert [score["claimed"] for score in record.scores] == [pytest.approx(0.925)]


def test_batches_that_look_alike_are_all_scored(record):
    for labels in ([0, 1], [1, 0]):
        scoring.answered(np.array([0, 1]))
        scoring.compared(np.array([0, 1]), np.array(labels), SITE)
    assert [score["claimed"] for score in record.scores] == [1.0, 0.0]


def test_what_was_compared_tells_how_large_a_part_another_comparison_is(record):
    assert scoring.most_compared() == 0
    labels = np.arange(40) % 4
    scoring.answered(labels)
    scoring.compared(labels, labels, SITE)
    assert scoring.most_compared() == 40


@pytest.mark.parametrize("is_told", [True, False], ids=["told-too", "the-only-number"])
def test_shares_of_single_outputs_are_aside_where_the_accuracy_is_told(record, is_told):
    labels = np.arange(40) % 4
    outputs = np.full((40, 4), 0.1)
    outputs[np.arange(40), np.where(np.arange(40) < 30, labels, 0)] = 0.9
    scoring.predicted(outputs, None, np.arange(40))
    if is_told:
        scoring.compared(outputs.argmax(axis=1), labels, SITE)
    scoring.compared_by_output(outputs > 0.5, np.eye(4)[labels], SITE)
    assert bool(record.scores[-1].get("is_aside")) == is_told
