import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from regraft.data.open import open_data
from regraft.errors import DataError

X = np.random.default_rng(0).integers(0, 256, (6, 3, 4), dtype=np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2], np.uint8)


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def write(folder: Path, *, parts=("train", "t10k"), form: str = "{}-{}-idx{}-ubyte") -> Path:
    for number, part in enumerate(parts):
        (folder / form.format(part, "images", 3)).write_bytes(idx(X // (number + 1)))
        (folder / form.format(part, "labels", 1)).write_bytes(idx(Y))
    return folder


@pytest.mark.parametrize(
    ("parts", "form"),
    [
        pytest.param(("train", "t10k"), "{}-{}-idx{}-ubyte", id="as-published"),
        pytest.param(("train", "test"), "{}-{}.idx{}-ubyte", id="with-dots"),
        pytest.param(
            ("emnist-letters-train", "emnist-letters-test"), "{}-{}-idx{}-ubyte", id="emnist"
        ),
    ],
)
def test_idx_folder(tmp_path, parts, form):
    images = open_data(write(tmp_path, parts=parts, form=form))
    assert images.class_names == ("0", "1", "2")
    assert images.given_split.tolist() == [0] * 6 + [2] * 6
    assert np.array_equal(images.read(np.arange(6))[..., 0], X)


def test_compressed_idx_files_and_their_plain_twins(tmp_path):
    write(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    both = open_data(tmp_path)
    for path in tmp_path.glob("*ubyte"):
        path.unlink()
    assert open_data(tmp_path).fingerprint() == both.fingerprint()


def test_idx_validation_part(tmp_path):
    images = open_data(write(tmp_path, parts=("train", "valid", "test")))
    assert np.bincount(images.given_split).tolist() == [6, 6, 6]


def spoiled(folder: Path, name: str, change) -> Path:
    path = write(folder) / name
    path.write_bytes(change(path.read_bytes()))
    return folder


IMAGES = "train-images-idx3-ubyte"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda p: spoiled(p, IMAGES, lambda b: b[:-1]), "size or kind", id="cut"),
        pytest.param(lambda p: spoiled(p, IMAGES, lambda b: b + b"x"), "size or kind", id="longer"),
        pytest.param(lambda p: spoiled(p, IMAGES, lambda _: b""), "complete IDX", id="empty"),
        pytest.param(
            lambda p: spoiled(p, IMAGES, lambda b: b"\0\0\x0d" + b[3:]), "size or kind", id="floats"
        ),
        pytest.param(
            lambda p: spoiled(p, IMAGES, lambda b: b"\0\0\x08\xff" + b"\xff" * 2000),
            "complete IDX",
            id="255-dimensions",
        ),
        pytest.param(
            lambda p: spoiled(p, IMAGES, lambda b: b[:4] + b"\x7f" * 12 + b[16:]),
            "more bytes than there is memory",
            id="a-bomb",
        ),
        pytest.param(
            lambda p: spoiled(p, "train-labels-idx1-ubyte", lambda _: idx(Y[:4])),
            "6 pictures and 4 labels",
            id="fewer-labels",
        ),
        pytest.param(
            lambda p: write(p, parts=("t10k",)), "received only test files", id="no-train"
        ),
        pytest.param(
            lambda p: write(write(p), parts=("extra",)), "received extra-images", id="unknown-part"
        ),
        pytest.param(
            lambda p: write(write(p), parts=("other-train",)),
            "Keep one data set a folder",
            id="two-data-sets",
        ),
    ],
)
def test_unusable_idx_files_get_one_clear_line(tmp_path, make, message):
    folder = make(tmp_path)
    with pytest.raises(DataError, match=message) as caught:
        open_data(folder)
    assert str(caught.value).isprintable()


def test_idx_without_labels(tmp_path):
    (write(tmp_path) / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(
        DataError, match=r"labels in train-labels-idx1-ubyte\[\.gz\]; received none"
    ):
        open_data(tmp_path)


def test_damaged_gzip(tmp_path):
    path = write(tmp_path) / IMAGES
    path.with_name(f"{IMAGES}.gz").write_bytes(gzip.compress(path.read_bytes())[:30])
    path.unlink()
    with pytest.raises(DataError, match="complete IDX"):
        open_data(tmp_path)
