"""`why`: a diagnosis, and beside it what a plain head on the same pictures reaches."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from regraft.backbones.weights import find_weights
from regraft.data.open import open_data
from regraft.diagnose.diagnosis import Diagnosis, Material
from regraft.diagnose.replays import Script
from regraft.diagnose.why import diagnose_script
from regraft.errors import DataError
from regraft.features.extract import extract
from regraft.heads.choose_l2 import fit_head
from regraft.heads.linear import probabilities
from regraft.pipeline.observer import Nobody, Observer
from regraft.planning.default import choose

WHY_SECONDS = 180.0
REFERENCE_HELD_EVERY = 6


def why(
    script: str | Path,
    *,
    budget: float = WHY_SECONDS,
    python: str | None = None,
    arguments: tuple[str, ...] = (),
    fix: str | Path | None = None,
    progress: Observer | None = None,
) -> Diagnosis:
    """Find out, by measuring repairs, why a training script's validation accuracy is low.

    Args:
        script: A `.py` script or `.ipynb` notebook that trains with Keras. It is run as it is,
            several times, in child processes that cannot change any file.
        budget: Seconds, beyond those the script needs to prepare its own data.
        python: Interpreter to run it with; None means this one.
        arguments: Of the script.
        fix: Where to write the repaired script; it is then run and measured too.
        progress: Is told how the job goes.

    Raises:
        RegraftError: If there is no such script.
    """
    observer = progress or Nobody()
    run = Script(path=Path(script), arguments=arguments, python=python or sys.executable)
    diagnosis = diagnose_script(run, budget=budget, progress=observer.note, fix=fix)
    if diagnosis.material is None or diagnosis.seconds > budget:
        return diagnosis
    observer.note("fitting a reference classifier on the same pictures")
    started = time.monotonic()
    return replace(
        diagnosis,
        regraft_fit=_reference(diagnosis.material),
        seconds=diagnosis.seconds + time.monotonic() - started,
    )


def _reference(material: Material) -> float | None:
    """Validation accuracy of a head on the default plan, fitted on a replay's own pictures."""
    x = np.concatenate([material.train, material.validation])
    y = np.concatenate([material.train_labels, material.validation_labels])
    try:
        images = open_data((x, y))
    except DataError:  # one class only, a class with one picture: nothing to compare with
        return None
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
