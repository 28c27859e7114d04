"""What an artefact says about itself, as schemas that refuse what they do not know."""

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from regraft.adapt.views import View
from regraft.backbones.row import LARGEST_SIZE
from regraft.records import ChannelOrder, Mode, PixelSpec, Plan, Precision

SCHEMA = 1  # of every file of an artefact that has a `schema_version`

Positive = Annotated[int, Field(gt=0)]
Side = Annotated[int, Field(gt=0, le=LARGEST_SIZE)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ThreeNumbers = tuple[float, float, float]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Pixels(_Strict):
    """`PixelSpec` on disk: a later version of the table cannot change an old artefact."""

    scale: ThreeNumbers
    offset: ThreeNumbers
    channel_order: ChannelOrder
    rescales_inside: bool

    @classmethod
    def of(cls, spec: PixelSpec) -> "Pixels":
        """The same numbers, ready for disk."""
        return cls(
            scale=spec.scale,
            offset=spec.offset,
            channel_order=spec.channel_order,
            rescales_inside=spec.rescales_inside,
        )

    def spec(self) -> PixelSpec:
        """The same numbers, ready for use."""
        return PixelSpec(**self.model_dump())


class RecipeView(_Strict):
    """`View` on disk."""

    degrees: float
    down: float
    right: float
    zoom: Annotated[float, Field(gt=0)]
    mirrored: bool

    @classmethod
    def of(cls, view: View) -> "RecipeView":
        """The same numbers, ready for disk."""
        return cls(**asdict(view))

    def view(self) -> View:
        """The same numbers, ready for use."""
        return View(**self.model_dump())


class Recipe(_Strict):
    """All that is needed, beside the tensors, to compute the same answer again.

    `backbone` is looked up in regraft's own table: a recipe names no code.
    """

    schema_version: Literal[1] = 1
    backbone: str
    size: Side
    taps: tuple[str, ...] = Field(min_length=1)
    grids: tuple[Side, ...]
    pixels: Pixels
    decode_version: Positive
    resize_version: Positive
    mode: Mode
    runtime: str
    precision: Precision
    weights: str
    weights_sha256: str
    n_features: Positive
    n_classes: Annotated[int, Field(ge=2)]
    l2: float
    temperature: Annotated[float, Field(gt=0)]
    hidden_units: Annotated[int, Field(ge=0)] = 0  # of the head beside the linear one; 0: none
    hidden_temperature: Annotated[float, Field(gt=0)] = 1.0
    hidden_share: Annotated[float, Field(gt=0, le=1)] = 0.5  # the rest is the linear one's
    views: tuple[RecipeView, ...] = ()  # predictions are averaged over them; none: as it is

    @model_validator(mode="after")
    def _one_grid_a_tap(self) -> "Recipe":
        if len(self.taps) != len(self.grids):
            msg = f"{len(self.taps)} taps but {len(self.grids)} grids"
            raise ValueError(msg)
        return self

    def plan(self) -> Plan:
        """The part that is a plan."""
        return Plan(
            backbone=self.backbone,
            size=self.size,
            taps=self.taps,
            grids=self.grids,
            mode=self.mode,
            runtime=self.runtime,
            precision=self.precision,
            weights=self.weights,
            weights_sha256=self.weights_sha256,
        )


class Origin(_Strict):
    """The data an artefact was fitted on, and how they were parted."""

    name: str
    fingerprint: Sha256
    n_images: Positive
    limit: Positive | None
    n_train: Positive
    n_validation: Positive
    n_test: Positive
    n_bad_images: Annotated[int, Field(ge=0)]
    split_given: bool  # by the data themselves, at least in part
    validation_fraction: float
    test_fraction: float
    seed: Annotated[int, Field(ge=0)]
    # of the row numbers held out for the test; None in artefacts written before it was recorded
    test_sha256: Sha256 | None = None


class Manifest(_Strict):
    """Where an artefact comes from, and the hash of every other file in it."""

    schema_version: Literal[1] = 1
    versions: dict[str, str]  # of python and of the libraries that decide the numbers
    command: str
    data: Origin
    files: dict[str, Sha256]
