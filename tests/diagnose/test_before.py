"""What is kept of a training before its first step."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from regraft.diagnose.agent import before, boundary, feeds, ledger, session

N = 40


@pytest.fixture
def fit(record, monkeypatch):
    """Colour pictures, turned over at random in front of a pretrained network."""
    monkeypatch.setattr(
        session, "SESSION", SimpleNamespace(cuts=SimpleNamespace(of=lambda _: None))
    )
    base = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
    boundary.watch(base)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.RandomFlip(),
            base,
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2),
        ]
    )
    x = np.random.default_rng(0).random((N, 8, 8, 3)).astype(np.float32)
    train = feeds.read(x, np.arange(N) % 2, batch_size=8, steps=None)
    return SimpleNamespace(
        base={"weights": "imagenet", "model": base}, model=model, number=0, train=train,
        validation=None, kept=np.arange(N) + 100,
        record={"in_model_augmentation": [{"layer": "RandomFlip"}]},
    )  # fmt: skip


def test_photographs_behind_random_layers_are_told_by_the_pretrained_network(fit):
    before._keep_backbone_features(fit)
    kept = ledger.RECORD.arrays
    expected = np.asarray(fit.base["model"](fit.train.x)).mean(axis=(1, 2))
    np.testing.assert_allclose(kept["fit0_train_features"], expected, atol=2e-3)
    np.testing.assert_array_equal(kept["fit0_train_feature_rows"], np.arange(N) + 100)
    # and what it tells once the layers have changed them, which a mean over a turned map is not
    np.testing.assert_array_equal(kept["fit0_train_plain_features"], kept["fit0_train_features"])
    varied = kept["fit0_train_augmented_features"]
    assert varied.shape == expected.shape
    assert np.abs(varied - expected).max() > 1e-3
    np.testing.assert_array_equal(kept["fit0_train_augmented_labels"], np.arange(N) % 2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda fit: fit.base.update(weights="none"), id="not-pretrained"),
        pytest.param(lambda fit: setattr(fit, "base", None), id="no-backbone"),
        pytest.param(lambda fit: fit.train.x.__setitem__(..., 0.5), id="gray"),
    ],
)
def test_others_are_left_to_thumbnails(fit, change):
    change(fit)
    before._keep_backbone_features(fit)
    assert ledger.RECORD.arrays == {}


def test_a_slow_network_is_not_waited_for(fit, monkeypatch):
    monkeypatch.setattr(before, "TELLING_SECONDS", 0.0)
    before._keep_backbone_features(fit)
    assert ledger.RECORD.arrays == {}
