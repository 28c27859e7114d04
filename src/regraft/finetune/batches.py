"""The batch of every step, a function of (seed, step): a resumed run sees the very same ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.adapt.views import AS_IT_IS, View, seen_each
from regraft.data.source import ImageSet
from regraft.features.stream import prepared, read_ahead
from regraft.finetune.augment import mix
from regraft.finetune.plan import TrainingPlan
from regraft.records import FloatArray, IntArray

Batch = tuple[npt.NDArray[Any], FloatArray]  # pictures, targets

# Of varied training pictures, so many are left alone: those to be answered about later are sharp,
# and every other view is a blurred one (decision 20).
AS_THEY_ARE = 0.25

_ORDER, _LOOKS = 0, 1  # streams of randomness that do not touch


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pictures:
    """Some rows of an image set, as a network takes them."""

    images: ImageSet
    rows: IntArray
    size: int
    picture_shape: tuple[int, int, int] | None  # None: resized here, else in the network

    @property
    def labels(self) -> IntArray:
        """(n,) of the rows."""
        return self.images.labels[self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, places: IntArray) -> npt.NDArray[Any]:
        """(m, h, w, c) pictures, by their places among the rows."""
        return prepared(
            self.images, self.rows[places], size=self.size, picture_shape=self.picture_shape
        )

    def in_order(self, views: list[View] | None = None, *, size: int) -> Iterator[Any]:
        """All of them in batches of at most `size`, read ahead; each in its view, if given."""

        def read(places: IntArray) -> npt.NDArray[Any]:
            pictures = self.read(places)
            return pictures if views is None else seen_each(pictures, [views[p] for p in places])

        places = np.arange(len(self))
        starts = range(0, len(self), size)
        return read_ahead((places[start : start + size] for start in starts), read)


def order_of(epoch: int, *, n: int, seed: int) -> IntArray:
    """The order in which an epoch takes the n pictures."""
    return np.random.default_rng((seed, _ORDER, epoch)).permutation(n)


def training_batches(pictures: Pictures, plan: TrainingPlan, *, first: int) -> Iterator[Batch]:
    """The batches of step `first` and all after it, varied and mixed as the plan says.

    What does not fill a batch at the end of an epoch waits for another epoch's order.
    """
    n_classes = len(pictures.images.class_names)
    one_hot = np.eye(n_classes, dtype=np.float32)
    labels = pictures.labels

    def read(step: int) -> Batch:
        epoch, position = divmod(step, plan.steps_an_epoch)
        order = order_of(epoch, n=plan.n_train, seed=plan.seed)
        places = order[position * plan.batch_size :][: plan.batch_size]
        batch, targets = pictures.read(places), one_hot[labels[places]]
        looks = np.random.default_rng((plan.seed, _LOOKS, step))
        if not plan.variety.is_none:
            views = plan.variety.draw(len(batch), looks)
            is_plain = looks.random(len(batch)) < AS_THEY_ARE
            pairs = zip(is_plain, views, strict=True)
            batch = seen_each(batch, [AS_IT_IS if plain else view for plain, view in pairs])
        return mix(batch, targets, looks) if plan.mixup else (batch, targets)

    return read_ahead(count(first), read)
