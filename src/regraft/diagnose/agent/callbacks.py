"""Callbacks around a replayed training, and what the script's own are."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    anatomy,
    compiling,
    holding,
    session,
)

WARM_STEPS = 1  # the step that includes tracing
TIMED_STEPS = 2
FORECAST_STEPS = WARM_STEPS + TIMED_STEPS


def stopwatch(n: int, batch_size: int, epochs: int, *, give_up: bool) -> Any:
    """Measures the pace; with `give_up`, ends a training that would take too long."""
    import keras

    # Keras ships no types: its classes are Any to the checker
    class Stopwatch(keras.callbacks.Callback):  # type: ignore[misc]
        """Forecasts the training from its first steps."""

        def __init__(self) -> None:
            super().__init__()
            self.steps, self.spent, self.last = 0, 0.0, 0.0
            self.seconds_per_row = 0.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.last = time.monotonic()  # what was validated meanwhile is no step

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            now = time.monotonic()
            self.steps += 1
            if self.steps > WARM_STEPS:
                self.spent += now - self.last
            self.last = now
            if self.steps == FORECAST_STEPS:
                each = self.spent / TIMED_STEPS
                self.seconds_per_row = each / batch_size / at_once(self.model)
                if give_up and self.seconds_per_row * n * epochs > session.SESSION.fit_seconds:
                    raise session.TooSlow(self.seconds_per_row)

    return Stopwatch()


def at_once(model: Any) -> int:
    """Steps between two moments at which a callback hears of them."""
    return int(getattr(model, "steps_per_execution", None) or 1)


def end_after(seconds: float) -> Any:
    """Ends a training that only Keras can read, and nobody can sample, once its time is over."""
    import keras

    # as above
    class EndAfter(keras.callbacks.Callback):  # type: ignore[misc]
        """Stops between two batches."""

        was_needed = False

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            self.end = time.monotonic() + seconds

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            if time.monotonic() > self.end:
                self.model.stop_training = self.was_needed = True

    return EndAfter()


def rates() -> Any:
    """Notes the learning rate of every update, and what is trainable in every epoch.

    Callbacks may change both as they like.
    """
    import keras

    # as above
    class Rates(keras.callbacks.Callback):  # type: ignore[misc]
        """Those of the updates and epochs so far."""

        def __init__(self) -> None:
            super().__init__()
            self._rates: list[float] = []
            self._trained: frozenset[int] | None = None
            self._optimizer: Any = None
            self.changed_in: int | None = None  # the first epoch with others than the first has

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            self._rates, self._trained, self.changed_in = [], None, None

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            now, compiled = compiling.trainable(self.model), self.model.optimizer
            if self._trained is None or compiled is not self._optimizer:  # traced by then, or anew
                self._trained, self._optimizer = now, compiled
            is_changed = now != self._trained and not self.model.run_eagerly
            if self.changed_in is None and is_changed:
                self.changed_in = epoch

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            self._rates.append(compiling.rate(self.model))

        def described(self) -> dict[str, float]:
            """For the record of the training."""
            rates = self._rates or [0.0]
            return {
                "mean_learning_rate": float(np.mean(rates)),
                "median_learning_rate": float(np.median(rates)),
                "highest_learning_rate": float(np.max(rates)),
            }

    return Rates()


def recompile_when_changed() -> Any:
    """Lets the training step follow what other callbacks freeze or unfreeze."""
    import keras

    # as above
    class Recompile(keras.callbacks.Callback):  # type: ignore[misc]
        """Comes last: what the others change in this epoch is known."""

        trained: frozenset[int] | None = None

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            before, self.trained = self.trained, compiling.trainable(self.model)
            if before is not None and before != self.trained:
                self.model.optimizer = holding.rebuilt(self.model.optimizer)
                self.model.optimizer.build(self.model.trainable_variables)
                self.model.make_train_function(force=True)

    return Recompile()


def hold_rate(value: float) -> Any:
    """Keeps the learning rate where a repair wants it, whatever other callbacks do."""
    import keras

    # as above
    class HoldRate(keras.callbacks.Callback):  # type: ignore[misc]
        """Comes last, so it has the last word before each update."""

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            if compiling.rate(self.model) != value:
                self.model.optimizer.learning_rate = value

    return HoldRate()


@contextlib.contextmanager
def meaning_whole(model: Any, own: list[Any]) -> Iterator[None]:
    """Callbacks that save or restore mean the whole model, not the part that is trained."""
    for callback in own:
        callback.set_model(model)
        callback.set_model = lambda _: None
    try:
        yield
    finally:
        for callback in own:  # another model may be trained with it
            vars(callback).pop("set_model", None)


def stop_together(model: Any, rest: Any) -> Any:
    """Stops the part in training when the whole model is told to stop."""
    import keras

    # as above
    class StopTogether(keras.callbacks.Callback):  # type: ignore[misc]
        """Early stopping speaks to the whole model; the part in training must hear it."""

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            model.stop_training = False

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            if model.stop_training:
                rest.stop_training = True

    return StopTogether()


def reads_validation(callback: Any) -> bool:
    """Does it need validation after every epoch? One of the user's own making may."""
    named = str(getattr(callback, "monitor", ""))
    ours_or_keras = ("keras", __name__.partition(".")[0])
    is_own = not type(callback).__module__.startswith(ours_or_keras)
    return named.startswith("val") or is_own or type(callback).__name__ == "LambdaCallback"


def may_change_weights(model: Any, own: list[Any]) -> bool:
    """May the weights after a training be others than those of its last epoch?"""
    averages = bool(getattr(model.optimizer, "use_ema", False))
    return averages or any(
        not type(callback).__module__.startswith("keras") or "EMA" in type(callback).__name__
        for callback in own
    )


def one_entry_an_epoch(history: Any) -> None:
    """Repeat numbers that were taken once: scripts draw them against the number of epochs."""
    epochs = max((len(values) for values in history.history.values()), default=0)
    for values in history.history.values():
        values[:0] = values[:1] * (epochs - len(values))


def describe(callback: Any) -> dict[str, Any]:
    """What a callback watches and where it was built."""
    mode = None
    compare = getattr(callback, "monitor_op", None)
    if compare is not None:
        mode = {"less": "min", "greater": "max"}.get(getattr(compare, "__name__", ""))
    return {
        "class": type(callback).__name__, "monitor": getattr(callback, "monitor", None),
        "mode": getattr(callback, "mode", None) or mode,
        "restore_best_weights": getattr(callback, "restore_best_weights", None),
        "save_best_only": getattr(callback, "save_best_only", None),
        "site": anatomy.built_at(callback),
    }  # fmt: skip


def stopped_at(callback: Any, history: Any) -> dict[str, Any]:
    """Where early stopping ended a training, and how many epochs after the best it was."""
    monitored = history.history.get(getattr(callback, "monitor", None), [])
    epoch, compare = getattr(callback, "stopped_epoch", 0), getattr(callback, "monitor_op", None)
    values = monitored[getattr(callback, "start_from_epoch", 0) : epoch + 1]
    if not epoch or compare is None or not values:
        return {}
    best = 0
    for at, value in enumerate(values):
        best = at if compare(value, values[best]) else best
    return {
        "stopped_epoch": int(epoch), "since_best": len(values) - 1 - best,
        "patience": int(callback.patience), "min_delta": abs(float(callback.min_delta)),
        "baseline": callback.baseline,
    }  # fmt: skip
