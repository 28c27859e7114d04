"""Hooks on whole models that are read from files."""

import functools
from collections.abc import Collection
from typing import Any

from regraft.backbones.table import BACKBONES, Backbone
from regraft.diagnose.agent import anatomy, boundary, ledger, session, sites
from regraft.diagnose.agent.hooks import attach

LEAST_TAPS = 3  # names of layers in common that tell a network from another


def hook() -> None:
    """`load_model`: the model may hold a pretrained network that nobody built here."""
    import keras

    original = keras.saving.load_model

    @functools.wraps(original)
    def load_model(*args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        model = original(*args, **kwargs)
        if site is not None and session.SESSION.depth == 0 and hasattr(model, "_flatten_layers"):
            ledger.RECORD.event("load_model", site)
            ledger.RECORD.attempt("the network in a file", recognise, model, site)
        return model

    attach.everywhere(original, load_model)


def recognise(model: Any, site: dict[str, Any]) -> None:
    """Note the pretrained network in a model by the names of its layers, if there is one."""
    nested = [layer for layer in model._flatten_layers() if getattr(layer, "layers", None)]
    for part in [*(inner for inner in nested if inner is not model), model]:
        ids = {id(layer): layer.name for layer in anatomy.flat_layers(part)}
        row = max(BACKBONES, key=lambda row: _shared(row, ids.values()))
        if _shared(row, ids.values()) >= LEAST_TAPS:
            anatomy.BASES.append({
                "name": row.builder.split(":")[1], "model": part, "site": site,
                "weights": "file", "ids": set(ids),
            })  # fmt: skip
            boundary.watch(part)
            return


def _shared(row: Backbone, names: Collection[str]) -> int:
    return len({tap.name for tap in row.taps}.intersection(names))
