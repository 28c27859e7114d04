"""What `fit` and `evaluate` give back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regraft.artefact.classifier import Classifier
from regraft.data.source import BadImage, ImageSet
from regraft.records import Split

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FitResult:
    """A fitted classifier and what was measured on the way."""

    classifier: Classifier
    images: ImageSet
    split: Split
    artefact: Path
    seconds: Mapping[str, float]  # by stage, and in total
    images_per_second: float  # of the stage `extract`, computed or found in the cache
    is_from_cache: bool  # all features were known already
    peak_memory_bytes: int | None  # of this process so far; None where the system does not say
    is_stopped: bool = False  # fine-tuning was interrupted: the best so far, and it can go on

    @property
    def test_accuracy(self) -> float:
        """On pictures that no choice was made on, scored once. A fraction."""
        return float(self.classifier.metrics["test"]["accuracy"])

    @property
    def test_interval(self) -> tuple[float, float]:
        """The 95% interval of `test_accuracy`."""
        low, high = self.classifier.metrics["test"]["interval"]
        return low, high

    def as_json(self) -> Json:
        """What `regraft fit --json` writes."""
        metrics, recipe = self.classifier.metrics, self.classifier.recipe
        return {
            "schema": 1,
            "test_accuracy": self.test_accuracy,
            "test_interval": list(self.test_interval),
            "val_accuracy": metrics["validation"]["accuracy"],
            "floors": dict(metrics["floors"]),
            "plan": {
                "backbone": recipe.backbone,
                "size": recipe.size,
                "taps": list(recipe.taps),
                "grids": list(recipe.grids),
                "mode": recipe.mode,
                "runtime": recipe.runtime,
                "precision": recipe.precision,
                "weights": recipe.weights,
            },
            "seconds": dict(self.seconds),
            "images_per_second": self.images_per_second,
            "peak_memory_bytes": self.peak_memory_bytes,
            "artefact": str(self.artefact),
            "left_out": [bad.as_json() for bad in self.images.bad_images],
            "n": {
                "train": len(self.split.train),
                "validation": len(self.split.validation),
                "test": len(self.split.test),
                "copies_left_out": len(self.split.left_out),
            },
            "from_cache": self.is_from_cache,
            **(
                {"hidden_units": recipe.hidden_units, "hidden_share": recipe.hidden_share}
                if recipe.hidden_units
                else {}
            ),
            **({"search": metrics["search"]} if "search" in metrics else {}),
            **({"finetune": metrics["finetune"]} if "finetune" in metrics else {}),
            **({"stopped": True} if self.is_stopped else {}),
        }

    def __repr__(self) -> str:
        low, high = self.test_interval
        return (
            f"FitResult(test accuracy {self.test_accuracy:.4f} [{low:.4f}, {high:.4f}], "
            f"artefact {str(self.artefact)!r})"
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EvaluateResult:
    """What an artefact is worth on some labelled pictures."""

    class_names: tuple[str, ...]
    scores: Mapping[str, Any]
    pictures: str  # which of them count, in words
    left_out: tuple[BadImage, ...] = ()  # pictures that cannot be read

    def as_json(self) -> Json:
        """What `regraft evaluate --json` writes."""
        return {
            "schema": 1,
            "pictures": self.pictures,
            "class_names": list(self.class_names),
            **self.scores,
            "left_out": [bad.as_json() for bad in self.left_out],
        }
