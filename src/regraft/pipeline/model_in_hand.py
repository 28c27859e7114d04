"""A model in a notebook as the script that `why` can run: saved, and trained as it stands."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.diagnose.diagnosis import Cause, Diagnosis
from regraft.errors import InvalidArgumentError, expected_received

MOST_ROWS = 6000  # of a data set that is read in batches, as for one in a script

SCRIPT = """\
from pathlib import Path

import keras
import numpy as np

here = Path(__file__).parent
model = keras.saving.load_model(here / "model.keras", safe_mode=False)
x_train, y_train = np.load(here / "train_x.npy"), np.load(here / "train_y.npy")
x_validation = np.load(here / "validation_x.npy")
y_validation = np.load(here / "validation_y.npy")
model.fit(
    x_train, y_train, epochs={epochs}, batch_size={batch_size},
    validation_data=(x_validation, y_validation),
)
"""


def write_script(
    model: Any, train: Any, validation: Any, folder: Path, *, epochs: int, batch_size: int
) -> Path:
    """Save a compiled model and its data in a folder, with the script that trains it.

    Args:
        model: A compiled Keras model.
        train: `(x, y)` or a data set of batches of them.
        validation: Likewise.
        folder: Where to write; must exist.
        epochs: As given to `fit`.
        batch_size: Of arrays; a data set brings its own.

    Raises:
        InvalidArgumentError: If the model is not compiled, or something is missing.
    """
    if getattr(model, "optimizer", None) is None:
        raise InvalidArgumentError(
            expected_received(
                "a path of a script, or a compiled Keras model",
                f"{type(model).__name__}, not compiled",
                "Call model.compile(...) first, as for model.fit.",
            )
        )
    for name, part in (("train", train), ("validation", validation)):
        x, y, found = _rows(name, part)
        np.save(folder / f"{name}_x.npy", x, allow_pickle=False)
        np.save(folder / f"{name}_y.npy", y, allow_pickle=False)
        if name == "train":
            batch_size = found or batch_size
    _require_known(model)
    model.save(folder / "model.keras")
    script = folder / "model_in_hand.py"
    script.write_text(SCRIPT.format(epochs=epochs, batch_size=batch_size), encoding="utf-8")
    return script


def _require_known(model: Any) -> None:
    """Refuse a model with parts that another process knows nothing of."""
    parts: list[Any] = [*map(type, model._flatten_layers()), getattr(model, "loss", None)]
    own = [
        str(part.__name__)
        for part in parts
        if hasattr(part, "__name__") and not str(part.__module__).startswith("keras")
    ]
    if own:
        raise InvalidArgumentError(
            expected_received(
                "a model of Keras's own layers and losses",
                f"{own[0]} of your own",
                "Ask about the script that defines it: regraft why train.py.",
            )
        )


def without_sites(diagnosis: Diagnosis) -> Diagnosis:
    """The same answer without lines and patches, which would be those of our own script."""

    def bare(causes: Sequence[Cause]) -> tuple[Cause, ...]:
        return tuple(replace(cause, where=(), patch=None) for cause in causes)

    return replace(
        diagnosis, script="the model", source_site=None, findings=bare(diagnosis.findings)
    )


Rows = tuple[npt.NDArray[Any], npt.NDArray[Any], int | None]


def _rows(name: str, part: Any) -> Rows:
    """Pictures, labels, and the size of the batches they came in, if they did."""
    if isinstance(part, tuple | list) and len(part) == 2:
        return np.asarray(part[0]), np.asarray(part[1]), None
    if part is None or (not hasattr(part, "__iter__") and not hasattr(part, "__getitem__")):
        raise InvalidArgumentError(
            expected_received(f"(x, y) or batches of them as {name}", repr(type(part).__name__))
        )
    xs: list[npt.NDArray[Any]] = []
    ys: list[npt.NDArray[Any]] = []
    # those of Keras that can be asked for a batch by its number go round without end otherwise
    is_numbered = hasattr(part, "__getitem__") and hasattr(part, "__len__")
    for batch in (part[i] for i in range(len(part))) if is_numbered else part:
        xs.append(np.asarray(batch[0]))
        ys.append(np.asarray(batch[1]))
        if sum(map(len, xs)) >= MOST_ROWS:
            break
    return np.concatenate(xs), np.concatenate(ys), len(xs[0])
