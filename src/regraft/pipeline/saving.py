"""What an artefact says about where it comes from, and where it goes."""

from pathlib import Path

from regraft.adapt.resize import RESIZE_VERSION
from regraft.adapt.views import View
from regraft.artefact.classifier import Classifier
from regraft.artefact.recipe import Origin, Pixels, Recipe, RecipeView
from regraft.artefact.runs import write_to_next_free
from regraft.artefact.store import save
from regraft.backbones.weights import Weights
from regraft.data.decode import DECODE_VERSION
from regraft.data.source import ImageSet
from regraft.data.split import digest_of
from regraft.features.runtimes import Runtime
from regraft.pipeline.parting import TEST_FRACTION, VALIDATION_FRACTION
from regraft.planning.default import Choice
from regraft.records import HiddenHead, IntArray, LinearHead, Mode, Split


def recipe_of(
    choice: Choice,
    weights: Weights,
    runtime: Runtime,
    head: LinearHead,
    *,
    hidden: HiddenHead | None = None,
    mode: Mode = "head",
    views: tuple[View, ...] = (),
) -> Recipe:
    """The recipe of a linear head on features.

    Args:
        choice: Where they are read.
        weights: The pretrained ones.
        runtime: That computed the features.
        head: The head.
        hidden: That is averaged with it.
        mode: Whether the backbone is as it was pretrained, or fine-tuned.
        views: That a prediction averages.
    """
    n_features, n_classes = head.kernel.shape
    return Recipe(
        backbone=choice.row.name,
        size=choice.size,
        taps=choice.taps,
        grids=choice.grids,
        pixels=Pixels.of(choice.row.pixels),
        decode_version=DECODE_VERSION,
        resize_version=RESIZE_VERSION,
        mode=mode,
        runtime=runtime.name,
        precision=runtime.precision,
        weights=weights.origin,
        weights_sha256=weights.sha256,
        n_features=n_features,
        n_classes=n_classes,
        l2=head.l2,
        temperature=head.temperature,
        hidden_units=0 if hidden is None else len(hidden.into_bias),
        hidden_temperature=1.0 if hidden is None else hidden.temperature,
        hidden_share=0.5 if hidden is None else hidden.share,
        views=tuple(RecipeView.of(view) for view in views),
    )


def origin_of(
    images: ImageSet, split: Split, *, test: IntArray, seed: int, limit: int | None
) -> Origin:
    """The data, and how `part` parted them.

    Args:
        images: All pictures.
        split: What was used of them.
        test: The rows that `part` held out for the test, used or not.
        seed: That `part` was given.
        limit: That was asked for.
    """
    return Origin(
        name=images.name,
        fingerprint=images.fingerprint(),
        n_images=len(images),
        limit=limit,
        n_train=len(split.train),
        n_validation=len(split.validation),
        n_test=len(split.test),
        n_bad_images=len(images.bad_images),
        split_given=images.given_split is not None,
        validation_fraction=VALIDATION_FRACTION,
        test_fraction=TEST_FRACTION,
        seed=seed,
        test_sha256=digest_of(test),
    )


def saved(classifier: Classifier, out: Path | None, *, name: str, command: str) -> Path:
    """Write the artefact to `out`, or to the next free `runs/NAME-N`; returns where it went."""
    if out is None:
        return write_to_next_free(name, lambda new: save(new, classifier, command=command))
    save(out, classifier, command=command)
    return out
