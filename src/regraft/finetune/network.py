"""The classifier as one network: pictures in, logits out, starting as the fitted head."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.backbones.naming import variables_by_name
from regraft.backbones.row import Backbone
from regraft.backbones.weights import Weights
from regraft.features.graph import Request, build_extractor
from regraft.finetune.freeze import Block, blocks_of, train_only
from regraft.finetune.rates import adam, by_depth
from regraft.records import FloatArray, LinearHead

Tensors = dict[str, FloatArray]
HEAD = "head"  # names of the head's variables begin with it
_COLUMNS = 256  # at a time: a spread needs a copy in float64
_CONSTANT = 1e-6  # a spread below this part of the mean is rounding, not information


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Start:
    """Where training begins: a head, and the spread of the features it was fitted to."""

    head: LinearHead
    mean: FloatArray  # (d,)
    scale: FloatArray  # (d,) one over the standard deviation; 1 where a feature never varies

    @classmethod
    def of(cls, head: LinearHead, features: FloatArray) -> "Start":
        """From the head and the features (n, d) of its training pictures."""
        mean = features.mean(axis=0, dtype=np.float64)
        columns = range(0, features.shape[1], _COLUMNS)
        spread = np.concatenate(
            [features[:, at : at + _COLUMNS].std(axis=0, dtype=np.float64) for at in columns]
        )
        varies = spread > _CONSTANT * np.maximum(np.abs(mean), 1.0)
        return cls(
            head=head,
            mean=mean.astype(np.float32),
            scale=np.where(varies, 1 / np.where(varies, spread, 1.0), 1.0).astype(np.float32),
        )


class Network:
    """A backbone cut at its taps, pooled, standardised, and a dense head.

    Head first, then the backbone: a head that fits already sends no large gradients into it.

    Source:
        Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
        Out-of-Distribution", ICLR 2022 (LP-FT), https://arxiv.org/abs/2202.10054.
    """

    def __init__(
        self,
        row: Backbone,
        *,
        size: int,
        requests: tuple[Request, ...],
        weights: Weights | None,
        start: Start,
        picture_shape: tuple[int, int, int] | None,
    ) -> None:
        """Build it; every block is frozen until `train` is called.

        Args:
            row: The backbone.
            size: Side in pixels of what the trunk sees.
            requests: Taps and grids, as the head was fitted on.
            weights: Pretrained; None for seeded random ones.
            start: The head.
            picture_shape: As for `build_extractor`.
        """
        import keras

        extractor = build_extractor(
            row, size=size, requests=requests, weights=weights, picture_shape=picture_shape
        )
        self.trunk = next(layer for layer in extractor.layers if isinstance(layer, keras.Model))
        self.blocks: tuple[Block, ...] = blocks_of(self.trunk, row)
        self._start = start
        self._model = _with_head(extractor, start)
        self._optimizer: Any = None
        self._answer: Any = None
        train_only(self.trunk, self.blocks, ())

    def train(self, blocks: tuple[int, ...]) -> None:
        """Compile for training the head and these blocks, with a fresh optimiser."""
        import keras

        train_only(self.trunk, self.blocks, blocks)
        self._optimizer = adam(self._factors(blocks), self._model.trainable_variables)
        self._model.compile(
            optimizer=self._optimizer,
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            jit_compile=False,  # XLA on a CPU loses 10x on depthwise convolutions
        )
        self._answer = None

    def reset_optimiser(self, blocks: tuple[int, ...]) -> None:
        """Forget moments and steps, and move only these of the compiled blocks."""
        for variable in self._optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        self._optimizer.set_factors(self._factors(blocks))

    def step(self, pictures: npt.NDArray[Any], targets: FloatArray, *, rate: float) -> float:
        """One step of training.

        Args:
            pictures: (n, h, w, c), as `picture_shape` says.
            targets: (n, k) shares of the classes, rows sum to 1.
            rate: Of learning.

        Returns:
            The mean cross-entropy before the step, in nats.
        """
        self._optimizer.learning_rate = rate
        return float(self._model.train_on_batch(pictures, targets))

    def logits(self, pictures: npt.NDArray[Any]) -> FloatArray:
        """(n, k) for pictures (n, h, w, c)."""
        answer: FloatArray = np.asarray(self._model.predict_on_batch(pictures))
        return answer

    def learnt(self) -> Tensors:
        """Copies of what training changes: the trainable variables, by names that hold."""
        return {name: _numbers(variable).copy() for name, variable in self._learning()}

    def assign(self, tensors: Mapping[str, FloatArray]) -> None:
        """Take up values that `learnt` gave."""
        for name, variable in self._learning():
            variable.assign(tensors[name])

    def optimiser_state(self) -> Tensors:
        """Moments and step count of the optimiser, by their numbers."""
        state: Tensors = {}
        self._optimizer.save_own_variables(state)
        return {name: np.asarray(value) for name, value in state.items()}

    def assign_optimiser(self, state: Mapping[str, FloatArray]) -> None:
        """Take up a state that `optimiser_state` gave."""
        self._optimizer.load_own_variables(dict(state))

    def head(self) -> LinearHead:
        """The head on raw features, its temperature 1 until it is calibrated anew."""
        kernel, bias = map(_numbers, self._model.head.weights)
        raw = kernel * self._start.scale[:, None]
        return LinearHead(
            kernel=raw.astype(np.float32),
            bias=(bias - self._start.mean @ raw).astype(np.float32),
            l2=self._start.head.l2,
            temperature=1.0,
        )

    def n_trained(self) -> int:
        """Parameters that a step changes."""
        return sum(int(np.prod(v.shape)) for v in self._model.trainable_variables)

    def _learning(self) -> Iterator[tuple[str, Any]]:
        for name, variable in variables_by_name(self.trunk).items():
            if variable.trainable:
                yield name, variable
        for variable in self._model.head.weights:
            yield f"{HEAD}/{variable.name}", variable

    def _factors(self, blocks: tuple[int, ...]) -> dict[str, float]:
        """The factor on the rate of every variable, by its path."""
        factors = dict.fromkeys((v.path for v in self._model.head.weights), 1.0)
        shares = by_depth(len(self.blocks), blocks)
        for block, share in zip(self.blocks, shares, strict=True):
            for layer in block.layers:
                factors.update((variable.path, share) for variable in layer.weights)
        return factors


def _numbers(variable: Any) -> FloatArray:
    """What a Keras variable holds, on any backend."""
    values: FloatArray = np.asarray(variable.numpy())
    return values


def _with_head(extractor: Any, start: Start) -> Any:
    """A model that runs in inference mode whatever it is told: no dropout, no moving means."""
    import keras
    from keras import ops

    class Classifying(keras.Model):  # type: ignore[misc]  # Keras ships no types
        """Extractor, standardisation, head."""

        def __init__(self) -> None:
            super().__init__(name="classifying")
            self.extractor = extractor
            self.head = keras.layers.Dense(start.head.kernel.shape[1], dtype="float32", name=HEAD)
            self.head.build((None, start.head.kernel.shape[0]))

        def call(self, pictures: Any, training: bool | None = None) -> Any:  # noqa: ARG002
            features = keras.tree.flatten(self.extractor(pictures, training=False))
            joined = features[0] if len(features) == 1 else ops.concatenate(features, axis=1)
            # as tensors: what PyTorch has a gradient for cannot meet an array
            mean, scale = ops.convert_to_tensor(start.mean), ops.convert_to_tensor(start.scale)
            return self.head((ops.cast(joined, "float32") - mean) * scale)

    model = Classifying()
    # the fitted head acts on raw features: here the standardisation stands before it
    kernel = start.head.kernel / start.scale[:, None]
    bias = start.head.bias + start.mean @ start.head.kernel
    temperature = start.head.temperature
    model.head.kernel.assign(kernel / temperature)
    model.head.bias.assign(bias / temperature)
    return model
