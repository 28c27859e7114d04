"""`resume`: go on with a `fit` that was killed or stopped, in its own folder."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regraft.artefact.results import FitResult
from regraft.data.open import Data
from regraft.errors import InvalidArgumentError, expected_received
from regraft.observer import Nobody, Observer
from regraft.pipeline.finetuning import is_decided, seconds_spent
from regraft.pipeline.fitting import carry_out
from regraft.pipeline.request import Request, Work, data_as_json
from regraft.pipeline.running import Run


def resume(
    run: str | Path,
    *,
    data: Data | None = None,
    given: Mapping[str, Any] | None = None,
    progress: Observer | None = None,
) -> FitResult:
    """Go on with a `fit` that was killed or stopped, in its own folder.

    A run that had not decided anything yet starts again.

    Args:
        run: The folder.
        data: Needed only for a run on pictures in memory: the same ones again.
        given: Arguments of `fit` that must be those of the run.
        progress: Is told how the job goes.

    Raises:
        RegraftError: If the folder holds no unfinished run, the data have changed, or an argument
            given contradicts the run.
    """
    began = time.monotonic()
    taken = Run.resume(Path(run))
    with taken.held():
        asked, plan = taken.facts["request"], taken.facts.get("plan", {})
        request = Request.from_json({**asked, **plan}, data=data)
        named = {} if data is None or asked["data"] is None else {"data": data}
        _require_same({**(given or {}), **named}, asked, plan, taken.folder)
        work = Work(
            request=request,
            began=began,
            spent=seconds_spent(taken),
            command=taken.facts["command"],
            out=taken.folder,
            tunes=is_decided(taken),
        )
        return carry_out(work, taken, lambda _: taken, progress or Nobody())


def _require_same(
    given: Mapping[str, Any], asked: Mapping[str, Any], plan: Mapping[str, Any], folder: Path
) -> None:
    """Refuse an argument that is neither what the run began with, nor what it decided."""
    began_with = {**asked, "out": str(folder.absolute())}
    for name, value in given.items():
        field = _FIELDS.get(name, name)
        plain = _plain(name, value)
        if plain not in (began_with[field], plan.get(field, began_with[field])):
            raise InvalidArgumentError(
                expected_received(
                    f"{name} {began_with[field]}, as the run in {folder} began",
                    f"{plain}",
                    "Leave it out: a run is resumed as it began.",
                )
            )


_FIELDS = {"tap": "taps", "grid": "grids"}  # argument -> what the record calls it


def _plain(name: str, value: Any) -> Any:
    """An argument as the record holds it."""
    if name == "data":
        return data_as_json(value)
    if isinstance(value, Path):
        return str(value.absolute())
    return list(value) if isinstance(value, tuple) else value
