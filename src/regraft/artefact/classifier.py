"""A classifier for raw pictures: decode, resize, backbone, head, in one call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.adapt.channels import as_rgb
from regraft.adapt.resize import resize
from regraft.adapt.views import AS_IT_IS, seen_each
from regraft.artefact.recipe import Origin, Recipe
from regraft.backbones.table import Backbone, get
from regraft.backbones.weights import Weights
from regraft.data.decode import decode, on_white
from regraft.errors import InvalidArgumentError, expected_received
from regraft.features.graph import build_extractor
from regraft.features.runtimes import Run
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.heads.answers import answer_of
from regraft.records import FloatArray, HiddenHead, IntArray, LinearHead

Picture = str | Path | bytes | npt.NDArray[np.uint8]

BATCH_SIZE = 64  # large enough for the matrix products, 40 MB of pixels at 224 px


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Predictions:
    """The answers for some pictures, in their order."""

    class_names: tuple[str, ...]
    probabilities: FloatArray  # (n, k), rows sum to 1

    @property
    def indices(self) -> IntArray:
        """Shape (n,): the most probable class of each picture."""
        indices: IntArray = self.probabilities.argmax(axis=1).astype(np.int64)
        return indices

    @property
    def names(self) -> list[str]:
        """The name of the most probable class of each picture."""
        return [self.class_names[index] for index in self.indices]

    @property
    def confidences(self) -> FloatArray:
        """Shape (n,): the probability of the most probable class of each picture."""
        confidences: FloatArray = self.probabilities.max(axis=1)
        return confidences

    def __len__(self) -> int:
        return len(self.probabilities)


class Classifier:
    """Answers for pictures of any size, gray or colour, from files, bytes or arrays.

    Made by `regraft.fit` and by `regraft.load`; the two give the same answers.
    """

    def __init__(
        self,
        *,
        recipe: Recipe,
        class_names: Sequence[str],
        extractor: Any,
        head: LinearHead,
        hidden: HiddenHead | None = None,
        metrics: Mapping[str, Any],
        origin: Origin,
    ) -> None:
        self.recipe = recipe
        self.class_names = tuple(class_names)
        self.extractor = extractor  # Keras model: pictures in, pooled features out
        self.head = head
        self.hidden = hidden  # averaged with the linear head, where it was measured to help
        self.metrics = metrics
        self.origin = origin
        self._run: Run | None = None

    def predict(
        self,
        pictures: Picture | Sequence[Picture],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Predictions:
        """The probability of every class for every picture.

        Args:
            pictures: Paths, the bytes of files, or uint8 arrays (h, w), (h, w, 1), (h, w, 3)
                or (h, w, 4, laid on white) in [0, 255]; one, or a sequence of them. An array
                (n, h, w, c) is a sequence of n.
            progress: Called with the number of pictures done, and of all.

        Raises:
            BadImageError: If a file is no picture that can be read safely.
            InvalidArgumentError: If an array is no picture.
        """
        each = _as_list(pictures)
        result = np.empty((len(each), len(self.class_names)), np.float32)
        for start in range(0, len(each), BATCH_SIZE):
            part = slice(start, start + BATCH_SIZE)
            result[part] = self.answer(np.stack([self.prepared(one) for one in each[part]]))
            if progress is not None:
                progress(min(start + BATCH_SIZE, len(each)), len(each))
        return Predictions(class_names=self.class_names, probabilities=result)

    def features(self, batch: FloatArray) -> FloatArray:
        """Pooled features (n, d) of pictures (n, size, size, 3) in [0, 255], already resized."""
        if self._run is None:
            self._run = TensorFlow().load(self.extractor)
        return np.concatenate(self._run(batch), axis=1)

    def answer(self, batch: FloatArray) -> FloatArray:
        """Probabilities (n, k) of `prepared` pictures, the mean over the views of the recipe.

        What `predict` does in batches of `BATCH_SIZE`: another n may change the last bit.
        """
        views = [each.view() for each in self.recipe.views] or [AS_IT_IS]
        answers = [
            answer_of(self.head, self.hidden, self.features(seen_each(batch, [view] * len(batch))))
            for view in views
        ]
        mean: FloatArray = np.mean(answers, axis=0)
        return mean

    def prepared(self, picture: Picture) -> FloatArray:
        """One picture as `answer` takes it: (size, size, 3) in [0, 255].

        Raises:
            BadImageError: As `predict`.
            InvalidArgumentError: As `predict`.
        """
        size = self.recipe.size
        return as_rgb(resize(pixels(picture, reduce_to=size), height=size, width=size))

    def __repr__(self) -> str:
        recipe = self.recipe
        return (
            f"Classifier({len(self.class_names)} classes, {recipe.backbone} at {recipe.size} px, "
            f"taps {', '.join(recipe.taps)})"
        )


def pixels(picture: Picture, *, reduce_to: int) -> npt.NDArray[np.uint8]:
    """The pixels (h, w, 1 or 3) of a path, of the bytes of a file, or of an array.

    Args:
        picture: An array is taken as it is.
        reduce_to: As in `regraft.data.decode.decode`.

    Raises:
        BadImageError: If a file is no picture that can be read safely.
        InvalidArgumentError: If an array is no picture.
    """
    if isinstance(picture, bytes):
        return decode(picture, name="the bytes given", reduce_to=reduce_to)
    if isinstance(picture, str | Path):
        return decode(Path(picture), name=str(picture), reduce_to=reduce_to)
    array = np.asarray(picture)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.dtype != np.uint8:
        raise InvalidArgumentError(
            expected_received(
                "a path, bytes, or a uint8 array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)",
                f"{array.dtype} of shape {array.shape}",
            )
        )
    return on_white(array[:, :, :3], array[:, :, 3:]) if array.shape[2] == 4 else array


def make_extractor(recipe: Recipe, weights: Weights | None) -> Any:
    """The Keras model of a recipe; with random weights, to be replaced, if `weights` is None.

    Raises:
        InvalidArgumentError: If this version knows no such backbone or tap.
    """
    row: Backbone = replace(get(recipe.backbone), pixels=recipe.pixels.spec())
    for tap in recipe.taps:
        row.tap(tap)
    requests = tuple(zip(recipe.taps, recipe.grids, strict=True))
    return build_extractor(
        row, size=recipe.size, requests=requests, weights=weights, picture_shape=None
    )


def _as_list(pictures: Picture | Sequence[Picture]) -> list[Picture]:
    if isinstance(pictures, str | bytes | Path):
        return [pictures]
    if isinstance(pictures, np.ndarray) and pictures.ndim <= 3 and pictures.dtype != object:
        return [pictures]
    return list(pictures)
