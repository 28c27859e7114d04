"""What `compile`, `fit`, `evaluate` and `predict` really do in a replay.

A `fit` is forecast from its first steps. If it fits the time it is given it runs in full;
otherwise on a seeded, stratified sample of rows: epochs, order, head, loss and optimiser stay the
script's own. The frozen part of a model is run once and kept.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    anatomy,
    augmentation,
    boundary,
    feeds,
    frozen,
    interventions,
    ledger,
    scoring,
    sites,
)

WARM_STEPS = 2  # steps that include tracing
TIMED_STEPS = 2
LEAST_ROWS = 128
SAMPLE = 1000  # pictures kept for the probes and for the reference
WORTH_TURNING = 0.15  # points validation must lie behind training
SCORED = 1000  # validation rows scored at most
REMEMBERED_ARGUMENTS = ("optimizer", "loss", "metrics", "loss_weights", "weighted_metrics")


class TooSlow(Exception):  # noqa: N818 - a signal inside one run
    """The training does not fit its time; carries seconds per row."""

    def __init__(self, seconds_per_row: float) -> None:
        super().__init__(seconds_per_row)
        self.seconds_per_row = seconds_per_row


class NeedsSmallerInput(BaseException):
    """Even the smallest useful sample is too slow: the whole diagnosis should shrink the input."""

    def __init__(self, input_size: int, seconds_per_row: float) -> None:
        super().__init__(input_size, seconds_per_row)
        self.input_size = input_size
        self.seconds_per_row = seconds_per_row


class Session:
    """State of one run: settings, originals of the patched methods, and models seen."""

    def __init__(self, settings: dict[str, Any], store: frozen.Store) -> None:
        self.settings = settings
        self.store = store
        self.original: dict[str, Callable[..., Any]] = {}
        self.depth = 0  # above zero, Keras and we are talking among ourselves
        self.compiled: dict[int, dict[str, Any]] = {}
        self.cuts: dict[int, tuple[tuple[int, ...], frozen.Cut | None]] = {}
        self.fits = 0
        self.trained_rows: set[bytes] = set()  # digests of the rows of the last `fit`
        self.pictures: list[dict[str, Any]] = []  # frozen predictions that may be trained on later
        self.partial: dict[
            int, np.ndarray
        ] = {}  # rows of a sampled predict that were computed, by length

    @property
    def fit_seconds(self) -> float:
        """Time that one training may take."""
        return float(self.settings["fit_seconds"])

    @property
    def seed(self) -> int:
        """Seed of every sample."""
        return int(self.settings.get("seed", 0))


SESSION: Session  # set by `run`


class _Inside:
    def __enter__(self) -> None:
        SESSION.depth += 1

    def __exit__(self, *_: object) -> None:
        SESSION.depth -= 1


def compile_model(model: Any, *args: Any, **kwargs: Any) -> Any:
    """`Model.compile`, with the repairs that belong here."""
    original = SESSION.original["compile"]
    if SESSION.depth:
        return original(model, *args, **kwargs)
    named = dict(zip(("optimizer", "loss", "loss_weights", "metrics"), args, strict=False))
    named.update(kwargs)
    site = sites.here()
    active = interventions.ACTIVE
    named.update(active.arguments("compile", site))
    before_compile(model)
    output = active.one("set-output")
    if output is not None:
        named["loss"] = _loss(output["loss"], output["from_logits"])
        named["metrics"] = ["accuracy"]
    rate = active.one("set-learning-rate")
    if rate is not None and rate.get("line") in (None, site["line"] if site else None):
        named["optimizer"] = _with_rate(named.get("optimizer", "rmsprop"), float(rate["value"]))
    SESSION.compiled[id(model)] = {
        "arguments": named,
        "site": site,
        "model": model,
        "trainable": frozenset(id(v) for v in model.trainable_variables),
    }
    loss, logits = anatomy.describe_loss(named.get("loss"))
    ledger.RECORD.event("compile", site, loss=loss, from_logits=logits,
                        metrics=[str(m) for m in _flat(named.get("metrics"))])  # fmt: skip
    return original(model, **named)


def before_compile(model: Any) -> None:
    """Freeze what a repair freezes."""
    active = interventions.ACTIVE
    base = anatomy.base_of(model)
    layers = anatomy.flat_layers(base["model"]) if base else []
    if active.one("freeze-backbone") is not None:
        _set_trainable(layers, value=False)
    if active.one("freeze-batchnorm") is not None:
        _set_trainable(
            [layer for layer in layers if type(layer).__name__ == "BatchNormalization"], value=False
        )
    if active.one("make-head-trainable") is not None:
        base_trainable = [layer for layer in layers if layer.trainable]
        for layer in model._flatten_layers():
            if base is None or id(layer) not in base["ids"]:
                _set_trainable([layer], value=True)
        kept = {id(layer) for layer in base_trainable}
        _set_trainable([layer for layer in layers if id(layer) not in kept], value=False)
    momentum = active.one("batchnorm-momentum")
    if momentum is not None:
        for layer in anatomy.flat_layers(model):
            if type(layer).__name__ == "BatchNormalization" and layer.trainable:
                layer.momentum = float(momentum["value"])


def _set_trainable(layers: list[Any], *, value: bool) -> None:
    for layer in layers:
        setattr(layer, "trainable", value)  # noqa: B010 - a replay's repair, not a way of training


def fit(model: Any, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
    """`Model.fit`: read, sample, repair, train, score."""
    if SESSION.depth:
        return SESSION.original["fit"](model, x, y, **kwargs)
    site = sites.here()
    active = interventions.ACTIVE
    kwargs.update(active.arguments("fit", site))
    number = SESSION.fits
    SESSION.fits += 1
    with _Inside():
        train, validation, how = _feeds(x, y, kwargs)
    if train is None or train.y is None:
        ledger.RECORD.event("fit", site, unreadable=True, given=type(x).__name__)
        return _unread_fit(model, x, y, kwargs, site, number)
    ledger.RECORD.event("fit", site, epochs=int(kwargs.get("epochs", 1)),
                        validation_split=float(kwargs.get("validation_split") or 0))  # fmt: skip
    with _Inside():
        train, validation = _repair_feeds(train, validation)
        _repair_model(model)
        for feed in (train, validation):
            if feed is not None:
                boundary.fit_size(feed, model)
        plan = _Plan(model, train, validation, kwargs, site, number, how)
        plan.measure_before()
        with augmentation.wanted_off("train"):
            history = plan.train()
        plan.measure_after(history)
    return history


def _unread_fit(model: Any, x: Any, y: Any, kwargs: dict[str, Any], site: Any, number: int) -> Any:
    """Data only Keras can read: let it train, within its time."""
    with _Inside():
        history = SESSION.original["fit"](model, x, y, **kwargs)
    claimed = _claimed(history)
    ledger.RECORD.fits.append({"number": number, "site": site, "unreadable": True})
    if claimed is not None:
        ledger.RECORD.scores.append({"by": "fit", "site": site, "claimed": claimed, "honest": None,
                                     "n": 0, "fit": number})  # fmt: skip
    ledger.RECORD.write(status="running")
    return history


def _feeds(
    x: Any, y: Any, kwargs: dict[str, Any]
) -> tuple[feeds.Feed | None, feeds.Feed | None, str]:
    limit = int(SESSION.settings.get("max_rows", 6000))
    with augmentation.wanted_off("train"):
        train = feeds.read(
            x, y, batch_size=kwargs.get("batch_size"), steps=kwargs.get("steps_per_epoch"),
            limit=limit, sample_weight=kwargs.get("sample_weight"),
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
            steps=kwargs.get("validation_steps"), limit=limit,
        )  # fmt: skip
    return train, validation, "data"


def _repair_feeds(
    train: feeds.Feed, validation: feeds.Feed | None
) -> tuple[feeds.Feed, feeds.Feed | None]:
    active = interventions.ACTIVE
    drop = active.one("drop-rows")
    if drop is not None:
        train = train.take(np.flatnonzero(~np.isin(train.rows, drop["rows"])))
        train.complete = True
    if active.one("resplit") is not None and validation is not None and validation.y is not None:
        train, validation = _resplit(train, validation)
    if active.one("shuffle-training") is not None:
        order = np.random.default_rng(SESSION.seed).permutation(len(train))
        train = train.take(order)
        train.reshuffles, train.source, train.complete = True, None, True
    boundary.convert_feed(train, part="train")
    _relabel(train, part="train")
    if validation is not None:
        boundary.convert_feed(validation, part="validation")
        _relabel(validation, part="validation")
    return train, validation


def _relabel(feed: feeds.Feed, *, part: str) -> None:
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
        return np.eye(y.shape[-1], dtype=y.dtype)[new.astype(int)]
    return new.reshape(y.shape) if new.size == y.size else new


def _text(value: float) -> str:
    """The name that a label goes by in the evidence."""
    return str(int(value)) if float(value).is_integer() else repr(round(float(value), 6))


def _resplit(train: feeds.Feed, validation: feeds.Feed) -> tuple[feeds.Feed, feeds.Feed]:
    x = np.concatenate([train.x, validation.x])
    y = np.concatenate([train.y, validation.y])  # type: ignore[list-item]
    labels = feeds.label_indices(y)
    held = feeds.stratified(labels, len(validation), SESSION.seed + 1)
    rest = np.setdiff1d(np.arange(len(x)), held)
    rest = np.random.default_rng(SESSION.seed).permutation(rest)
    parts = []
    for feed, rows in ((train, rest), (validation, held)):
        parts.append(feeds.Feed(x=x[rows], y=y[rows], planned=feed.planned,
                                batch_size=feed.batch_size, reshuffles=True,
                                rows=np.arange(len(rows))))  # fmt: skip
    return parts[0], parts[1]


def _repair_model(model: Any) -> None:
    active = interventions.ACTIVE
    stored = SESSION.compiled.get(id(model))
    if stored is None:
        return
    needs = active.one("recompile") is not None or active.one("make-head-trainable") is not None
    if active.one("freeze-backbone") is not None or active.one("freeze-batchnorm") is not None:
        before = frozenset(id(v) for v in model.trainable_variables)
        before_compile(model)
        needs = needs or before != frozenset(id(v) for v in model.trainable_variables)
    if not needs:
        return
    before_compile(model)
    arguments = dict(stored["arguments"])
    arguments["optimizer"] = _fresh(arguments.get("optimizer", "rmsprop"))
    SESSION.original["compile"](model, **arguments)
    stored["trainable"] = frozenset(id(v) for v in model.trainable_variables)


class _Plan:
    """One training: what is known before, how it is run, what is known after."""

    def __init__(
        self, model: Any, train: feeds.Feed, validation: feeds.Feed | None,
        kwargs: dict[str, Any], site: Any, number: int, how: str,
    ) -> None:  # fmt: skip
        self.model, self.train_feed, self.validation_feed = model, train, validation
        self.kwargs, self.site, self.number, self.how = kwargs, site, number, how
        self.epochs = max(1, int(kwargs.get("epochs", 1)) - int(kwargs.get("initial_epoch") or 0))
        self.batch_size = train.batch_size or 32
        self.base = anatomy.base_of(model)
        self.record: dict[str, Any] = {"number": number, "site": site}
        self.seconds_per_row = 0.0

    # --- before -------------------------------------------------------------------------

    def measure_before(self) -> None:
        model, train = self.model, self.train_feed
        self._drop_uncomputed()
        sample = _spread(len(self.train_feed), SAMPLE)
        self.sample_rows = sample
        self.kept_rows = np.arange(len(self.train_feed))  # positions in the feed as first read
        self._build()
        stored = SESSION.compiled.get(id(model), {})
        arguments = stored.get("arguments", {})
        loss, logits = anatomy.describe_loss(arguments.get("loss"))
        labels = feeds.label_indices(self.train_feed.y)
        steps = self.kwargs.get("steps_per_epoch") or int(np.ceil(train.planned / self.batch_size))
        compiled_for = stored.get("trainable", frozenset())
        now = frozenset(id(v) for v in model.trainable_variables)
        shown = boundary.look(model, self.train_feed.x[_spread(len(self.train_feed), 32)])
        self.record |= {
            **anatomy.describe_head(model),
            "compile_site": stored.get("site"), "loss": loss, "from_logits": logits,
            "optimizer": type(model.optimizer).__name__.lower() if model.optimizer else "",
            "learning_rate": _rate(model), "batch_size": self.batch_size, "epochs": self.epochs,
            "planned_updates": int(steps) * self.epochs, "n_train": train.planned,
            "shuffle": self._shuffle(), "validation": self.how,
            "size_of_pictures": list(train.x.shape[1:]),
            "n_validation": self.validation_feed.planned if self.validation_feed else 0,
            "train_random": train.random_pixels, "train_reshuffles": train.reshuffles,
            "validation_random": bool(self.validation_feed and self.validation_feed.random_pixels),
            "validation_seen_again": self.validation_feed.seen_again if self.validation_feed else 1.0,
            "label_shape": list(np.shape(train.y)), "label_dtype": str(train.y.dtype),
            "trainable_changed_after_compile": bool(compiled_for and compiled_for != now),
            "trained_before": getattr(model, "train_function", None) is not None,
            "trainable_parameters": int(sum(np.prod(v.shape) for v in model.trainable_variables)),
            "base": anatomy.describe_base(model, self.base) if self.base else None,
            "callbacks": [_describe_callback(c) for c in _flat(self.kwargs.get("callbacks"))],
            "class_weight": bool(self.kwargs.get("class_weight")),
            "in_model_augmentation": [
                {"layer": type(layer).__name__, "site": anatomy.built_at(layer)}
                for layer in anatomy.flat_layers(model)
                if anatomy.is_random(layer) and "Dropout" not in type(layer).__name__
            ],
        }  # fmt: skip
        if self.base is None:
            self._link_features()
        self._keep("train", self.train_feed, sample, shown)
        some = self.train_feed.x[_spread(len(self.train_feed), 20_000)]
        SESSION.trained_rows = {feeds.digest_row(row) for row in some}
        self._keep_augmented()
        if self.validation_feed is not None:
            rows = _spread(len(self.validation_feed), SAMPLE)
            shown = boundary.look(
                model, self.validation_feed.x[_spread(len(self.validation_feed), 32)]
            )
            self._keep("validation", self.validation_feed, rows, shown)
            self._overlap()
        self._keep_all_labels(labels)
        self.kernels = {
            id(v): np.array(v.value) for v in model.trainable_variables if len(v.shape) >= 2
        }
        self.statistics = {id(v): np.array(v.value) for v in _statistics(model)}
        self.record["first_loss"] = self._loss(shown=None)

    def _build(self) -> None:
        """A subclassed model has no variables before it sees data."""
        if not self.model.built or not self.model.weights:
            self.model(self.train_feed.x[:1])

    def _drop_uncomputed(self) -> None:
        """Rows that a sampled `predict` did not compute never train and are never scored."""
        for name in ("train_feed", "validation_feed"):
            feed = getattr(self, name)
            if feed is None or feed.x.dtype.kind != "f":
                continue
            first = feed.x.reshape(len(feed.x), -1)[:, 0]
            if np.isnan(first).any() and SESSION.partial:
                setattr(self, name, feed.take(np.flatnonzero(~np.isnan(first))))

    def _shuffle(self) -> bool | None:
        if self.train_feed.source is None:
            return bool(self.kwargs.get("shuffle", True))
        return None

    def _link_features(self) -> None:
        """Trained on frozen predictions? Then the pictures are those the backbone was given."""
        for part, feed in (("train", self.train_feed), ("validation", self.validation_feed)):
            if feed is None:
                continue
            for seen in reversed(SESSION.pictures):
                if seen["n"] == feed.planned or seen["n"] == len(feed):
                    self.record[f"features_of_{part}"] = seen["key"]
                    self.record["base"] = self.record["base"] or seen["base"]
                    break

    def _keep(self, part: str, feed: feeds.Feed, rows: np.ndarray, shown: Any) -> None:
        arrays, key = ledger.RECORD.arrays, f"fit{self.number}_{part}"
        rows = rows[_affordable(feed.x[rows])]
        arrays[f"{key}_x"] = _pictures_for_keeping(feed.x[rows])
        if feed.y is not None:
            arrays[f"{key}_y"] = feeds.label_indices(feed.y[rows])
        for name, value in shown.items():
            arrays[f"{key}_{name}"] = value
        if feed.x.ndim == 4:
            keep = _spread(len(feed), 4000)
            arrays[f"{key}_thumbs"] = boundary.thumbnails(feed.x[keep])
            arrays[f"{key}_thumb_rows"] = keep

    def _keep_augmented(self) -> None:
        """The same pictures plain and randomly changed, where anything changes them."""
        feed, arrays, key = self.train_feed, ledger.RECORD.arrays, f"fit{self.number}_train"
        layers = [layer for layer in anatomy.flat_layers(self.model)
                  if anatomy.is_random(layer) and "Dropout" not in type(layer).__name__]  # fmt: skip
        if feed.x.ndim != 4:
            return
        if layers:
            rows = _spread(len(feed), 400)
            plain, labels = feed.x[rows], feeds.label_indices(feed.y)[rows]
            changed = plain.astype(np.float32)
            for layer in layers:
                changed = np.asarray(layer(changed, training=True))
        elif feed.random_pixels and feed.source is not None:
            with augmentation.switched_off():
                still = feeds.read(feed.source, None, batch_size=None, steps=None, limit=400)
            if still is None or still.y is None:
                return
            plain, labels = still.x, feeds.label_indices(still.y)
            known = {feeds.digest_row(row) for row in feed.x}
            if np.mean([feeds.digest_row(row) in known for row in plain]) > 0.5:
                return  # the switch does not reach what changes them
            changed = feed.x[: len(plain)]
            if not np.array_equal(feeds.label_indices(feed.y)[: len(plain)], labels):
                changed = _paired(changed, feeds.label_indices(feed.y)[: len(plain)], labels)
        else:
            return
        if changed.shape != plain.shape:
            return
        arrays[f"{key}_plain"], arrays[f"{key}_augmented"] = plain[:64], changed[:64]
        arrays[f"{key}_plain_thumbs"] = boundary.thumbnails(plain)
        arrays[f"{key}_augmented_thumbs"] = boundary.thumbnails(changed)
        arrays[f"{key}_augmented_labels"] = labels

    def _keep_all_labels(self, labels: np.ndarray) -> None:
        arrays = ledger.RECORD.arrays
        arrays[f"fit{self.number}_train_labels"] = labels
        if self.train_feed.y is not None:
            raw = np.asarray(self.train_feed.y)
            arrays[f"fit{self.number}_raw_labels"] = raw[:2000]
        if self.validation_feed is not None and self.validation_feed.y is not None:
            arrays[f"fit{self.number}_validation_labels"] = feeds.label_indices(
                self.validation_feed.y
            )

    def _overlap(self) -> None:
        """Which validation rows the training part has too, value for value."""
        train, validation = self.train_feed, self.validation_feed
        if validation is None or train.x.shape[1:] != validation.x.shape[1:]:
            return
        known = SESSION.trained_rows
        rows = _spread(len(validation), 5000)
        same = [feeds.digest_row(row) in known for row in validation.x[rows]]
        self.duplicates = rows[np.asarray(same, bool)]
        self.record["exact_overlap"] = float(np.mean(same))

    def _loss(self, shown: Any) -> float | None:
        """Loss on a few rows in inference mode."""
        feed = self.train_feed
        rows = self.sample_rows[:64]
        try:
            outputs = self.model(feed.x[rows], training=False)
            return float(np.mean(self.model.compute_loss(x=None, y=feed.y[rows], y_pred=outputs)))
        except Exception:  # noqa: BLE001 - a custom loss may want more than this
            return None

    # --- training -----------------------------------------------------------------------

    def train(self) -> Any:
        wanted = self._wanted_rows()
        if wanted is not None:
            self._sample(wanted)
        cut = _cut(self.model) if self._may_cut() else None
        started = time.monotonic()
        try:
            history = self._train_on(cut)
        except TooSlow as slow:
            self.seconds_per_row = slow.seconds_per_row
            rows = int(SESSION.fit_seconds / (slow.seconds_per_row * self.epochs))
            if rows < LEAST_ROWS and not SESSION.settings.get("shrunk"):
                side = self.train_feed.x.shape[1] if self.train_feed.x.ndim == 4 else 0
                raise NeedsSmallerInput(side, slow.seconds_per_row * self.epochs) from None
            self._sample({"train": max(rows, LEAST_ROWS), "validation": max(rows // 3, 300)})
            history = self._train_on(cut, may_give_up=False)
        self.record["seconds"] = time.monotonic() - started
        self.record["cut"] = cut is not None
        return history

    def _wanted_rows(self) -> dict[str, int] | None:
        rows = self.settings_rows()
        return rows.get(str(self.number)) if rows else None

    @staticmethod
    def settings_rows() -> dict[str, Any]:
        return dict(SESSION.settings.get("rows") or {})

    def _sample(self, wanted: dict[str, int]) -> None:
        for name, n in (("train_feed", wanted["train"]), ("validation_feed", wanted["validation"])):
            feed = getattr(self, name)
            if feed is not None and len(feed) > n:
                rows = feeds.stratified(feeds.label_indices(feed.y), n, SESSION.seed)
                setattr(self, name, feed.take(rows))
                if name == "train_feed":
                    self.kept_rows = self.kept_rows[rows]
                    self.sample_rows = _spread(len(rows), SAMPLE)

    def _may_cut(self) -> bool:
        return not (
            self.train_feed.random_pixels
            or self.record["trainable_changed_after_compile"]
            or type(self.model).train_step is not _library_train_step(self.model)
        )

    def _train_on(self, cut: frozen.Cut | None, *, may_give_up: bool = True) -> Any:
        keep = ("verbose", "epochs", "initial_epoch", "class_weight", "validation_freq")
        arguments = {k: v for k, v in self.kwargs.items() if k in keep}
        arguments["verbose"] = 0
        callbacks = list(_flat(self.kwargs.get("callbacks")))
        if interventions.ACTIVE.one("set-learning-rate") is not None:
            callbacks = [c for c in callbacks if "LearningRate" not in type(c).__name__
                         and "ReduceLR" not in type(c).__name__]  # fmt: skip
        train, validation = self.train_feed, self.validation_feed
        arguments["batch_size"] = self.batch_size
        arguments["shuffle"] = self._order()
        if train.sample_weight is not None:
            arguments["sample_weight"] = train.sample_weight
        x, y = train.x, train.y
        if train.random_pixels and train.source is not None:
            return self._train_on_source(callbacks, arguments, may_give_up=may_give_up)
        if cut is None:
            return self._train_directly(
                x, y, validation, callbacks, arguments, may_give_up=may_give_up
            )
        extra = boundary.signature()
        if may_give_up:
            self._forecast_trunk(cut, x, validation)
        x = SESSION.store.outputs(cut.trunk, x, extra)
        self._keep_features(x)
        if validation is not None:
            arguments["validation_data"] = (
                SESSION.store.outputs(cut.trunk, validation.x, extra), validation.y,
            )  # fmt: skip
        stored = dict(SESSION.compiled[id(self.model)]["arguments"])
        stored["optimizer"] = self.model.optimizer
        SESSION.original["compile"](cut.rest, **stored)
        callbacks = [_for_whole(self.model, callback) for callback in callbacks]
        callbacks.append(_stop_together(self.model, cut.rest))
        history = SESSION.original["fit"](cut.rest, x, y, callbacks=callbacks, **arguments)
        self.metrics_of = cut.rest
        self.model.history = history
        return history

    def _keep_features(self, features: np.ndarray) -> None:
        """Pooled frozen features of some training rows, for probes that ask what they tell."""
        rows = _spread(len(features), 600)
        some = features[rows].astype(np.float32)
        if some.ndim == 4:
            some = some.mean(axis=(1, 2))
        if some.shape[-1] <= 8192:
            arrays = ledger.RECORD.arrays
            arrays[f"fit{self.number}_train_features"] = some.astype(np.float16)
            arrays[f"fit{self.number}_train_feature_rows"] = self.kept_rows[rows]

    def _order(self) -> bool:
        feed = self.train_feed
        if interventions.ACTIVE.one("shuffle-training") is not None:
            return True
        if feed.source is None:
            return bool(self.kwargs.get("shuffle", True)) or feed.reshuffles
        labels = feeds.label_indices(feed.y)
        # a buffer too small to mix the classes is kept as it is: the order it gave
        return feed.reshuffles and purity(labels, self.batch_size) < 1.3 * expected_purity(
            labels, self.batch_size
        )

    def _forecast_trunk(self, cut: frozen.Cut, x: np.ndarray, validation: Any) -> None:
        if len(x) <= 2 * frozen.CHUNK:
            return
        frozen.forward(cut.trunk, x[: frozen.CHUNK])  # traces
        started = time.monotonic()
        frozen.forward(cut.trunk, x[: frozen.CHUNK])
        each = (time.monotonic() - started) / frozen.CHUNK
        n = len(x) + (len(validation) if validation else 0)
        if each * n > SESSION.fit_seconds:
            raise TooSlow(each * n / len(x) / self.epochs)

    def _train_directly(
        self, x: Any, y: Any, validation: Any, callbacks: list[Any], arguments: dict[str, Any],
        *, may_give_up: bool,
    ) -> Any:  # fmt: skip
        if validation is not None:
            arguments["validation_data"] = (validation.x, validation.y)
        state = _State(self.model)
        watch = _stopwatch(len(x), self.batch_size, self.epochs, give_up=may_give_up)
        try:
            history = SESSION.original["fit"](
                self.model, x, y, callbacks=[*callbacks, watch], **arguments
            )
        except TooSlow:
            state.restore()
            raise
        self.metrics_of = self.model
        return history

    def _train_on_source(
        self, callbacks: list[Any], arguments: dict[str, Any], *, may_give_up: bool
    ) -> Any:
        """Random pictures are drawn anew each epoch: only the data set itself can do that."""
        import keras

        for name in ("batch_size", "shuffle", "sample_weight"):
            arguments.pop(name, None)
        feed = self.train_feed
        if self.kwargs.get("steps_per_epoch"):
            arguments["steps_per_epoch"] = self.kwargs["steps_per_epoch"]
        if not may_give_up:  # a sample: whole batches of the data set
            arguments["steps_per_epoch"] = max(1, len(feed) // self.batch_size)
        if self.validation_feed is not None:
            arguments["validation_data"] = (self.validation_feed.x, self.validation_feed.y)
        source = feed.source
        if arguments.get("steps_per_epoch") and hasattr(source, "repeat"):
            source = source.repeat()
        watch = _stopwatch(feed.planned, self.batch_size, self.epochs, give_up=may_give_up)
        state = _State(self.model)
        try:
            history = SESSION.original["fit"](
                self.model, source, callbacks=[*callbacks, watch], **arguments
            )
        except TooSlow:
            state.restore()
            raise
        self.metrics_of = self.model
        del keras
        return history

    # --- after --------------------------------------------------------------------------

    def measure_after(self, history: Any) -> None:
        model = self.model
        losses = [float(v) for v in history.history.get("loss", [])]
        self.record |= {
            "losses": losses,
            "n_train_used": len(self.train_feed),
            "rows": {
                "train": len(self.train_feed),
                "validation": len(self.validation_feed) if self.validation_feed else 0,
            },
            "sampled": len(self.train_feed) < self.train_feed.planned,
            "accuracy_metric": anatomy.accuracy_metric(self.metrics_of),
            "input_size": int(self.train_feed.x.shape[1]) if self.train_feed.x.ndim == 4 else 0,
        }
        self._changes()
        feed = self.train_feed
        rows = _spread(len(feed), 400)
        outputs = infer(model, feed.x[rows])
        labels = feeds.label_indices(feed.y)[rows]
        self.record["train_accuracy"] = scoring.accuracy(outputs, labels)
        ledger.RECORD.arrays[f"fit{self.number}_train_predicted"] = scoring.classes_of(outputs)
        self.record["train_accuracy_in_training_mode"] = self._in_training_mode(
            rows[:128], labels[:128]
        )
        claimed = _claimed(history)
        self.record["claimed"] = claimed
        if self.validation_feed is not None and self.validation_feed.y is not None:
            duplicates = getattr(self, "duplicates", None)
            self._transformed()
            score(model, self.validation_feed, by="fit", site=self.site, claimed=claimed,
                  fit=self.number, duplicates=duplicates)  # fmt: skip
        ledger.RECORD.fits.append(self.record)
        ledger.RECORD.write(status="running")

    def _transformed(self) -> None:
        """Where validation is far behind training: does turning or mirroring its pictures help?"""
        feed = self.validation_feed
        rows = _spread(len(feed), 200)
        if feed.x.ndim != 4 or feed.x.shape[1] != feed.x.shape[2]:
            return
        labels = feeds.label_indices(feed.y)[rows]
        plain = scoring.accuracy(infer(self.model, feed.x[rows]), labels)
        if not self.record["train_accuracy"] - plain > WORTH_TURNING:
            return
        self.record["by_transform"] = {
            name: scoring.accuracy(infer(self.model, turn(feed.x[rows])), labels)
            for name, turn in boundary.TRANSFORMS.items()
        }

    def _changes(self) -> None:
        base = self.base["ids"] if self.base else set()
        inside = {
            id(w) for layer in anatomy.flat_layers(self.model) if id(layer) in base
            for w in layer.weights
        }  # fmt: skip
        moved, size, unchanged = 0.0, 0.0, 0
        for variable in self.model.trainable_variables:
            old = self.kernels.get(id(variable))
            if old is None:
                continue
            new = np.asarray(variable.value)
            unchanged += bool(np.array_equal(old, new))
            if id(variable) in inside:
                moved += float(np.square(new - old, dtype=np.float64).sum())
                size += float(np.square(old, dtype=np.float64).sum())
        drift = [
            float(np.abs(np.asarray(v.value) - self.statistics[id(v)]).mean()
                  / (np.abs(self.statistics[id(v)]).mean() + 1e-6))
            for v in _statistics(self.model) if id(v) in inside
        ]  # fmt: skip
        self.record["weight_change"] = float(np.sqrt(moved / size)) if size else 0.0
        self.record["statistics_change"] = float(np.mean(drift)) if drift else 0.0
        self.record["unchanged_trainable"] = unchanged
        self.record["n_trainable_kernels"] = len(self.kernels)

    def _in_training_mode(self, rows: np.ndarray, labels: np.ndarray) -> float | None:
        """Accuracy with batch statistics and dropout as in training; the state is put back."""
        state = _State(self.model, trainable=False)
        try:
            outputs = np.asarray(self.model(self.train_feed.x[rows], training=True))
        except Exception:  # noqa: BLE001 - some subclassed models take no `training`
            return None
        finally:
            state.restore()
        return scoring.accuracy(outputs, labels)


def score(
    model: Any, feed: feeds.Feed, *, by: str, site: Any, claimed: float | None,
    fit: int | None = None, duplicates: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Measure accuracy on labelled rows in inference mode, and note it as a score."""
    labels = feeds.label_indices(feed.y)
    rows = np.arange(len(feed))
    if len(feed) > SCORED:
        rows = feeds.stratified(labels, SCORED, SESSION.seed)
    outputs = infer(model, feed.x[rows])
    classes, labels = scoring.classes_of(outputs), labels[rows]
    number = len(ledger.RECORD.scores)
    trained_on = np.mean([feeds.digest_row(row) in SESSION.trained_rows for row in feed.x[rows]])
    ledger.RECORD.arrays[f"score{number}_classes"] = classes
    ledger.RECORD.arrays[f"score{number}_labels"] = labels
    entry = {"by": by, "site": site, "claimed": claimed, "honest": scoring.accuracy(outputs, labels),
             "n": len(rows), "fit": fit, "number": number, "model": model.name,
             "trained_on": float(trained_on),
             "input_size": int(feed.x.shape[1]) if feed.x.ndim == 4 else 0}  # fmt: skip
    if duplicates is not None and len(duplicates):
        clean = ~np.isin(feed.rows[rows], feed.rows[duplicates] if feed.complete else duplicates)
        if clean.any():
            entry["without_duplicates"] = float(np.mean(classes[clean] == labels[clean]))
            entry["n_without_duplicates"] = int(clean.sum())
    ledger.RECORD.scores.append(entry)
    return outputs


def infer(model: Any, x: np.ndarray) -> np.ndarray:
    """Inference-mode outputs, through the kept frozen part where there is one."""
    cut = _cut(model)
    if cut is not None:
        return frozen.forward(cut.rest, SESSION.store.outputs(cut.trunk, x, boundary.signature()))
    outputs = SESSION.original["predict"](model, x, batch_size=32, verbose=0)
    return np.asarray(outputs)


def evaluate(model: Any, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
    """`Model.evaluate`: on a sample where it is long, and measured a second time by us."""
    if SESSION.depth:
        return SESSION.original["evaluate"](model, x, y, **kwargs)
    site = sites.here()
    with _Inside():
        feed = feeds.read(x, y, batch_size=kwargs.get("batch_size"), steps=kwargs.get("steps"),
                          limit=int(SESSION.settings.get("max_rows", 6000)))  # fmt: skip
        if feed is None or feed.y is None:
            return SESSION.original["evaluate"](model, x, y, **kwargs)
        boundary.convert_feed(feed, part="validation")
        _relabel(feed, part="validation")
        _without_uncomputed(feed)
        boundary.fit_size(feed, model)
        if len(feed) > SCORED:
            feed = feed.take(feeds.stratified(feeds.label_indices(feed.y), SCORED, SESSION.seed))
        kept = {k: v for k, v in kwargs.items() if k in ("return_dict", "sample_weight")}
        result = SESSION.original["evaluate"](
            model, feed.x, feed.y, batch_size=feed.batch_size or 32, verbose=0, **kept
        )
        number = len(ledger.RECORD.scores)
        score(model, feed, by="evaluate", site=site, claimed=_accuracy_in(model, result))
        _keep_scored(model, feed, number)
    ledger.RECORD.event("evaluate", site)
    return result


def predict(model: Any, x: Any, **kwargs: Any) -> Any:
    """`Model.predict`: on a sample of rows where all would take too long (others become NaN)."""
    if SESSION.depth:
        return SESSION.original["predict"](model, x, **kwargs)
    site = sites.here()
    with _Inside():
        feed = feeds.read(x, None, batch_size=kwargs.get("batch_size"), steps=kwargs.get("steps"),
                          limit=20_000)  # fmt: skip
        if feed is None:
            return SESSION.original["predict"](model, x, **kwargs)
        boundary.convert_feed(feed, part="prediction")
        boundary.fit_size(feed, model)
        outputs, rows = _timed_predict(model, feed)
        labels = None if feed.y is None else feeds.label_indices(feed.y)
        trained = id(model) in SESSION.compiled
        scoring.predicted(outputs, labels, rows)
        ledger.RECORD.event("predict", site, n=len(feed), shuffled=feed.reshuffles, trained=trained)
        base = anatomy.base_of(model)
        if base is not None and not trained:
            _remember_pictures(model, base, feed)
        elif trained and feed.x.ndim == 4:
            ledger.RECORD.arrays["predicted_x"] = _pictures_for_keeping(
                feed.x[_spread(len(feed), 64)]
            )
    return outputs


def _timed_predict(model: Any, feed: feeds.Feed) -> tuple[np.ndarray, np.ndarray]:
    n = len(feed)
    allowed = SESSION.fit_seconds * 0.8
    first = frozen.CHUNK
    if n <= 3 * first:
        return infer(model, feed.x), np.arange(n)
    infer_chunk(model, feed.x[:first])
    started = time.monotonic()
    infer_chunk(model, feed.x[:first])
    each = (time.monotonic() - started) / first
    if each * n <= allowed:
        return SESSION.store.outputs(model, feed.x, boundary.signature()), np.arange(n)
    keep = max(LEAST_ROWS, int(allowed / each))
    rows = np.sort(np.random.default_rng(SESSION.seed).choice(n, min(keep, n), replace=False))
    some = SESSION.store.outputs(model, feed.x[rows], boundary.signature())
    outputs = np.full((n, *some.shape[1:]), np.nan, some.dtype)
    outputs[rows] = some
    SESSION.partial[n] = rows
    return outputs, rows


def infer_chunk(model: Any, x: np.ndarray) -> np.ndarray:
    """One chunk through the same compiled function that the rest will take."""
    return frozen.forward(model, x)


def _remember_pictures(model: Any, base: dict[str, Any], feed: feeds.Feed) -> None:
    key = f"predict{len(SESSION.pictures)}"
    rows = _spread(len(feed), SAMPLE)
    shown = boundary.look(model, feed.x[_spread(len(feed), 32)])
    arrays = ledger.RECORD.arrays
    arrays[f"{key}_x"] = _pictures_for_keeping(feed.x[rows])
    for name, value in shown.items():
        arrays[f"{key}_{name}"] = value
    if feed.x.ndim == 4:
        arrays[f"{key}_thumbs"] = boundary.thumbnails(feed.x[_spread(len(feed), 4000)])
    SESSION.pictures.append(
        {"key": key, "n": len(feed), "base": anatomy.describe_base(model, base)}
    )
    ledger.RECORD.facts["pictures"] = list(SESSION.pictures)


def _keep_scored(model: Any, feed: feeds.Feed, number: int) -> None:
    arrays = ledger.RECORD.arrays
    arrays[f"score{number}_x"] = _pictures_for_keeping(feed.x[_spread(len(feed), SAMPLE)])
    for name, value in boundary.look(model, feed.x[_spread(len(feed), 32)]).items():
        arrays[f"score{number}_{name}"] = value
    if feed.x.ndim == 4:
        arrays[f"score{number}_thumbs"] = boundary.thumbnails(feed.x[_spread(len(feed), 4000)])


def _without_uncomputed(feed: feeds.Feed) -> None:
    if feed.x.dtype.kind == "f" and SESSION.partial:
        fine = np.flatnonzero(~np.isnan(feed.x.reshape(len(feed.x), -1)[:, 0]))
        if len(fine) < len(feed.x):
            kept = feed.take(fine)
            feed.x, feed.y, feed.rows = kept.x, kept.y, kept.rows


def _cut(model: Any) -> frozen.Cut | None:
    """The cut for the model as it is now; made again when what is trainable has changed."""
    now = tuple(id(v) for v in model.trainable_variables)
    known = SESSION.cuts.get(id(model))
    if known is None or known[0] != now:
        try:
            made = frozen.cut(model)
        except Exception:  # noqa: BLE001 - a graph that cannot be cut is simply run whole
            made = None
        SESSION.cuts[id(model)] = (now, made)
    return SESSION.cuts[id(model)][1]


class _State:
    """Variables of a model and its optimiser, to go back to."""

    def __init__(self, model: Any, *, trainable: bool = True) -> None:
        chosen = model.variables if trainable else model.non_trainable_variables
        optimizer = getattr(model, "optimizer", None)
        extra = list(optimizer.variables) if optimizer is not None and trainable else []
        self._kept = [(v, np.array(v.value)) for v in [*chosen, *extra]
                      if "seed" not in v.name]  # fmt: skip

    def restore(self) -> None:
        for variable, value in self._kept:
            variable.assign(value)


def _stopwatch(n: int, batch_size: int, epochs: int, *, give_up: bool) -> Any:
    import keras

    class Stopwatch(keras.callbacks.Callback):
        """Forecasts the training from its first steps."""

        def __init__(self) -> None:
            super().__init__()
            self.steps, self.started = 0, 0.0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.steps += 1
            if self.steps == WARM_STEPS:
                self.started = time.monotonic()
            if self.steps == WARM_STEPS + TIMED_STEPS and give_up:
                each = (time.monotonic() - self.started) / TIMED_STEPS
                if each * (n / batch_size) * epochs > SESSION.fit_seconds:
                    raise TooSlow(each / batch_size)

    return Stopwatch()


def _for_whole(model: Any, callback: Any) -> Any:
    """A callback that saves or restores means the whole model, not the part that is trained."""
    callback.set_model(model)
    callback.set_model = lambda _: None
    return callback


def _stop_together(model: Any, rest: Any) -> Any:
    import keras

    class StopTogether(keras.callbacks.Callback):
        """Early stopping speaks to the whole model; the part in training must hear it."""

        def on_train_begin(self, logs: Any = None) -> None:
            model.stop_training = False

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if model.stop_training:
                rest.stop_training = True

    return StopTogether()


def _library_train_step(model: Any) -> Any:
    import keras

    return keras.Model.train_step


def _statistics(model: Any) -> list[Any]:
    return [
        weight
        for layer in anatomy.flat_layers(model)
        if type(layer).__name__ == "BatchNormalization" and hasattr(layer, "moving_mean")
        for weight in (layer.moving_mean, layer.moving_variance)
    ]


def _with_rate(optimizer: Any, rate: float) -> Any:
    import keras

    config = keras.optimizers.get(optimizer).get_config() | {"learning_rate": rate}
    return type(keras.optimizers.get(optimizer)).from_config(config)


def _fresh(optimizer: Any) -> Any:
    import keras

    built = keras.optimizers.get(optimizer)
    return type(built).from_config(built.get_config())


def _loss(name: str, from_logits: bool) -> Any:
    import keras

    classes = {
        "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
        "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
        "binary_crossentropy": keras.losses.BinaryCrossentropy,
    }
    return classes[name](from_logits=from_logits)


def _rate(model: Any) -> float:
    try:
        return float(np.asarray(model.optimizer.learning_rate))
    except (AttributeError, TypeError, ValueError):
        return float("nan")


def _claimed(history: Any) -> float | None:
    """The validation accuracy of the last epoch, as Keras reports it."""
    for name, values in history.history.items():
        if name.startswith("val_") and "acc" in name and values:
            return float(values[-1])
    return None


def _accuracy_in(model: Any, result: Any) -> float | None:
    if isinstance(result, dict):
        return next((float(v) for k, v in result.items() if "acc" in k), None)
    names = ["loss", *[m.name for m in anatomy.walk_metrics(model) if m.name != "loss"]]
    values = np.atleast_1d(np.asarray(result, float))
    for name, value in zip(names, values.tolist(), strict=False):
        if "acc" in name:
            return float(value)
    return None


def _describe_callback(callback: Any) -> dict[str, Any]:
    mode = None
    compare = getattr(callback, "monitor_op", None)
    if compare is not None:
        mode = {"less": "min", "greater": "max"}.get(getattr(compare, "__name__", ""))
    return {
        "class": type(callback).__name__, "monitor": getattr(callback, "monitor", None),
        "mode": getattr(callback, "mode", None) or mode,
        "restore_best_weights": getattr(callback, "restore_best_weights", None),
        "save_best_only": getattr(callback, "save_best_only", None),
        "site": anatomy.built_at(callback),
    }  # fmt: skip


def _paired(x: np.ndarray, labels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Rows of `x` reordered so that their labels are `wanted`, as far as they go round."""
    pools = {c: list(np.flatnonzero(labels == c)) for c in np.unique(labels)}
    rows = [pools[c][i % len(pools[c])] if pools.get(c) else 0 for i, c in enumerate(wanted)]
    return x[rows]


def _flat(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    return [value]


def _spread(n: int, most: int) -> np.ndarray:
    """At most `most` row numbers, evenly spread over n."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(int)) if n else np.zeros(0, int)


def _affordable(x: np.ndarray) -> np.ndarray:
    """Which of these pictures to keep: few if they are large."""
    return _spread(len(x), max(16, int(24e6 / max(1, x[:1].nbytes))))


def _pictures_for_keeping(x: np.ndarray) -> np.ndarray:
    kept = x[_affordable(x)]
    return kept.astype(np.float32) if kept.dtype.kind == "f" else kept


def purity(labels: np.ndarray, batch_size: int) -> float:
    """Mean share of the commonest class in a batch."""
    starts = range(0, max(1, len(labels) - batch_size + 1), batch_size)
    shares = [
        np.unique(labels[s : s + batch_size], return_counts=True)[1].max()
        / len(labels[s : s + batch_size])
        for s in starts
    ]
    return float(np.mean(shares))


def expected_purity(labels: np.ndarray, batch_size: int) -> float:
    """The same for the same labels in random order."""
    return purity(np.random.default_rng(0).permutation(labels), batch_size)
