"""How fast what learns: by step (warm-up, then cosine) and by depth (early blocks slower)."""

import math
from typing import Any

from regraft.errors import InvalidArgumentError, expected_received

WARM_UP = 0.05  # of all steps; Adam's second moments mean little before
LEAST_WARM_UP = 5  # steps
FIRST_BLOCK = 0.25  # the rate of the first block against that of the head


def rate_at(step: int, *, steps: int, peak: float) -> float:
    """The learning rate of one step: rising linearly, then falling as half a cosine to nearly 0.

    Args:
        step: From 0.
        steps: All of them.
        peak: The largest rate.

    Raises:
        InvalidArgumentError: If `step` is not one of `steps`.

    Example:
        >>> [round(rate_at(step, steps=11, peak=1.0), 2) for step in (0, 4, 5, 8, 10)]
        [0.2, 1.0, 1.0, 0.5, 0.07]
    """
    if not 0 <= step < steps:
        raise InvalidArgumentError(expected_received(f"a step from 0 to {steps - 1}", f"{step}"))
    warm_up = min(max(LEAST_WARM_UP, round(WARM_UP * steps)), steps // 2)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))


def by_depth(n_blocks: int, trained: tuple[int, ...]) -> tuple[float, ...]:
    """A factor on the rate for each block, 0 where it is frozen.

    Geometric from `FIRST_BLOCK` to nearly 1: what is near the pixels is the most general.

    Source:
        Howard and Ruder, "Universal Language Model Fine-tuning", ACL 2018, Sec. 3.2
        (discriminative fine-tuning), https://arxiv.org/abs/1801.06146.

    Example:
        >>> by_depth(2, (0, 1))
        (0.25, 0.5)
    """
    return tuple(
        FIRST_BLOCK ** ((n_blocks - number) / n_blocks) if number in trained else 0.0
        for number in range(n_blocks)
    )


def adam(rates: dict[str, float], variables: list[Any]) -> Any:
    """Adam with a factor on the rate of every variable, which may be changed between steps.

    Args:
        rates: Factor by the `path` of the variable.
        variables: All that will be trained, in the order of the model.

    Returns:
        A `keras.optimizers.Adam` with a method `set_factors(rates)`.
    """
    import keras
    import numpy as np

    class LayerwiseAdam(keras.optimizers.Adam):  # type: ignore[misc]  # Keras ships no types
        """Adam whose step is scaled variable by variable."""

        def build(self, variables: list[Any]) -> None:
            if self.built:
                return
            super().build(variables)
            self._paths = [variable.path for variable in variables]
            # a variable, not constants: other factors need no other graph
            self._factors = keras.Variable(
                np.ones(len(variables), np.float32), trainable=False, name="factors"
            )

        def set_factors(self, rates: dict[str, float]) -> None:
            """Use other factors from the next step on."""
            self._factors.assign(np.array([rates[path] for path in self._paths], np.float32))

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            # every backend hands over another kind of variable; Keras itself finds them so
            factor = self._factors[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * factor)

    optimizer = LayerwiseAdam(learning_rate=0.0)
    optimizer.build(variables)
    optimizer.set_factors(rates)
    return optimizer
