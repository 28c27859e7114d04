import re

import numpy as np
import pytest

from regraft.data.open import open_data
from regraft.errors import DataError, InvalidArgumentError

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (12, 5, 4), dtype=np.uint8)
Y = np.tile([0, 1, 2], 4)


def mapping(**changes):
    return {"x_train": X, "y_train": Y, "x_test": X[:6] // 2, "y_test": Y[:6], **changes}


def test_pictures_and_labels():
    images = open_data((X, Y))
    assert images.class_names == ("0", "1", "2")
    assert images.uniform_shape == (5, 4, 1)
    assert images.given_split is None
    assert images.row_names is None
    assert np.array_equal(images.read(np.array([3, 0, 3])), X[[3, 0, 3], ..., np.newaxis])


def test_parts_of_a_mapping():
    images = open_data(mapping(x_val=X[6:9] // 3, y_val=Y[6:9]))
    assert np.bincount(images.given_split).tolist() == [12, 3, 6]
    rows = np.array([20, 0, 12, 11])  # across all three arrays
    whole = np.concatenate([X, X[6:9] // 3, X[:6] // 2])
    assert np.array_equal(images.read(rows)[..., 0], whole[rows])


def test_npz_file(tmp_path):
    np.savez(tmp_path / "data.npz", **mapping(), note=np.array("kept out"))
    images = open_data(tmp_path / "data.npz")
    assert images.name == "data.npz"
    assert len(images) == 18
    assert images.fingerprint() == open_data(mapping()).fingerprint()


def test_rows_are_shown_not_copied():
    images = open_data((X, Y)).take(np.arange(6)).take(np.array([5, 1]))
    assert np.array_equal(images.read(np.arange(2))[..., 0], X[[5, 1]])
    assert any(np.shares_memory(X, part) for part in images.pictures._parts)


def test_rgba_arrays_are_laid_on_white():
    x = np.zeros((4, 2, 2, 4), np.uint8)
    x[1, ..., 3] = 255
    images = open_data((x, [0, 0, 1, 1]))
    assert images.uniform_shape == (2, 2, 3)
    assert np.unique(images.read(np.array([0]))).tolist() == [255]
    assert np.unique(images.read(np.array([1]))).tolist() == [0]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        pytest.param(["b", "a"] * 6, ("a", "b"), id="text"),
        pytest.param(np.array([[1], [20], [3]] * 4), ("1", "3", "20"), id="column"),
        pytest.param([10, 9] * 6, ("9", "10"), id="whole-numbers"),
        pytest.param(["10", "9"] * 6, ("9", "10"), id="text-of-whole-numbers"),
        pytest.param(np.array([1.0, 2.0] * 6), ("1", "2"), id="whole-floats"),
        pytest.param([True, False] * 6, ("False", "True"), id="truth"),
        pytest.param(np.array([b"x", b"y"] * 6), ("x", "y"), id="bytes"),
    ],
)
def test_labels_of_many_kinds(labels, names):
    images = open_data((X, labels))
    assert images.class_names == names
    texts = [str(v) for v in np.asarray(labels).ravel()]
    assert sorted(set(images.labels.tolist())) == list(range(len(names)))
    assert len(set(zip(texts, images.labels.tolist(), strict=True))) == len(names)


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(X.astype(np.float32), id="float"),
        pytest.param(X.astype(np.int64), id="int64"),
        pytest.param(X.tolist(), id="list"),
    ],
)
def test_whole_numbers_of_any_type_become_bytes(x):
    images = open_data((x, Y))
    assert np.array_equal(images.read(np.arange(12))[..., 0], X)
    assert images.fingerprint() == open_data((X, Y)).fingerprint()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        pytest.param(X / 255, r"Undo the scaling: \(x \* 255\)", id="unit-range"),
        pytest.param(
            (X > 99).astype(float), r"Undo the scaling: \(x \* 255\)", id="zeros-and-ones"
        ),
        pytest.param(X / 127.5 - 1, r"Undo the scaling: \(\(x \+ 1\)", id="signed"),
        pytest.param(X - 103.9, "before any scaling", id="mean-subtracted"),
        pytest.param(X + 0.5, "with fractions", id="fractions"),
        pytest.param(X.astype(np.uint16) * 257, r"x // 257", id="16-bits"),
        pytest.param(np.where(X[3] == X, np.nan, X), "NaN or infinity", id="nan"),
        pytest.param(X > 9, r"x\.astype\(np\.uint8\) \* 255", id="mask"),
        pytest.param(X.astype(object), "received object", id="objects"),
        pytest.param(X.reshape(12, 20), r"received shape \(12, 20\)", id="flattened"),
        pytest.param(np.zeros((12, 3, 8, 9), np.uint8), r"np\.moveaxis", id="channels-first"),
        pytest.param(
            np.zeros((12, 0, 8), np.uint8), r"received shape \(12, 0, 8\)", id="no-pixels"
        ),
        pytest.param([X[0], X[1, :3]] * 6, "one shape", id="several-sizes"),
    ],
)
def test_unusable_pictures_get_one_clear_line(x, message):
    with pytest.raises(DataError, match=message) as caught:
        open_data((x, Y))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        pytest.param(Y[:5], "received 12 pictures and 5 labels", id="too-few"),
        pytest.param(np.eye(3)[Y], "argmax", id="one-hot"),
        pytest.param([0, 1, None] * 4, "None in row 2, row 5", id="none"),
        pytest.param(["a", "", "b"] * 4, "'' in row 1", id="empty-text"),
        pytest.param(np.where(Y == 1, np.nan, Y), "nan in row 1", id="nan"),
        pytest.param(Y + 0.5, "0.5 in row 0", id="fractions"),
        pytest.param(np.zeros(12), "one class", id="one-class"),
        pytest.param([0] * 11 + [1], "fewer for 1", id="one-picture"),
    ],
)
def test_unusable_labels_get_one_clear_line(labels, message):
    with pytest.raises(DataError, match=message) as caught:
        open_data((X, labels))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        pytest.param({"x": X, "y": Y}, "without x_train and y_train. It has x, y", id="other-keys"),
        pytest.param({"x_train": X}, "without y_train", id="no-labels"),
        pytest.param(
            mapping(y_test=Y[:6] + 5), "none in the train part .*for 5, 6, 7", id="untrained"
        ),
        pytest.param(mapping(x_test=X[:6, :2]), "one shape in all parts", id="other-shape"),
        pytest.param({"x_train": X[:0], "y_train": Y[:0]}, "received none in arrays", id="empty"),
        pytest.param({}, "without x_train", id="nothing"),
        pytest.param({"x_test": X, "y_test": Y}, "without x_train and y_train", id="only-test"),
    ],
)
def test_unusable_mappings_get_one_clear_line(arrays, message):
    with pytest.raises(DataError, match=message):
        open_data(arrays)


def test_npz_with_pickled_objects_is_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    np.savez(tmp_path / "trap.npz", x_train=X, y_train=np.array([Trap()] * 12, object))
    with pytest.raises(DataError, match="plain number or text arrays"):
        open_data(tmp_path / "trap.npz")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("kept", [pytest.param(0, id="empty"), pytest.param(300, id="truncated")])
def test_damaged_npz(tmp_path, kept):
    np.savez(tmp_path / "data.npz", **mapping())
    path = tmp_path / "data.npz"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"data\.npz: "):
        open_data(path)


def test_npz_that_is_npy(tmp_path):
    with (tmp_path / "data.npz").open("wb") as file:
        np.save(file, X)
    with pytest.raises(DataError, match=r"data\.npz"):
        open_data(tmp_path / "data.npz")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(X, r"received ndarray. Arrays are passed together", id="array-alone"),
        pytest.param((X, Y, X, Y), "received a tuple of 4", id="four"),
        pytest.param(None, "received NoneType", id="none"),
    ],
)
def test_other_kinds_of_data_are_refused(data, message):
    with pytest.raises(InvalidArgumentError, match=message):
        open_data(data)


def test_unknown_policy_is_refused():
    with pytest.raises(InvalidArgumentError, match="fail or skip"):
        open_data((X, Y), on_bad_image="ignore")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param((X + 1, Y), id="pictures"),
        pytest.param((X, Y[::-1]), id="labels"),
        pytest.param((X, np.array(["a", "b", "c"])[Y]), id="class-names"),
        pytest.param((X[::-1], Y), id="order"),
        pytest.param((X.reshape(12, 4, 5), Y), id="shape"),
        pytest.param(
            {"x_train": X[:6], "y_train": Y[:6], "x_test": X[6:], "y_test": Y[6:]}, id="split"
        ),
    ],
)
def test_fingerprint_changes_with_what_matters(changed):
    assert open_data(changed).fingerprint() != open_data((X, Y)).fingerprint()


def test_fingerprint_and_identity_survive_take():
    x = X.copy()
    x[4] = x[1]
    images = open_data((x, Y))
    assert images.identity().tolist() == [0, 1, 2, 3, 1, *range(4, 11)]
    rows = np.array([4, 0, 1])
    before = open_data((x, Y)).take(rows)  # without digests at hand
    assert images.take(rows).fingerprint() == before.fingerprint()
    assert images.take(rows).identity().tolist() == [0, 1, 0]


def test_an_encrypted_npz_is_the_users_to_open(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, **mapping())
    content = path.read_bytes()
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # of each file, in both places
        for place in [found.start() + flags for found in re.finditer(start, content)]:
            content = content[:place] + bytes([content[place] | 1]) + content[place + 1 :]
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"encrypted.*Write it anew"):
        open_data(path)


def test_an_npz_compressed_in_an_unknown_way(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, **mapping())
    content = path.read_bytes()
    for start, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        for place in [found.start() + method for found in re.finditer(start, content)]:
            content = content[:place] + b"\x61\x00" + content[place + 2 :]
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"compression.*Write it anew"):
        open_data(path)


def test_an_npz_that_unpacks_to_more_than_the_memory(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x_train=np.zeros((60, 40, 40), np.uint8),
                        y_train=np.arange(60) % 2)  # fmt: skip
    assert len(open_data(tmp_path / "a.npz")) == 60
    monkeypatch.setattr("regraft.data.arrays.physical_memory", lambda: 90_000)
    with pytest.raises(DataError, match="more than fits into memory"):
        open_data(tmp_path / "a.npz")
