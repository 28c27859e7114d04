"""Data with a name: what Keras downloads, and the `digits` that ship with the package."""

import importlib
from importlib import resources

import numpy as np

from regraft.data.arrays import from_arrays
from regraft.data.source import TEST, TRAIN, ImageSet
from regraft.data.text import shown
from regraft.errors import DataError, expected_received

BUNDLED = "digits"

# In the order of their label numbers. Keras's pages on each data set list the same names.
KERAS_CLASSES: dict[str, tuple[str, ...] | None] = {
    "mnist": None,  # the digits themselves
    "fashion_mnist": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    "cifar10": (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    "cifar100": None,  # Keras names only the numbers
}

NAMES = (BUNDLED, *KERAS_CLASSES)


def from_name(name: str) -> ImageSet:
    """An `ImageSet` with the official test part as test and the rest as train.

    Keras checks what it downloads against known hashes (the CIFAR files are pickles; Keras reads
    them, regraft itself unpickles nothing).

    Raises:
        DataError: When Keras neither has the data nor can fetch it.
    """
    if name == BUNDLED:
        with (
            resources.files("regraft.data").joinpath("bundled/digits.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as arrays,
        ):
            train = (arrays["x_train"], arrays["y_train"])
            test = (arrays["x_test"], arrays["y_test"])
    else:
        module = importlib.import_module(f"keras.datasets.{name}")
        try:
            train, test = module.load_data()
        except Exception as error:  # Keras raises a bare Exception when a download fails
            received = shown(str(error) or type(error).__name__)
            step = "Connect once, or name a folder, manifest or .npz file."
            raise DataError(
                expected_received(f"{name} in Keras's cache or from the network", received, step)
            ) from error
    return from_arrays({TRAIN: train, TEST: test}, name=name, class_names=KERAS_CLASSES.get(name))
