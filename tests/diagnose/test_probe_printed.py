import pytest
from hypothesis import given
from hypothesis import strategies as st

from regraft.diagnose.probe.printed import is_accuracy, mistaken, of_training, statements


@pytest.mark.parametrize(
    ("output", "values"),
    [
        ("val accuracy: 0.9031", [0.9031]),
        ("loss 0.4512 acc=0.7310", [0.731]),
        ("VALIDATION ACCURACY = 90.31 %", [0.9031]),
        ("final accuracy is 0.812\nTest Accuracy: 0.7990", [0.812, 0.799]),
        ("val_accuracy: 0.9031", []),  # a name of Keras with its own number
        ("accuracy: [0.4512, 0.7310]", []),
        ("top-3 accuracy: 0.9031", []),
        ("accuracy (balanced): 0.9031", []),
        ("training accuracy 0.9031", []),
        ("Test loss, accuracy: 0.2143, 0.9310", []),
        ("Val loss | accuracy: 0.2143", []),
        ("Train/val accuracy: 0.9912 / 0.9031", []),
        ("one-vs-rest accuracy: 0.9764", []),
        ("Trained. Test accuracy: 0.9031", [0.9031]),
        ("Random forest with dropout, accuracy: 0.9031", [0.9031]),
        ("accuracy 0.9", []),  # too short to tell from chance
        ("accuracy on 10000 pictures: 0.9031", []),
        ("accuracy\n0.9031", []),
        ("accurate to 0.0001", []),
        ("inaccuracy: 0.9031", []),
    ],
)
def test_what_is_called_accuracy(output, values):
    assert [statement.value for statement in statements(output)] == pytest.approx(values)


@pytest.mark.parametrize(
    ("accuracies", "others", "name"),
    [
        ([0.71], {"auc": 0.90312, "loss": 0.45}, "auc"),
        ([0.71], {"loss": 0.9031}, "loss"),
        ([0.71, 0.90308], {"auc": 0.90312}, None),  # it may be either
        ([0.71], {"auc": 0.9038}, None),
        ([0.71], {}, None),
    ],
    ids=["another metric", "the loss", "an accuracy as well", "near", "nothing else"],
)
def test_what_it_is(accuracies, others, name):
    wrong = mistaken(statements("val accuracy: 0.9031"), accuracies=accuracies, others=others)
    assert (wrong and wrong[1]) == name


@pytest.mark.parametrize("words", ["adjacent", "superclass", "off-by-one", "within one grade,"])
def test_other_accuracies_by_their_own_names_mislead_nobody(words):
    said = statements(f"test accuracy: 0.7123\n{words} accuracy: 0.9512")
    assert mistaken(said, accuracies=[0.7123], others={"adjacent_accuracy": 0.9512}) is None


def test_a_supervised_accuracy_is_one():
    assert [s.value for s in statements("supervised accuracy: 0.9123")] == [0.9123]


def test_numbers_of_a_batch_before_the_right_one_are_no_mistake():
    assert statements("batch accuracy: 1.0000\nfold 3 accuracy: 0.9700") == []
    said = statements("accuracy: 1.0000\ntest accuracy: 0.9310")
    assert mistaken(said, accuracies=[0.931], others={"the best batch": 1.0}) is None


def test_early_statements_may_agree_by_chance():
    said = statements("accuracy: 0.9031\naccuracy: 0.7512\naccuracy: 0.7622\n")
    assert mistaken(said, accuracies=[0.7622], others={"loss": 0.9031}) is None


@given(st.text(max_size=400), st.text(alphabet="ac curyACURY:=%.0123456789\n", max_size=300))
def test_any_output_can_be_read(before, after):
    for statement in statements(before + after):
        assert statement.value >= 0
        assert 0 < statement.tolerance < 0.001


@pytest.mark.parametrize("name", ["acc", "accuracy_1", "val_sparse_categorical_accuracy"])
def test_names_of_accuracies(name):
    assert is_accuracy(name)


@pytest.mark.parametrize("name", ["auc", "loss", "top_k_categorical_accuracy", "accuracy_cat"])
def test_other_names(name):
    assert not is_accuracy(name)


@pytest.mark.parametrize(
    ("output", "is_of_training"),
    [
        pytest.param("Test accuracy: 0.9931", True, id="test"),
        pytest.param("val acc 0.9931", True, id="validation"),
        pytest.param("accuracy: 0.9931", False, id="it-does-not-say"),
        pytest.param("Test accuracy: 0.7310", False, id="right"),
        pytest.param("Test accuracy: 0.9931\nTest accuracy: 0.7310", True, id="one-of-two"),
        pytest.param("Test accuracy: 0.9800", False, id="held-out-as-well"),
    ],
)
def test_training_accuracy_that_is_said_to_be_another(output, is_of_training):
    found = of_training(statements(output), trained=[0.99312, 0.98], held_out=[0.731, 0.98])
    assert (found is not None) == is_of_training
