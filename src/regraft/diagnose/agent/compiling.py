"""`Model.compile`, and what repairs change about a model before it is trained."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    anatomy,
    ends,
    holding,
    interventions,
    ledger,
    samples,
    session,
    sites,
)

SAMPLED_STEPS = 64  # of a schedule
TOP = 1 / 3  # of a network's layers: the last blocks, as guides thaw them


def compile_model(model: Any, **named: Any) -> Any:
    """`Model.compile`, with the repairs that belong here."""
    site = sites.here()
    active = interventions.ACTIVE
    named.update(active.arguments("compile", site))
    before_compile(model)
    output = active.one("set-output")
    if output is not None:
        named["loss"] = _loss(output["loss"], output["from_logits"])
        named["metrics"] = ["accuracy"]
        scoring, passed = anatomy.end_of(model)
        if getattr(scoring, "units", None) == output["units"]:
            ends.give(scoring, passed, output["activation"])
    own_rate = holding.rate_of(named.get("optimizer", "rmsprop"))
    other = other_rate(site, own_rate)
    if other is not None:
        named["optimizer"] = holding.rebuilt(named.get("optimizer", "rmsprop"), learning_rate=other)
    released = active.one("release-optimiser")
    if released is not None:
        named["optimizer"] = holding.released(named.get("optimizer", "rmsprop"), released["names"])
    session.SESSION.compiled[id(model)] = {
        "arguments": named,
        "site": site,
        "rate": own_rate,
        "model": model,
        "fitted": False,
        **_variables(model),
    }
    loss, logits = anatomy.describe_loss(named.get("loss"))
    ledger.RECORD.event("compile", site, loss=loss, from_logits=logits,
                        metrics=[str(m) for m in samples.flat(named.get("metrics"))])  # fmt: skip
    return session.SESSION.original["compile"](model, **named)


def other_rate(site: dict[str, Any] | None, own: float) -> float | None:
    """The rate that a repair gives to what is compiled here, None if it keeps its own.

    Args:
        site: Of the `compile`.
        own: What the script compiles it with.
    """
    wanted = interventions.ACTIVE.one("set-learning-rate")
    if wanted is None or wanted.get("line") not in (None, site["line"] if site else None):
        return None
    before = wanted.get("before")
    # a helper may compile several trainings at one line, each with a rate of its own
    is_meant = before is None or np.isclose(own, before, rtol=1e-4)
    return float(wanted["value"]) if is_meant else None


def before_compile(model: Any) -> None:
    """Freeze what a repair freezes."""
    active = interventions.ACTIVE
    base = anatomy.base_of(model)
    layers = anatomy.flat_layers(base["model"]) if base else []
    if active.one("freeze-backbone") is not None:
        _set_trainable(layers, value=False)
    if active.one("freeze-batchnorm") is not None:
        _set_trainable([layer for layer in layers if anatomy.is_batchnorm(layer)], value=False)
    if active.one("make-head-trainable") is not None:
        base_trainable = [layer for layer in layers if layer.trainable]
        for layer in model._flatten_layers():
            if base is None or id(layer) not in base["ids"]:
                _set_trainable([layer], value=True)
        kept = {id(layer) for layer in base_trainable}
        _set_trainable([layer for layer in layers if id(layer) not in kept], value=False)
    # what a second training was meant for, where the first has trained the head
    if active.one("thaw-top") is not None and session.SESSION.has_fitted(model):
        _set_trainable(model._flatten_layers(), value=True)
        top = layers[-int(TOP * len(layers)) :] if layers else []
        kept = {id(layer) for layer in top if not anatomy.is_batchnorm(layer)}
        _set_trainable([layer for layer in layers if id(layer) not in kept], value=False)
    momentum = active.one("batchnorm-momentum")
    if momentum is not None:
        for layer in anatomy.flat_layers(model):
            if anatomy.is_batchnorm(layer) and layer.trainable:
                layer.momentum = float(momentum["value"])


def _set_trainable(layers: list[Any], *, value: bool) -> None:
    for layer in layers:
        setattr(layer, "trainable", value)  # noqa: B010 - a replay's repair, not a way of training


def repair_model(model: Any) -> None:
    """Compile again where a repair asks for it or changes what is trained."""
    active = interventions.ACTIVE
    if active.one("drop-penalties") is not None:
        holding.drop_penalties(anatomy.flat_layers(model))
    stored = session.SESSION.compiled.get(id(model))
    if stored is None:
        return
    needs = active.one("recompile") is not None or active.one("make-head-trainable") is not None
    if active.one("freeze-backbone") is not None or active.one("freeze-batchnorm") is not None:
        before = trainable(model)
        before_compile(model)
        needs = needs or before != trainable(model)
    if not needs:
        return
    before_compile(model)
    arguments = dict(stored["arguments"])
    arguments["optimizer"] = holding.rebuilt(arguments.get("optimizer", "rmsprop"))
    session.SESSION.original["compile"](model, **arguments)
    stored |= {"fitted": False, **_variables(model)}


def trainable(model: Any) -> frozenset[int]:
    """The ids of all variables that are trainable by now."""
    return frozenset(id(v) for v in model.trainable_variables)


def _variables(model: Any) -> dict[str, frozenset[int]]:
    """What `compile` knows of: all variables there are by now, and those that are trainable."""
    return {
        "trainable": trainable(model),
        "variables": frozenset(id(v) for v in model.variables),
    }


def _loss(name: str, from_logits: bool) -> Any:
    import keras

    classes = {
        "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
        "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
        "binary_crossentropy": keras.losses.BinaryCrossentropy,
    }
    return classes[name](from_logits=from_logits)


def rate(model: Any) -> float:
    """Learning rate of a compiled model; NaN where there is none."""
    return holding.rate_of(getattr(model, "optimizer", None))


def mean_rate(model: Any, updates: int) -> float:
    """Learning rate on average over the planned updates, where a schedule changes it."""
    if not has_schedule(model):
        return rate(model)
    schedule = model.optimizer._learning_rate
    steps = np.linspace(0, max(0, updates - 1), min(SAMPLED_STEPS, max(1, updates)))
    return float(np.mean([np.asarray(schedule(int(step))) for step in steps]))


def has_schedule(model: Any) -> bool:
    """Does the learning rate follow the number of the update?"""
    schedule = getattr(model.optimizer, "_learning_rate", None)
    return callable(schedule) and not hasattr(schedule, "assign")


@contextlib.contextmanager
def as_compiled(model: Any) -> Iterator[None]:
    """Train what was trainable at `compile`, as Keras does.

    The training step is made by the first `fit` after `compile` and kept: what is frozen or
    unfrozen later has no effect until the next `compile`.
    """
    stored = session.SESSION.compiled.get(id(model))
    changed: list[tuple[Any, bool]] = []
    if stored is not None and stored["fitted"]:
        for layer in anatomy.flat_layers(model):
            own = {id(w) for w in layer.weights} & stored["variables"]
            was = bool(own & stored["trainable"])
            if own and bool(layer.trainable_variables) != was:
                changed.append((layer, layer.trainable))
                _set_trainable([layer], value=was)
    try:
        yield
    finally:
        for layer, value in changed:
            _set_trainable([layer], value=value)
        if stored is not None:
            stored["fitted"] = True
