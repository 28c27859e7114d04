"""`Model.fit`: read, sample, repair, train, score."""

import time
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    after,
    anatomy,
    before,
    boundary,
    callbacks,
    claims,
    compiling,
    executing,
    interventions,
    ledger,
    preparing,
    resplitting,
    samples,
    session,
    sites,
    streams,
)
from regraft.diagnose.agent.training import Fit

UNREAD = 3.0  # times of a training, for one that cannot be sampled


def fit(model: Any, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
    """`Model.fit`: read, sample, repair, train, score."""
    with session.SESSION.training():
        return _fit(model, x, y, kwargs)


def _fit(model: Any, x: Any, y: Any, kwargs: dict[str, Any]) -> Any:
    site = sites.here()
    active = interventions.ACTIVE
    kwargs.update(active.arguments("fit", site))
    number = session.SESSION.fits
    waited = time.monotonic() - session.SESSION.started
    ledger.RECORD.facts.setdefault("prepared_after", waited)
    session.SESSION.fits += 1
    try:
        with session.inside():
            this = _read(model, x, y, kwargs, site, number)
    except Exception as error:
        if active:
            raise  # not what was asked for: such a run may not be compared
        ledger.RECORD.failed("reading the training", error)
        this = None
    if this is None:
        ledger.RECORD.event("fit", site, unreadable=True, given=type(x).__name__)
        return _unread_fit(model, x, y, kwargs, site, number)
    ledger.RECORD.event("fit", site, epochs=int(kwargs.get("epochs", 1)),
                        validation_split=float(kwargs.get("validation_split") or 0))  # fmt: skip
    if not isinstance(x, np.ndarray | list | tuple | dict):
        session.SESSION.trained_sources.append(x)
    with session.inside():
        resplitting.remember(this)
        history = executing.train(this)
        after.measure_after(this, history)
    return history


def _read(model: Any, x: Any, y: Any, kwargs: dict[str, Any], site: Any, number: int) -> Fit | None:
    """What is about to be trained, repaired and described; None if only Keras can read it."""
    train, validation, how = preparing.given(model, x, y, kwargs)
    if train is None or train.y is None:
        return None
    train, validation = preparing.repair(train, validation)
    compiling.repair_model(model)
    for feed in (train, validation):
        if feed is not None:
            boundary.fit_size(feed, model)
    this = Fit(
        model=model, train=train, validation=validation, arguments=kwargs, site=site,
        number=number, how=how,
    )  # fmt: skip
    executing.refuse_the_hopeless(this)
    before.measure_before(this)
    return this


def _unread_fit(model: Any, x: Any, y: Any, kwargs: dict[str, Any], site: Any, number: int) -> Any:
    """Data only Keras can read: let it train, within its time."""
    watch = callbacks.end_after(UNREAD * session.SESSION.fit_seconds)
    watched = kwargs | {"callbacks": [*samples.flat(kwargs.get("callbacks")), watch]}
    with session.inside():
        history = session.SESSION.original["fit"](model, x, y, **watched)
    claimed = claims.claimed(history)
    session.SESSION.learnt |= set(anatomy.digests(model))
    ledger.RECORD.fits.append({"number": number, "site": site, "unreadable": True,
                               "was_ended": watch.was_needed})  # fmt: skip
    if claimed is not None:
        n = _rows_held_out(y, kwargs)
        ledger.RECORD.scores.append({"by": "fit", "site": site, "claimed": claimed, "honest": None,
                                     "n": n, "fit": number})  # fmt: skip
    ledger.RECORD.write(status="running")
    return history


def _rows_held_out(y: Any, kwargs: dict[str, Any]) -> int:
    """Rows of a validation part that only Keras can read; 0 where nothing says how many."""
    import keras

    def rows(labels: Any) -> int:
        return max((len(leaf) for leaf in keras.tree.flatten(labels) if np.ndim(leaf)), default=0)

    data = kwargs.get("validation_data")
    if data is None:
        return int(rows(y) * float(kwargs.get("validation_split") or 0))
    if isinstance(data, list | tuple):
        return rows(data[1]) if len(data) > 1 else 0
    if not hasattr(data, "cardinality") and not hasattr(data, "__getitem__"):
        return 0  # a look at it would take a batch away
    first: Any = next(iter(streams.batches(data) or ()), None)
    if not isinstance(first, list | tuple) or len(first) < 2:
        return 0
    return max(streams.rows_of_a_pass(data, rows(first[1])) or 0, 0)
