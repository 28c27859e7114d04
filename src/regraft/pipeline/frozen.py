"""A head on frozen features: what fine-tuning begins with, and must beat."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regraft.backbones.weights import Weights
from regraft.data.source import ImageSet
from regraft.features.stream import shape_for_graph
from regraft.finetune.batches import Pictures
from regraft.finetune.network import Network, Start
from regraft.finetune.precision import computing_in
from regraft.heads.subsample import stratified_rows
from regraft.planning.default import Choice
from regraft.records import IntArray, Split


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frozen:
    """The head with all that it was fitted on."""

    images: ImageSet
    split: Split
    choice: Choice
    weights: Weights
    start: Start
    # (n,) which validation pictures the frozen classifier is right on, in the order of the split;
    # None where it was not asked about all of them
    right: npt.NDArray[np.bool_] | None = None

    def network(self, start: Start, precision: str) -> Network:
        """The network of the plan, beginning at a head; frozen until it is told to train."""
        choice = self.choice
        with computing_in(precision):
            return Network(
                choice.row,
                size=choice.size,
                requests=choice.requests,
                weights=self.weights,
                start=start,
                picture_shape=shape_for_graph(self.images, choice.size),
            )

    def pictures(self, rows: IntArray) -> Pictures:
        """Some rows as that network takes them."""
        size = self.choice.size
        shape = shape_for_graph(self.images, size)
        return Pictures(images=self.images, rows=rows, size=size, picture_shape=shape)

    def sampled(self, n: int, *, seed: int) -> Pictures:
        """About n validation pictures, in the shares of their classes."""
        rows = self.split.validation
        return self.pictures(rows[stratified_rows(self.images.labels[rows], n, seed=seed)])
