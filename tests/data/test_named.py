import importlib
import os
import subprocess
import sys

import numpy as np
import pytest

from regraft.data.named import KERAS_CLASSES, NAMES
from regraft.data.open import open_data
from regraft.errors import DataError


def test_digits_ship_with_the_package():
    images = open_data("digits")
    assert len(images) == 6000
    assert images.class_names == tuple("0123456789")
    assert images.uniform_shape == (28, 28, 1)
    assert np.bincount(images.given_split).tolist() == [5000, 0, 1000]
    shares = [
        np.bincount(images.labels[images.given_split == part]) / n
        for part, n in ((0, 5000), (2, 1000))
    ]
    assert np.abs(shares[0] - shares[1]).max() < 0.01
    assert len(np.unique(images.identity())) == 6000


def test_digits_need_no_keras():
    code = (
        "import sys; from regraft.data.open import open_data; open_data('digits');"
        "sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.shared
def test_digits_are_those_of_mnist(shared_offline):
    mnist = open_data(shared_offline / "keras_home" / "datasets" / "mnist.npz")
    digits = open_data("digits")
    for part in (0, 2):
        known = set(mnist.take(np.flatnonzero(mnist.given_split == part)).pictures.digests())
        drawn = digits.take(np.flatnonzero(digits.given_split == part)).pictures.digests()
        assert known.issuperset(drawn)


class KerasDataset:
    """Stands in for keras.datasets.NAME, so that the test needs neither Keras nor a network."""

    def __init__(self, *, n_classes: int = 10, fails: bool = False) -> None:
        self.n_classes, self.fails = n_classes, fails

    def load_data(self):
        if self.fails:
            raise Exception("URL fetch failure on https://example.invalid: None")  # noqa: TRY002  as Keras does
        y = np.tile(np.arange(self.n_classes, dtype=np.uint8), 3)[:, np.newaxis]
        x = np.random.default_rng(0).integers(0, 256, (len(y), 8, 8, 3), dtype=np.uint8)
        return (x, y), (x[: len(y) // 3], y[: len(y) // 3])


@pytest.mark.parametrize("name", KERAS_CLASSES)
def test_keras_names(monkeypatch, name):
    n_classes = 100 if name == "cifar100" else 10
    stand_in = KerasDataset(n_classes=n_classes)
    monkeypatch.setattr(
        importlib, "import_module", lambda path: {f"keras.datasets.{name}": stand_in}[path]
    )
    images = open_data(name)
    assert images.name == name
    assert images.class_names == (KERAS_CLASSES[name] or tuple(map(str, range(n_classes))))
    assert np.bincount(images.given_split).tolist() == [3 * n_classes, 0, n_classes]
    assert images.labels.max() == n_classes - 1


def test_no_network_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(importlib, "import_module", lambda _: KerasDataset(fails=True))
    with pytest.raises(
        DataError, match="cifar10 in Keras's cache or from the network; received URL"
    ):
        open_data("cifar10")


def test_names_are_known_once():
    assert len(set(NAMES)) == len(NAMES) == 5


@pytest.mark.shared
@pytest.mark.slow
def test_fashion_mnist_through_keras_equals_its_idx_files(shared_offline):
    code = (
        "from regraft.data.open import open_data;"
        "images = open_data('fashion_mnist'); print(images.class_names[0], images.labels[:9])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(shared_offline), "src"])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    idx = open_data(shared_offline / "keras_home" / "datasets" / "fashion-mnist")
    assert done.stdout.strip() == f"T-shirt/top {idx.labels[:9]}", done.stderr
