"""Pictures of a run that outlive it: samples for the probes, thumbnails, what the backbone saw."""

from typing import Any

import numpy as np

from regraft.diagnose.agent import anatomy, answering, boundary, feeds, ledger, samples, session

THUMBNAILS = 4000
LINKED = 4000  # rows of features that are looked up
FEW = 16  # rows of a matrix, to know whether it holds features
FEATURES, WIDEST = 600, 8192  # rows of features that are kept, and numbers a row
SEEN = 32  # pictures that are followed to the backbone
MOST_GRAY = 12e6  # pixels of the same pictures that are kept without their colours
MOST_COLLECTED = 1e9  # bytes of pictures whose features are asked for in batches


def keep(key: str, feed: feeds.Feed, rows: np.ndarray) -> np.ndarray:
    """Some pictures with their labels, as arrays `key_x` and `key_y`.

    Returns:
        Which rows were kept: fewer if they are large.
    """
    rows = rows[samples.affordable(feed.x[rows])]
    ledger.RECORD.arrays[f"{key}_x"] = samples.pictures(feed.x[rows])
    if feed.y is not None:
        ledger.RECORD.arrays[f"{key}_y"] = feeds.label_indices(feed.y[rows])
    return rows


def show(key: str, model: Any, feed: feeds.Feed) -> None:
    """Pictures as they reach the backbone (`key_backbone`), and thumbnails of many."""
    arrays = ledger.RECORD.arrays
    for name, value in boundary.look(model, feed.x[samples.spread(len(feed), SEEN)]).items():
        arrays[f"{key}_{name}"] = value
    if samples.are_pictures(samples.as_pictures(feed.x)):
        rows = samples.spread_within(feed.x, THUMBNAILS)
        arrays[f"{key}_thumbs"] = boundary.thumbnails(feed.x[rows])
        arrays[f"{key}_thumb_rows"] = rows
        is_small = len(rows) * np.prod(feed.x.shape[1:3]) <= MOST_GRAY
        if is_small and session.SESSION.is_probed:  # only probes ask for them
            pictures = samples.as_pictures(feed.x[rows])
            arrays[f"{key}_grays"] = pictures.mean(axis=-1, dtype=np.float32).astype(np.float16)


def keep_features(key: str, features: np.ndarray, positions: np.ndarray) -> None:
    """Pooled frozen features of some rows, for probes that ask what they tell.

    Args:
        key: They are kept as `key_features`, and as `key_feature_rows` where they are among all.
        features: Shape (n, d), or maps (n, height, width, d).
        positions: Of every row, shape (n,).
    """
    rows = samples.spread(len(features), FEATURES)
    some = np.asarray(features[rows], np.float32)
    if some.ndim == 4:
        some = some.mean(axis=(1, 2))
    if some.shape[-1] <= WIDEST:
        ledger.RECORD.arrays[f"{key}_features"] = some.astype(np.float16)
        ledger.RECORD.arrays[f"{key}_feature_rows"] = positions[rows]


def link(key: str, feed: feeds.Feed) -> None:
    """Thumbnails of the pictures that these features were predicted from, row by row.

    Features are told by their values: a split or a new order keeps them, scaling does not. Of the
    pictures that were kept of the prediction, those of these rows become `key_linked_x`: one
    prediction may have been of both parts.
    """
    arrays = ledger.RECORD.arrays
    asked = {int(row): feeds.digest_row(feed.x[row]) for row in samples.spread(len(feed), LINKED)}
    for seen in reversed(session.SESSION.pictures):
        known = session.SESSION.predicted_rows[seen["key"]]
        kept = arrays.get(f"{seen['key']}_thumb_rows", np.zeros(0, int)).tolist()
        place = {position: number for number, position in enumerate(kept)}
        linked = [(row, place[known[d]]) for row, d in asked.items() if known.get(d) in place]
        if 2 * len(linked) > len(asked):
            rows, places = np.array(linked).T
            arrays[f"{key}_thumbs"] = arrays[f"{seen['key']}_thumbs"][places]
            arrays[f"{key}_thumb_rows"] = rows
            if f"{seen['key']}_grays" in arrays:
                arrays[f"{key}_grays"] = arrays[f"{seen['key']}_grays"][places]
            _pick(key, feed, seen["key"], {known[d]: row for row, d in asked.items() if d in known})
            return


def _pick(key: str, feed: feeds.Feed, prediction: str, row_at: dict[int, int]) -> None:
    """The pictures kept of a prediction that these features are of, with their labels."""
    arrays = ledger.RECORD.arrays
    positions = arrays.get(f"{prediction}_x_rows", np.zeros(0, int)).tolist()
    kept = [number for number, position in enumerate(positions) if position in row_at]
    if not kept:
        return
    arrays[f"{key}_linked_x"] = arrays[f"{prediction}_x"][kept]
    if feed.y is not None:
        rows = [row_at[positions[number]] for number in kept]
        arrays[f"{key}_linked_y"] = feeds.label_indices(feed.y[rows])


def remember(model: Any, feed: feeds.Feed, outputs: np.ndarray) -> None:
    """Pictures of which a frozen network told features, and the values of these, row by row."""
    base = anatomy.base_of(model)
    if base is None:
        return
    key = f"predict{len(session.SESSION.pictures)}"
    kept = keep(key, feed, samples.spread(len(feed), samples.ROWS))
    show(key, model, feed)
    arrays = ledger.RECORD.arrays
    arrays[f"{key}_x_rows"] = feed.rows[kept]
    if f"{key}_thumb_rows" in arrays:  # as the script counts them
        arrays[f"{key}_thumb_rows"] = feed.rows[arrays[f"{key}_thumb_rows"]]
    session.SESSION.pictures.append(
        {"key": key, "n": feed.planned, "base": anatomy.describe_base(model, base)}
    )
    session.SESSION.predicted_rows[key] = {
        feeds.digest_row(row): position for position, row in enumerate(outputs)
    }
    if feed.y is not None and len(feed) == len(outputs) and answering.have_one_class(feed.y):
        session.SESSION.predicted_labels[key] = feeds.label_indices(feed.y)
    ledger.RECORD.facts["pictures"] = list(session.SESSION.pictures)


def own_labels(rows: Any) -> np.ndarray | None:
    """The labels that came with the pictures behind rows of features; None where any has none."""
    found = positions(rows)
    labels = None if found is None else session.SESSION.predicted_labels.get(found[0])
    if found is None or labels is None or found[1].min(initial=0) < 0:
        return None
    own: np.ndarray = labels[found[1]]
    return own


def collect(model: Any, x: Any, outputs: Any) -> None:
    """Keep one batch that a frozen network was asked for its features."""
    pictures, features = np.asarray(x), np.asarray(outputs)
    is_known = pictures.ndim == 4 and features.ndim in (2, 4) and len(pictures) == len(features)
    if not is_known or anatomy.base_of(model) is None:
        return
    known = session.SESSION.batches.setdefault(id(model), [])
    if sum(each[1].nbytes for each in known) + pictures.nbytes <= MOST_COLLECTED:
        known.append((model, pictures, features))


def gather() -> None:
    """Put batches together, now that their features are used."""
    for batches in session.SESSION.batches.values():
        shapes = {(x.shape[1:], y.shape[1:]) for _, x, y in batches}
        if len(shapes) == 1:
            x, y = (np.concatenate([each[i] for each in batches]) for i in (1, 2))
            feed = feeds.Feed(x=x, y=None, planned=len(x), rows=np.arange(len(x)))
            with session.inside():
                remember(batches[0][0], feed, y)
    session.SESSION.batches.clear()


def positions(rows: Any) -> tuple[str, np.ndarray] | None:
    """The prediction that rows of features come from, and where they are in it; None without one.

    Args:
        rows: Shape (n, d); scaled ones are known where `follow` saw them scaled.
    """
    digests = [feeds.digest_row(row) for row in np.asarray(rows)]
    seen = prediction_of(digests)
    if seen is None:
        return None
    known = session.SESSION.predicted_rows[seen["key"]]
    return seen["key"], np.array([known.get(digest, -1) for digest in digests], np.int64)


def prediction_of(digests: list[bytes]) -> dict[str, Any] | None:
    """The latest prediction that gave most of these rows, as `SESSION.pictures` has it."""
    seen: dict[str, Any]
    for seen in reversed(session.SESSION.pictures):
        known = session.SESSION.predicted_rows[seen["key"]]
        if 2 * sum(digest in known for digest in digests) > len(digests):
            return seen
    return None


def one_of_batches(digests: list[bytes]) -> dict[str, Any] | None:
    """Where predictions gave these rows together, some of them each: the latest of these.

    Its pictures are scaled as all are; which classes they are of says nothing.
    """
    known = session.SESSION.predicted_rows
    n_known = sum(any(digest in rows for rows in known.values()) for digest in digests)
    if 2 * n_known <= len(digests):
        return None
    pictures = reversed(session.SESSION.pictures)
    return next((s for s in pictures if any(d in known[s["key"]] for d in digests)), None)


def has_features() -> bool:
    """Did a frozen network tell features so far?"""
    return bool(session.SESSION.predicted_rows or session.SESSION.batches)


def follow(before: Any, after: Any) -> None:
    """Features that were scaled or projected row by row still belong to their pictures."""
    gather()
    if len(before) != len(after) or np.ndim(after) != 2:
        return
    few = [feeds.digest_row(before[row]) for row in samples.spread(len(before), FEW)]
    if not any(row in known for known in session.SESSION.predicted_rows.values() for row in few):
        return  # another matrix: loops by hand compute many
    pairs = [(feeds.digest_row(a), feeds.digest_row(b)) for a, b in zip(before, after, strict=True)]
    for known in session.SESSION.predicted_rows.values():
        known |= {new: known[old] for old, new in pairs if old in known}
