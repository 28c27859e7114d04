"""A small network on small noise: what it learns is nothing, but always the same nothing."""

import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.finetune.augment import Variety
from regraft.finetune.batches import Pictures
from regraft.finetune.network import Network, Start
from regraft.finetune.plan import TrainingPlan
from regraft.records import LinearHead

SIZE, TAP, GRID, N_CLASSES = 32, "block2a_project_bn", 2, 3
SHAPE = (16, 16, 1)


def make_start(n_features, *, seed=0):
    generator = np.random.default_rng(seed)
    features = generator.normal(1.0, 2.0, (50, n_features)).astype(np.float32)
    head = LinearHead(
        kernel=generator.normal(0, 0.01, (n_features, N_CLASSES)).astype(np.float32),
        bias=generator.normal(0, 0.1, N_CLASSES).astype(np.float32),
        l2=1.0,
        temperature=1.5,
    )
    return Start.of(head, features)


def make_network():
    row = get("efficientnet_lite0")
    return Network(
        row,
        size=SIZE,
        requests=((TAP, GRID),),
        weights=None,
        start=make_start(GRID**2 * row.tap(TAP).channels),
        picture_shape=SHAPE,
    )


def make_plan(**changes):
    facts = {
        "seed": 0,
        "n_train": 48,
        "batch_size": 8,
        "steps": 12,
        "evaluate_every": 5,
        "rate": 1e-3,
        "blocks": (0, 1),
        "precision": "float32",
        "variety": Variety(shift=0.1, degrees=10.0),
        "mixup": False,
        "by_clock": False,
    }
    return TrainingPlan(**(facts | changes))


@pytest.fixture(scope="session")
def images():
    generator = np.random.default_rng(0)
    y = np.arange(60) % N_CLASSES
    x = generator.integers(0, 90, (60, 16, 16)) + (80 * y)[:, None, None]
    return open_data((x.astype(np.uint8), y))


@pytest.fixture(scope="session")
def training(images):
    return Pictures(images=images, rows=np.arange(48), size=SIZE, picture_shape=SHAPE)


@pytest.fixture(scope="session")
def validation(images):
    return Pictures(images=images, rows=np.arange(48, 60), size=SIZE, picture_shape=SHAPE)


def judge(logits, labels):
    """Accuracy and plain loss."""
    scores = logits.astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    loss = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels]
    return float(np.mean(logits.argmax(axis=1) == labels)), float(loss.mean())
