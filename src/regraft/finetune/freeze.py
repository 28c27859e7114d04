"""The only place that sets `trainable`.

BatchNorm layers are frozen themselves, always. Calling a network with `training=False` does not
keep them in inference mode in Keras 3 up to 3.15.1 once the network is trainable: their moving
means drift, and the network that is saved is not the one that was trained.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from regraft.backbones.naming import layers_by_name
from regraft.backbones.row import Backbone


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Block:
    """The layers between one tap and the next."""

    tap: str  # the layer it ends with
    layers: tuple[Any, ...]


def blocks_of(trunk: Any, row: Backbone) -> tuple[Block, ...]:
    """Part the layers of a trunk by the taps of its row, first block first.

    Args:
        trunk: As `build_trunk` returns it.
        row: Its row; taps behind the cut are passed over.
    """
    import keras

    named = layers_by_name(trunk)
    seen: set[int] = set()
    blocks = []
    for tap in row.taps:
        if tap.name not in named:
            continue
        needed = keras.Model(trunk.inputs, named[tap.name].output).layers
        layers = tuple(layer for layer in needed if id(layer) not in seen)
        seen.update(map(id, layers))
        blocks.append(Block(tap=tap.name, layers=layers))
    return tuple(blocks)


def train_only(trunk: Any, blocks: tuple[Block, ...], trained: Collection[int]) -> None:
    """Make some blocks of a trunk trainable and freeze all else.

    Keras reads this when a model is compiled: compile after it.

    Args:
        trunk: As `build_trunk` returns it.
        blocks: As `blocks_of` returns them.
        trained: Numbers of the blocks to train.
    """
    import keras

    trunk.trainable = True  # else no layer inside would count, whatever it says itself
    for number, block in enumerate(blocks):
        for layer in block.layers:
            is_statistic = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = number in trained and not is_statistic
