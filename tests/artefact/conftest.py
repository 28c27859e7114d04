"""A small classifier with random weights: what it answers is noise, but always the same noise."""

import numpy as np
import pytest

from regraft.adapt.resize import RESIZE_VERSION
from regraft.artefact.classifier import Classifier, make_extractor
from regraft.artefact.recipe import Origin, Pixels, Recipe
from regraft.backbones.table import get
from regraft.data.decode import DECODE_VERSION
from regraft.evaluate.scores import full_scores, short_scores
from regraft.records import LinearHead

ODD_NAMES = ("Ä ü/ß", '<script>alert("1")</script>', "new\nline | bar")
TAP, GRID, SIZE = "block2a_project_bn", 2, 32


def make_recipe(**changes):
    row = get("efficientnet_lite0")
    facts = {
        "backbone": row.name,
        "size": SIZE,
        "taps": (TAP,),
        "grids": (GRID,),
        "pixels": Pixels.of(row.pixels),
        "decode_version": DECODE_VERSION,
        "resize_version": RESIZE_VERSION,
        "mode": "head",
        "runtime": "tensorflow",
        "precision": "float32",
        "weights": "bundled",
        "weights_sha256": "0" * 64,
        "n_features": GRID**2 * row.tap(TAP).channels,
        "n_classes": len(ODD_NAMES),
        "l2": 1.0,
        "temperature": 1.5,
    }
    return Recipe(**(facts | changes))


def make_origin():
    return Origin(
        name="noise",
        fingerprint="f" * 64,
        n_images=30,
        limit=None,
        n_train=20,
        n_validation=5,
        n_test=5,
        n_bad_images=1,
        split_given=False,
        validation_fraction=0.15,
        test_fraction=0.15,
        seed=0,
        test_sha256="e" * 64,
    )


@pytest.fixture(scope="session")
def classifier():
    generator = np.random.default_rng(0)
    recipe = make_recipe()
    shape = (recipe.n_features, recipe.n_classes)
    head = LinearHead(
        kernel=generator.normal(size=shape).astype(np.float32),
        bias=np.zeros(recipe.n_classes, np.float32),
        l2=recipe.l2,
        temperature=recipe.temperature,
    )
    answers = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]]
    labels = np.array([0, 1, 2, 1, 1])
    return Classifier(
        recipe=recipe,
        class_names=ODD_NAMES,
        extractor=make_extractor(recipe, None),
        head=head,
        metrics={
            "test": full_scores(answers, labels),
            "validation": short_scores(answers, labels),
            "floors": {"majority": 0.4},
        },
        origin=make_origin(),
    )


@pytest.fixture(scope="session")
def pictures():
    generator = np.random.default_rng(1)
    shapes = [(28, 28), (40, 30, 1), (31, 57, 3), (20, 20, 4)]
    return [generator.integers(0, 256, shape, np.uint8) for shape in shapes]
