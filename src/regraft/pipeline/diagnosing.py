"""`why`: a diagnosis, and beside it what a plain head on the same pictures reaches."""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from regraft.backbones.weights import find_weights
from regraft.data.open import open_data
from regraft.diagnose.diagnosis import Diagnosis, Material
from regraft.diagnose.failure import failure, left_out
from regraft.diagnose.replays import Script
from regraft.diagnose.why import diagnose_script
from regraft.errors import InvalidArgumentError, RegraftError, expected_received
from regraft.features.extract import extract
from regraft.heads.choose_l2 import fit_head
from regraft.heads.linear import probabilities
from regraft.observer import Nobody, Observer
from regraft.pipeline.model_in_hand import without_sites, write_script
from regraft.planning.default import choose

WHY_SECONDS = 180.0
MODEL_EPOCHS, MODEL_BATCH = 5, 32  # where a model is asked about, not a script
REFERENCE_HELD_EVERY = 6


def why(
    subject: Any,
    train: Any = None,
    validation: Any = None,
    *,
    epochs: int = MODEL_EPOCHS,
    batch_size: int = MODEL_BATCH,
    budget: float = WHY_SECONDS,
    python: str | None = None,
    arguments: tuple[str, ...] = (),
    fix: str | Path | None = None,
    progress: Observer | None = None,
) -> Diagnosis:
    """Find out, by measuring repairs, why a validation accuracy is low.

    `why("train.py")` asks about a script; `why(model, train, validation)`, in a notebook, about
    a compiled model and its data. A model is trained on from the weights it has: give it as it
    was before its training. Loaded weights count as pretrained.

    Args:
        subject: Path of a `.py` script or `.ipynb` notebook that trains with Keras, or a compiled
            Keras model. It is run as it is, several times, in child processes that cannot change
            any file.
        train: Of a model: `(x, y)`, or a data set that gives batches of them.
        validation: Of a model: likewise.
        epochs: Of a model: as given to its `fit`.
        batch_size: Of a model trained on arrays: likewise.
        budget: Seconds, beyond those the script needs to prepare its own data.
        python: Interpreter to run it with; None means this one.
        arguments: Of the script.
        fix: Where to write the repaired script; it is then run and measured too.
        progress: Is told how the job goes.

    Raises:
        RegraftError: If there is no such script, or the model is not compiled or cannot be saved.
    """
    observer = progress or Nobody()
    if not isinstance(subject, str | Path):
        with tempfile.TemporaryDirectory(prefix="regraft-model-") as folder:
            script = write_script(
                subject, train, validation, Path(folder), epochs=epochs, batch_size=batch_size
            )
            diagnosis = why(script, budget=budget, progress=progress)
        return without_sites(diagnosis)
    path = Path(subject)
    require_script_to_write(fix)
    run = Script(
        path=path,
        arguments=arguments,
        python=python or sys.executable,
        # what shows notebooks runs them where they lie
        cwd=path.resolve().parent if path.suffix == ".ipynb" else Path.cwd(),
    )
    diagnosis = diagnose_script(run, budget=budget, progress=observer.note, fix=fix)
    if diagnosis.material is None:
        return diagnosis
    observer.note("fitting a reference classifier on the same pictures")
    return _with_reference(diagnosis, diagnosis.material)


def require_script_to_write(fix: str | Path | None) -> None:
    """Refuse, before the work, a repaired script under a name that no script has.

    Raises:
        InvalidArgumentError: If `fix` does not end in .py.
    """
    if fix is not None and Path(fix).suffix != ".py":
        raise InvalidArgumentError(
            expected_received(
                "a .py file for the repaired script",
                Path(fix).name,
                "A notebook is repaired as a script of its cells, too.",
            )
        )


def _with_reference(diagnosis: Diagnosis, material: Material) -> Diagnosis:
    """The diagnosis with what a plain head reaches; where that cannot be told, with why not."""
    started = time.monotonic()
    accuracy, notes = None, diagnosis.notes
    try:
        accuracy = _reference(material)
    except RegraftError as error:  # one class only, no weights: nothing to compare with
        notes = (*notes, f"no reference classifier was fitted: {error}")
    except Exception as error:  # noqa: BLE001 - the diagnosis stands without this number
        notes = (*notes, left_out(failure("a reference classifier", error)))
    return replace(
        diagnosis,
        regraft_fit=accuracy,
        notes=notes,
        seconds=diagnosis.seconds + time.monotonic() - started,
    )


def _reference(material: Material) -> float:
    """Validation accuracy of a head on the default plan, fitted on a replay's own pictures.

    A thousand small pictures or 160 large ones, as a replay keeps them: seconds, whatever is left
    of the budget.
    """
    x = np.concatenate([material.train, material.validation])
    y = np.concatenate([material.train_labels, material.validation_labels])
    images = open_data((x, y))
    choice = choose(images, backbone="auto")
    features = extract(
        images, row=choice.row, weights=find_weights(choice.row), size=choice.size,
        requests=choice.requests, cache=None,
    )  # fmt: skip
    rows = np.arange(len(x))
    n = len(material.train)
    held = rows[:n:REFERENCE_HELD_EVERY]  # chooses the regularisation
    fitted = np.setdiff1d(rows[:n], held)
    both = [(features.of(choice.requests, part), images.labels[part]) for part in (fitted, held)]
    head = fit_head(*both[0], validation=both[1], n_classes=len(images.class_names))
    scored = probabilities(head, features.of(choice.requests, rows[n:])).argmax(axis=1)
    return float(np.mean(scored == images.labels[n:]))
