"""Everything a user asks of `fit`, in one record that a run's folder can hold."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from regraft.backbones.table import get
from regraft.data.named import NAMES
from regraft.data.open import FILE_ENDINGS, Data, OnBadImage, as_path
from regraft.errors import ArtefactError, InvalidArgumentError, expected_received
from regraft.features.runtimes.choose import require_offered
from regraft.planning.default import Auto, Choice

MODES = ("head", "finetune", "auto")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Request:
    """The arguments of `fit` that decide its result; see there."""

    data: Data | None  # None: pictures in memory, which a folder cannot name
    backbone: str
    size: int | Auto
    taps: tuple[str, ...] | Auto
    grids: tuple[int, ...] | Auto
    mode: Literal["head", "finetune", "auto"]
    budget: float
    runtime: str
    limit: int | None
    seed: int
    on_bad_image: OnBadImage
    weights: Path | None
    epochs: int | None
    mixup: bool
    tta: bool | None  # None: where it is measured to help

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InvalidArgumentError(
                expected_received("a mode of head, finetune or auto", repr(self.mode))
            )
        require_offered(self.runtime)
        if self.backbone != "auto":
            row = get(self.backbone)
            for tap in () if self.taps == "auto" else self.taps:
                row.tap(tap)
        if self.epochs is not None and self.epochs < 1:
            raise InvalidArgumentError(expected_received("at least 1 epoch", str(self.epochs)))
        asked = [name for name in ("epochs", "mixup", "tta") if getattr(self, name)]
        if asked and self.mode == "head":
            raise InvalidArgumentError(
                expected_received(
                    f"a mode that fine-tunes, to go with {asked[0]}",
                    "mode head",
                    "Use --mode finetune.",
                )
            )

    @property
    def name(self) -> str:
        """What the folder of its run is called after: the data, without the ending of a file."""
        if not isinstance(self.data, str | Path):
            return "arrays"
        if self.data in NAMES:
            return str(self.data)
        path = as_path(self.data)
        if not path.name.strip("."):  # "." and ".." are no names
            path = path.resolve()
        return path.stem if path.suffix.casefold() in FILE_ENDINGS else path.name

    def with_plan(self, choice: Choice) -> "Request":
        """The same, with a plan in place of what was `auto`."""
        return replace(self, **plan_of(choice))

    def as_json(self) -> dict[str, Any]:
        """Plain data. Paths are made absolute: a run may be resumed from another folder."""
        value = {field.name: getattr(self, field.name) for field in fields(self)}
        value["data"] = None if self.data is None else data_as_json(self.data)
        value["weights"] = None if self.weights is None else str(self.weights.absolute())
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any], *, data: Data | None) -> "Request":
        """The inverse of `as_json`.

        Args:
            value: As it was written.
            data: In place of pictures that were in memory.

        Raises:
            ArtefactError: If these are no arguments of `fit`, or those of another version.
            InvalidArgumentError: If they contradict one another.
        """
        from pydantic import TypeAdapter, ValidationError  # needed for a resumed run only

        names = {field.name for field in fields(cls)}
        differing = ", ".join(sorted(set(value) ^ names))
        if differing:
            raise _no_arguments(differing, "too few or too many")
        try:
            recorded = TypeAdapter(cls).validate_python(dict(value))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise _no_arguments(place, first["msg"]) from error
        return replace(recorded, data=data) if recorded.data is None else recorded


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Work:
    """A request on its way."""

    request: Request
    began: float  # on `time.monotonic`
    spent: float  # seconds of the budget, before an interruption
    command: str
    out: Path | None  # where the result goes; None: the next free folder
    tunes: bool = False  # it was decided to fine-tune, before an interruption

    @property
    def data(self) -> Data:
        """What to open.

        Raises:
            InvalidArgumentError: If it was in memory and was not given again.
        """
        if self.request.data is None:
            raise InvalidArgumentError(
                expected_received(
                    "the pictures in memory that the run began with", "none", "Pass data=..."
                )
            )
        return self.request.data

    @property
    def begins_with_head(self) -> bool:
        """Whether the head is only what fine-tuning begins with: some pictures will do for it."""
        return self.request.mode == "finetune" or self.tunes

    @property
    def end(self) -> float:
        """When the budget is used up, on `time.monotonic`."""
        return self.began + self.request.budget - self.spent


def plan_of(choice: Choice) -> dict[str, Any]:
    """A plan as the arguments that name it."""
    return {
        "backbone": choice.row.name,
        "size": choice.size,
        "taps": choice.taps,
        "grids": choice.grids,
    }


def data_as_json(data: Data) -> str | None:
    """How a record names data: absolute, so that it holds in another folder; None in memory."""
    if not isinstance(data, str | Path):
        return None
    return str(data) if data in NAMES else str(as_path(data).absolute())


def _no_arguments(place: str, found: str) -> ArtefactError:
    return ArtefactError(
        expected_received(
            "the arguments of a run as they were written", f"{place}: {found}", "Start a new run."
        )
    )
