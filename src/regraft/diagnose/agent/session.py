"""State of one run, and the signals that end a training early."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from regraft.diagnose.agent import frozen


class TooSlow(Exception):
    """A signal: the training does not fit its time. Carries seconds per row."""

    def __init__(self, seconds_per_row: float) -> None:
        super().__init__(seconds_per_row)
        self.seconds_per_row = seconds_per_row


class NeedsSmallerInput(BaseException):
    """Even the smallest useful sample is too slow: the whole diagnosis should shrink the input."""

    def __init__(self, input_size: int, seconds_per_row: float) -> None:
        super().__init__(input_size, seconds_per_row)
        self.input_size = input_size
        self.seconds_per_row = seconds_per_row


class TooManyFits(BaseException):
    """A signal: all trainings together take too long. Carries how many there were."""

    def __init__(self, fits: int) -> None:
        super().__init__(fits)
        self.fits = fits


MANY_FITS = 4  # folds, or epochs one by one: each then gets less time than one or two phases do


class Session:
    """State of one run: settings, originals of the patched methods, and models seen."""

    def __init__(self, settings: dict[str, Any], store: frozen.Store) -> None:
        self.settings = settings
        self.store = store
        self.original: dict[str, Callable[..., Any]] = {}
        self.depth = 0  # above zero, Keras and we are talking among ourselves
        self.compiled: dict[int, dict[str, Any]] = {}
        self.cuts = frozen.Cuts()
        self.fits = 0
        self.seconds_in_fits = 0.0
        self.started = time.monotonic()
        self.trained_rows: set[bytes] = set()  # digests of the rows of the last `fit`
        self.tape_site: dict[str, Any] | None = None  # where gradients were last recorded
        self.share_remembered = 1.0  # of these rows
        self.earlier_rows: set[bytes] = set()  # and of those before
        self.trained_sources: list[Any] = []  # data sets and generators that `fit` was given
        # variables that were trained, with what they held before the first `fit` that trained them
        self.first_kernels: dict[int, tuple[Any, np.ndarray]] = {}
        self.learnt: set[bytes] = set()  # digests of weights as a `fit` left them
        self.loads = 0  # of weights, from files
        self.trains = False  # is a training going on?
        self.reloaded: set[int] = set()  # ids of models given weights of a file since their `fit`
        self.pictures: list[dict[str, Any]] = []  # frozen predictions that may be trained on later
        self.predicted_rows: dict[str, dict[bytes, int]] = {}  # their rows by digest, by key
        self.predicted_labels: dict[str, np.ndarray] = {}  # one a row, where they came with labels
        # pictures and features of frozen networks asked batch by batch, by the id of the network
        self.batches: dict[int, list[tuple[Any, np.ndarray, np.ndarray]]] = {}
        self.resplit: dict[int, Any] = {}  # training and validation rows of a new split, by model
        self.unsplit: dict[int, Any] = {}  # trainings that wait for validation rows, by model
        self.asked_alone: list[np.ndarray] = []  # pictures that were predicted one by one
        self.is_partial = False  # did a `predict` leave rows out?

    def has_fitted(self, model: Any) -> bool:
        """Was this model trained as it was last compiled?"""
        return bool(self.compiled.get(id(model), {}).get("fitted"))

    @property
    def fit_seconds(self) -> float:
        """Time that one training may take."""
        return float(self.settings["fit_seconds"])

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """Around each training of the script.

        Raises:
            TooManyFits: If those before took all the time that all may take, in a run that may ask
                for shorter ones.
        """
        limit = self.settings.get("all_fits_seconds")
        if limit and self.fits >= MANY_FITS and self.seconds_in_fits > limit:
            raise TooManyFits(self.fits)
        started = time.monotonic()
        self.trains = True
        try:
            yield
        finally:
            self.trains = False
            self.seconds_in_fits += time.monotonic() - started

    @property
    def may_sample(self) -> bool:
        """May this run choose its rows, or must it take those of the unrepaired one?"""
        return bool(self.settings.get("may_sample", True))

    @property
    def may_shrink(self) -> bool:
        """May this run end early and ask for a smaller input?"""
        return bool(self.settings.get("may_shrink", False))

    @property
    def is_probed(self) -> bool:
        """Will rules judge this run, or is it only scored?"""
        return bool(self.settings.get("is_probed", True))

    @property
    def seed(self) -> int:
        """Seed of every sample."""
        return int(self.settings.get("seed", 0))


def computed_rows(x: Any) -> np.ndarray | None:
    """Rows that a sampled `predict` did compute; None if all were."""
    array = np.asarray(x)
    if not SESSION.is_partial or array.dtype.kind != "f" or not array.size:
        return None
    fine = ~np.isnan(array.reshape(len(array), -1)[:, 0])
    return None if fine.all() else np.flatnonzero(fine)


SESSION = Session({"fit_seconds": 0.0}, frozen.Store(Path()))  # replaced by the run


@contextlib.contextmanager
def inside() -> Iterator[None]:
    """While Keras and this agent talk among themselves: nothing of it is the script's."""
    SESSION.depth += 1
    try:
        yield
    finally:
        SESSION.depth -= 1
