"""What callbacks of a script's own change while a network trains."""

import keras
import numpy as np
import pytest

from regraft.diagnose.agent import callbacks


class Unfreeze(keras.callbacks.Callback):
    def __init__(self, layer, *, epoch):
        super().__init__()
        self.layer, self.epoch = layer, epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            self.layer.trainable = True
            self.model.optimizer.learning_rate = 0.05


@pytest.mark.parametrize(
    ("epoch", "is_repaired", "learns", "noted"),
    [
        pytest.param(1, False, False, 1, id="without-effect"),
        pytest.param(1, True, True, 1, id="repaired"),
        pytest.param(0, False, True, None, id="before-the-first-step"),
    ],
)
def test_what_becomes_trainable_while_fit_goes_on(epoch, is_repaired, learns, noted):
    keras.utils.set_random_seed(0)
    body = keras.layers.Dense(4)
    body.trainable = False
    model = keras.Sequential([keras.Input((3,)), body, keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    before = np.asarray(body.kernel)
    rates = callbacks.rates()
    own = [Unfreeze(body, epoch=epoch)]
    own += [callbacks.recompile_when_changed()] if is_repaired else []
    x = np.random.default_rng(0).normal(size=(32, 3))
    model.fit(x, x[:, :2], epochs=3, verbose=0, callbacks=[*own, rates])
    assert (not np.array_equal(before, body.kernel)) == learns
    assert rates.changed_in == noted
    assert rates.described()["highest_learning_rate"] == pytest.approx(0.05)
    assert float(np.asarray(model.optimizer.learning_rate)) == pytest.approx(0.05)
