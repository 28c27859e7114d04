"""Whether a prediction should be the mean over several views: measured on validation pictures."""

from dataclasses import dataclass

import numpy as np

from regraft.adapt.views import View
from regraft.finetune.batches import Pictures
from regraft.finetune.loop import evaluate
from regraft.finetune.network import Network
from regraft.finetune.paired import NOISE
from regraft.heads.linear import softmax
from regraft.records import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Averaged:
    """Probabilities (n, k) of a prediction as it is, and as the mean over views."""

    alone: FloatArray
    together: FloatArray
    labels: IntArray  # (n,)

    @property
    def gain(self) -> tuple[float, float]:
        """How much less the mean cross-entropy is, in nats, and the standard error of that."""
        rows = np.arange(len(self.labels))
        smallest = np.finfo(np.float32).tiny  # a probability may be rounded to 0
        losses = [
            -np.log(np.maximum(probabilities[rows, self.labels], smallest).astype(np.float64))
            for probabilities in (self.alone, self.together)
        ]
        each = losses[0] - losses[1]
        return float(each.mean()), float(each.std() / np.sqrt(len(each)))

    @property
    def helps(self) -> bool:
        """The loss is smaller beyond noise, and the accuracy no lower."""
        gain, noise = self.gain
        alone, together = (
            int((probabilities.argmax(axis=1) == self.labels).sum())
            for probabilities in (self.alone, self.together)
        )
        # every view costs a prediction as much again, so a gain must be there beyond noise
        return gain > NOISE * noise and together >= alone


def average(
    network: Network, pictures: Pictures, views: tuple[View, ...], *, temperature: float
) -> Averaged:
    """Ask a network about pictures as they are, and in every view.

    Args:
        network: Gives logits.
        pictures: Validation pictures.
        views: The first is the picture as it is.
        temperature: That logits are divided by.
    """
    answers = [
        softmax(evaluate(network, pictures, views=[view] * len(pictures)) / np.float32(temperature))
        for view in views
    ]
    together: FloatArray = np.mean(answers, axis=0)
    return Averaged(alone=answers[0], together=together, labels=pictures.labels)
