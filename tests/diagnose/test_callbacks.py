"""What callbacks of a script's own change while a network trains."""

from types import SimpleNamespace

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
        pytest.param(1, True, True, None, id="repaired"),
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


@pytest.mark.parametrize("how", ["compiled-again", "eagerly"])
def test_what_does_take_effect_while_fit_goes_on(how):
    body = keras.layers.Dense(4)
    body.trainable = False
    model = keras.Sequential([keras.Input((3,)), body, keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=how == "eagerly")

    class Properly(Unfreeze):
        def on_epoch_begin(self, epoch, logs=None):
            super().on_epoch_begin(epoch, logs)
            if epoch == self.epoch and how == "compiled-again":
                self.model.compile(keras.optimizers.SGD(0.01), "mse")
                self.model.make_train_function(force=True)

    rates = callbacks.rates()
    x = np.ones((8, 3))
    if how == "compiled-again":
        model.fit(x, x[:, :2], epochs=3, verbose=0, callbacks=[Properly(body, epoch=1), rates])
    else:
        rates.set_model(model)
        for epoch in range(2):
            body.trainable = epoch == 1
            rates.on_epoch_begin(epoch)
    assert rates.changed_in is None


@pytest.mark.parametrize(
    ("asked", "stopped", "since_best"),
    [
        pytest.param({"min_delta": 3.0}, 2, 0, id="no-improvement-counts"),
        pytest.param({"baseline": 1.0}, 3, 1, id="baseline-out-of-reach"),
        pytest.param({"mode": "max"}, 2, 2, id="another-direction"),
        pytest.param({"min_delta": 3.0, "start_from_epoch": 1}, 3, 1, id="later"),
        pytest.param({}, None, None, id="goes-on"),
    ],
)
def test_how_long_after_its_best_epoch_a_training_was_ended(asked, stopped, since_best):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=2, **asked)
    stop.set_model(model)
    stop.on_train_begin()
    losses = []
    for epoch, loss in enumerate([5.0, 4.0, 3.0, 3.5, 2.0]):
        losses.append(loss)
        stop.on_epoch_end(epoch, {"loss": loss})
        if model.stop_training:
            break

    told = callbacks.stopped_at(stop, SimpleNamespace(history={"loss": losses}))

    assert (told.get("stopped_epoch"), told.get("since_best")) == (stopped, since_best)


def test_other_callbacks_end_nothing():
    history = SimpleNamespace(history={"loss": [1.0]})
    assert not callbacks.stopped_at(keras.callbacks.TerminateOnNaN(), history)
