"""`Model.fit`: read, sample, repair, train, score."""

import time
from typing import Any

from regraft.diagnose.agent import (
    after,
    before,
    boundary,
    callbacks,
    compiling,
    executing,
    interventions,
    ledger,
    preparing,
    resplitting,
    samples,
    scoring,
    session,
    sites,
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
    claimed = scoring.claimed(history)
    ledger.RECORD.fits.append({"number": number, "site": site, "unreadable": True})
    if claimed is not None:
        ledger.RECORD.scores.append({"by": "fit", "site": site, "claimed": claimed, "honest": None,
                                     "n": 0, "fit": number})  # fmt: skip
    ledger.RECORD.write(status="running")
    return history
