"""Whether a prediction should be the mean over several views: measured on validation pictures."""

from dataclasses import dataclass

import numpy as np

from regraft.adapt.views import View
from regraft.finetune.batches import Pictures
from regraft.finetune.loop import evaluate
from regraft.finetune.network import Network
from regraft.heads.calibrate import fit_temperature
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
        """The loss is smaller, and the accuracy no lower.

        Two thousand pictures seldom show a gain of a sixth of the mistakes beyond noise (decision
        20), and where it is none, an answer is slower and no worse.
        """
        alone, together = (
            int((probabilities.argmax(axis=1) == self.labels).sum())
            for probabilities in (self.alone, self.together)
        )
        return self.gain[0] > 0 and together >= alone


def average(
    network: Network,
    pictures: Pictures,
    views: tuple[View, ...],
    *,
    as_they_are: FloatArray,
    alone: FloatArray,
) -> tuple[Averaged, float]:
    """Ask a network about pictures in every view.

    Args:
        network: Gives logits.
        pictures: Validation pictures.
        views: The first is the picture as it is.
        as_they_are: Its logits (n, k) in that view.
        alone: The calibrated probabilities (n, k) of these.

    Returns:
        The answers, each calibrated for itself, and the temperature of the mean: it is less sure
        than one view, so that one's temperature would speak against it.
    """
    labels = pictures.labels
    others = (evaluate(network, pictures, views=[view] * len(labels)) for view in views[1:])
    logits: FloatArray = np.stack([as_they_are, *others])
    temperature = fit_temperature(logits, labels)
    together: FloatArray = softmax(logits / np.float32(temperature)).mean(axis=0)
    return Averaged(alone=alone, together=together, labels=labels), temperature
