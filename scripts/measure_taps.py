"""Measure the taps of backbones from their Keras graphs and write them to taps.json.

    python scripts/measure_taps.py [NAME ...]

Names the backbones to measure anew; none means all (minutes, and up to 6 GB for the largest).
Every number belongs to the default size of its backbone. Multiply-adds are those of
convolutions and dense layers; what the others do is small beside them.
"""

import argparse
import json
import math
import re
from collections.abc import Iterable
from typing import Any

from regraft.backbones.measured_taps import TAPS_FILE
from regraft.backbones.naming import layers_by_name
from regraft.backbones.row import Backbone
from regraft.backbones.table import BACKBONES, get
from regraft.records import Tap

# The end of every block, by the names that Keras gives to layers. Where several layers match
# with the same first group, the last of them ends the block: an addition after a projection.
# Names that end in a bare number are those of a fresh process: `add_3` is the fourth addition.
# The output of the network is a tap, too, whatever its name. The last block of
# Inception-ResNet ends without an activation, and so without a name.
ENDS_OF_BLOCKS = {
    r"efficientnet_lite": r"(block\d[a-d])_(project_bn|add)",
    r"vgg": r"(block\d_pool)",
    r"resnet": r"(conv\d_block\d+_out)",
    r"inception_v3": r"(mixed\d+)",
    r"inception_resnet": r"(mixed_5b|mixed_[67]a|block\d+_\d+_ac|custom_scale_layer_39)",
    r"xception": r"(add(_\d+)?)",
    r"mobilenet_v3": r"(expanded_conv(_\d+)?)_(project_bn|add)",
    r"mobilenet_v2": r"(expanded_conv|block_\d+)_(project_BN|add)",
    r"mobilenet": r"(conv_pw_\d+_relu)",
    r"densenet": r"(conv\d_block\d+_concat|pool[234]_pool)",
    r"nasnet": r"((normal|reduction)_concat_\w+)",
    r"efficientnet": r"(block\d[a-z]+)_(project_bn|project_activation|add)",
    r"convnext": r"(add(_\d+)?)",
}


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    chosen = [get(name) for name in parser.parse_args().names] or list(BACKBONES)
    for row in chosen:
        taps = json.loads(TAPS_FILE.read_text())
        taps[row.name] = [as_json(tap) for tap in measure(row, row.build(row.default_size))]
        ordered = {known.name: taps[known.name] for known in BACKBONES if known.name in taps}
        TAPS_FILE.write_text(as_text(ordered))


def measure(row: Backbone, model: Any) -> tuple[Tap, ...]:
    """The taps of a backbone built at its default size, in the order of their depth."""
    layers = layers_by_name(model)
    parents = graph(model)
    strides = all_strides(parents)
    return tuple(
        Tap(
            name=name,
            stride=strides[layers[name]],
            channels=int(layers[name].output.shape[-1]),
            macs_per_pixel=significant(
                sum(macs(layer) for layer in needed(layers[name], parents)) / row.default_size**2
            ),
        )
        for name in ends_of_blocks(row, layers, parents)
    )


def graph(model: Any) -> dict[Any, list[Any]]:
    """The layers that each layer takes its inputs from; every layer after its own."""
    # Keras has no public way to ask this that holds for nested models, too.
    nodes = [
        node
        for depth in sorted(model._nodes_by_depth, reverse=True)
        for node in model._nodes_by_depth[depth]
    ]
    return {
        node.operation: [tensor._keras_history.operation for tensor in node.input_tensors]
        if not node.is_input
        else []
        for node in nodes
    }


def ends_of_blocks(row: Backbone, layers: dict[str, Any], parents: Iterable[Any]) -> list[str]:
    """The names of the layers that end a block, in the order of their depth."""
    pattern = next(p for family, p in ENDS_OF_BLOCKS.items() if row.name.startswith(family))
    names = {layer: name for name, layer in layers.items()}
    last = {}
    for layer in parents:
        if match := re.fullmatch(pattern, names[layer]):
            last.pop(match[1], None)  # so that the order is that of the ends
            last[match[1]] = names[layer]
    output = names[layer]
    return [*(name for name in last.values() if name != output), output]


def needed(layer: Any, parents: dict[Any, list[Any]]) -> set[Any]:
    """A layer and all that it is computed from."""
    seen: set[Any] = set()
    waiting = [layer]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += parents[current]
    return seen


def all_strides(parents: dict[Any, list[Any]]) -> dict[Any, int]:
    """Input pixels per step of every layer's map."""
    strides: dict[Any, int] = {}
    for layer, before in parents.items():
        strides[layer] = own_stride(layer) * max((strides[one] for one in before), default=1)
    return strides


def own_stride(layer: Any) -> int:
    """How much a layer alone shrinks the map."""
    if inner := getattr(layer, "layers", None):
        return math.prod(own_stride(part) for part in inner)
    strides = getattr(layer, "strides", 1)
    return int(strides[0] if isinstance(strides, tuple | list) else strides)


def macs(layer: Any) -> int:
    """Multiply-adds of one layer for one picture."""
    if inner := getattr(layer, "layers", None):
        return sum(macs(part) for part in inner)
    kernels = [weight for weight in getattr(layer, "weights", ()) if "kernel" in weight.name]
    if not kernels:
        return 0
    steps = math.prod(layer.output.shape[1:-1])  # 1 for a dense layer
    return sum(math.prod(kernel.shape) for kernel in kernels) * steps


def significant(value: float) -> float:
    """Five digits: enough for a cost."""
    return float(f"{value:.5g}")


def as_json(tap: Tap) -> dict[str, Any]:
    """The fields of a tap."""
    return {name: getattr(tap, name) for name in Tap.__dataclass_fields__}


def as_text(taps: dict[str, list[dict[str, Any]]]) -> str:
    """JSON with one tap a line, to be read and compared by people."""
    rows = [
        f"{json.dumps(name)}: [\n    " + ",\n    ".join(map(json.dumps, of_one)) + "\n  ]"
        for name, of_one in taps.items()
    ]
    return "{\n  " + ",\n  ".join(rows) + "\n}\n"


if __name__ == "__main__":
    main()
