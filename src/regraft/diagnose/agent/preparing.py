"""The rows of a `fit`: training and validation as given, and as a repair would have them."""

from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    augmentation,
    boundary,
    feeds,
    interventions,
    session,
)
from regraft.diagnose.probe import labels as label_probe
from regraft.diagnose.probe import orders


def given(
    model: Any, x: Any, y: Any, kwargs: dict[str, Any]
) -> tuple[feeds.Feed | None, feeds.Feed | None, str]:
    """Training rows, validation rows, and where the latter come from: "split", "data", "none".

    None stands for rows that only Keras itself can read, and for no validation.
    """
    with augmentation.wanted_off("train"):
        train = feeds.read(
            x, y, batch_size=kwargs.get("batch_size"), steps=kwargs.get("steps_per_epoch"),
            sample_weight=kwargs.get("sample_weight"), is_trained=True, model=model,
        )  # fmt: skip
    split = float(kwargs.get("validation_split") or 0.0)
    given = kwargs.get("validation_data")
    if train is not None and given is None and split > 0 and train.source is None:
        at = int(np.floor(len(train) * (1 - split)))
        ends = train.take(np.arange(at)), train.take(np.arange(at, len(train)))
        for end in ends:
            end.planned, end.complete = len(end), True
        return ends[0], ends[1], "split"
    if given is None:
        return train, None, "none"
    pair = given if isinstance(given, tuple | list) and len(given) in (2, 3) else (given, None)
    with augmentation.wanted_off("validation"):
        validation = feeds.read(
            pair[0], pair[1], batch_size=kwargs.get("validation_batch_size"),
            steps=kwargs.get("validation_steps"), model=model,
        )  # fmt: skip
    if train is not None and validation is not None:
        feeds.tell_redrawn(train, validation)
        feeds.tell_redrawn(validation, train)
    return train, validation, "data"


def repair(
    train: feeds.Feed, validation: feeds.Feed | None
) -> tuple[feeds.Feed, feeds.Feed | None]:
    """The same rows with the repairs carried out that belong to rows, their order and labels."""
    active = interventions.ACTIVE
    drop = active.one("drop-rows")
    if drop is not None:
        train = train.take(np.flatnonzero(~np.isin(train.rows, drop["rows"])))
        train.complete = True
        _detach(train)
    if active.one("ignore-weights") is not None and train.sample_weight is not None:
        _detach(train)
    # of one part only, some of them: before rows change sides
    boundary.convert_feed(train, part="train")
    relabel(train, part="train")
    if validation is not None:
        boundary.convert_feed(validation, part="validation")
        relabel(validation, part="validation")
    again = active.one("resplit")
    is_here = again is not None and not again.get("scored")
    if is_here and validation is not None and validation.y is not None:
        train, validation = resplit(train, validation)
    if active.one("shuffle-training") is not None:
        order = np.random.default_rng(session.SESSION.seed).permutation(len(train))
        train = train.take(order)
        train.reshuffles, train.source, train.complete = True, None, True
    if active.one("keep-pairs") is not None:
        train.reshuffles, train.source = True, None
    if active.one("balance-classes") is not None:
        train = train.take(_balanced(feeds.label_indices(train.labels)))
        train.reshuffles, train.source, train.complete = True, None, True
    reorder = active.one("reorder-labels")
    if reorder is not None and train.y is not None:
        train.y = train.y[orders.orders(len(train))[reorder["order"]]]
        train.source = None
    return train, validation


def _detach(feed: feeds.Feed) -> None:
    """From its source, which would give all rows: pictures that change stay as they were read."""
    if feed.is_drawn_anew:
        feed.source, feed.reshuffles, feed.random_pixels = None, True, False


def relabel(feed: feeds.Feed, *, part: str) -> None:
    """Carry out the repairs of labels; `part` is "train" or "validation"."""
    active = interventions.ACTIVE
    if feed.y is None:
        return
    for parameters in active.all("remap-labels"):
        if parameters["part"] in ("all", part):
            feed.y = _renamed(feed.y, parameters["mapping"])
            feed.source = None
    output = active.one("set-output")
    if output is not None and output["loss"].startswith("sparse"):
        feed.y = feeds.label_indices(feed.y)
        feed.source = None


def _renamed(y: np.ndarray, mapping: dict[str, int]) -> np.ndarray:
    flat = feeds.label_indices(y)
    new = np.array([mapping.get(_text(v), v) for v in flat.tolist()])
    if y.ndim >= 2 and y.shape[-1] > 1:
        return np.asarray(np.eye(y.shape[-1], dtype=y.dtype)[new.astype(int)])
    return new.reshape(y.shape) if new.size == y.size else new


def _text(value: float) -> str:
    """The name that a label goes by in the evidence."""
    return next(iter(label_probe.counts(np.array([value]))))


def _balanced(labels: np.ndarray) -> np.ndarray:
    """As many rows as there are, every class equally often, in random order."""
    rng = np.random.default_rng(session.SESSION.seed)
    classes = np.unique(labels)
    each = -(-len(labels) // len(classes))
    rows = [rng.choice(found, each, replace=len(found) < each)
            for found in (np.flatnonzero(labels == value) for value in classes)]  # fmt: skip
    return np.asarray(rng.permutation(np.concatenate(rows)))


def resplit(train: feeds.Feed, validation: feeds.Feed) -> tuple[feeds.Feed, feeds.Feed]:
    """Split all rows again, at random; copies of one picture stay on one side.

    Validation keeps its class mix, so that its scores compare, unless a class stood on one side.
    """
    x = np.concatenate([train.x, validation.x])
    y = np.concatenate([train.labels, validation.labels])
    labels = feeds.label_indices(y)
    pictures = np.unique([feeds.digest_row(row) for row in x], return_inverse=True)[1].reshape(-1)
    once = _first_of_each(pictures)
    validated = len(train) + _first_of_each(pictures[len(train) :])
    seed = session.SESSION.seed
    held = once[_held_out(labels[once], labels[: len(train)], labels[validated], seed + 1)]
    rest = np.flatnonzero(~np.isin(pictures, pictures[held]))
    rest = np.random.default_rng(seed).permutation(rest)
    parts = []
    for feed, rows in ((train, rest), (validation, held)):
        parts.append(feeds.Feed(x=x[rows], y=y[rows], planned=feed.planned,
                                batch_size=feed.batch_size, reshuffles=True,
                                rows=np.arange(len(rows))))  # fmt: skip
    return parts[0], parts[1]


def _first_of_each(values: np.ndarray) -> np.ndarray:
    return np.sort(np.unique(values, return_index=True)[1])


def _held_out(
    labels: np.ndarray, trained: np.ndarray, validated: np.ndarray, seed: int
) -> np.ndarray:
    """Rows for validation: of the class mix it had, or of that of all rows."""
    if any(label_probe.on_one_side(label_probe.counts(trained), label_probe.counts(validated))):
        return feeds.stratified(labels, len(validated), seed)
    rng = np.random.default_rng(seed)
    values, wanted = np.unique(validated, return_counts=True)
    chosen = [rng.permutation(np.flatnonzero(labels == value))[:n]
              for value, n in zip(values, wanted, strict=True)]  # fmt: skip
    return np.sort(np.concatenate(chosen))
