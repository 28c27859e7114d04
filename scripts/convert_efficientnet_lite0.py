"""Convert the published EfficientNet-Lite0 weights to the safetensors file of the package.

    python scripts/convert_efficientnet_lite0.py imagenet.npz OUT.safetensors [--float32]

The source has the tensor names and the layout of the PyTorch port. The large kernels become
float16, which halves the file. Rounding all of them, and nothing else, moves the logits by
3.4e-3 of their norm; two measures bring that to 6e-4 (8e-4 for the worst of 30 pictures):

- Kernels with few numbers stay float32, and so do batch statistics and biases. The small
  kernels are those of the first blocks and the depthwise ones: an error there reaches
  everything, and is averaged over few products.
- The mean shift that the rounded kernels cause is taken out of the next batch mean. The mean
  of their input follows from the batch normalisation before it, so no pictures are needed.

Source:
    Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
    ICCV 2019, section 4.2, https://arxiv.org/abs/1906.04721.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from regraft.backbones.efficientnet_lite import STAGES

Tensors = dict[str, npt.NDArray[Any]]
FloatArray = npt.NDArray[np.float64]

FEW = 20_000  # kernels with fewer numbers stay float32: 0.2 of 4.7 million altogether
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406])  # of RGB in [0, 1]
BATCH_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


class Block(NamedTuple):
    """The names of one block, ours and the source's."""

    ours: str
    theirs: str
    expands: bool
    adds: bool  # its input to its output


def blocks() -> list[Block]:
    """All blocks in order."""
    names = [
        (f"block{number}{'abcd'[repeat]}", stage.expansion != 1, repeat > 0)
        for number, stage in enumerate(STAGES, start=1)
        for repeat in range(stage.repeats)
    ]
    return [Block(ours, f"_blocks.{i}", *rest) for i, (ours, *rest) in enumerate(names)]


def main() -> None:
    """Read the command line, convert, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--float32", action="store_true", help="keep all tensors in float32")
    arguments = parser.parse_args()

    from safetensors.numpy import save_file

    with np.load(arguments.source) as file:
        tensors = renamed({name: file[name] for name in file.files})
    if not arguments.float32:
        tensors = rounded(tensors)
    save_file(tensors, arguments.out, metadata={"licence": "Apache-2.0", "see": "NOTICE.md"})
    arguments.out.chmod(0o644)


def renamed(source: Tensors) -> Tensors:
    """All tensors under the names and in the layout of our network.

    Raises:
        KeyError: If the source lacks a tensor.
        ValueError: If the source has a tensor that was not used.
    """
    left = dict(source)
    tensors: Tensors = {}

    def convolution(ours: str, theirs: str, *, depthwise: bool = False) -> None:
        # (out, in, h, w) -> (h, w, in, out); a depthwise kernel is (channels, 1, h, w) there
        axes = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        tensors[f"{ours}/kernel"] = left.pop(f"{theirs}.weight").transpose(axes)

    def batch_norm(ours: str, theirs: str) -> None:
        for our_part, their_part in BATCH_NORM.items():
            tensors[f"{ours}/{our_part}"] = left.pop(f"{theirs}.{their_part}")

    convolution("stem_conv", "_conv_stem")
    batch_norm("stem_bn", "_bn0")
    for block in blocks():
        if block.expands:
            convolution(f"{block.ours}_expand_conv", f"{block.theirs}._expand_conv")
            batch_norm(f"{block.ours}_expand_bn", f"{block.theirs}._bn0")
        convolution(
            f"{block.ours}_depthwise_conv", f"{block.theirs}._depthwise_conv", depthwise=True
        )
        batch_norm(f"{block.ours}_depthwise_bn", f"{block.theirs}._bn1")
        convolution(f"{block.ours}_project_conv", f"{block.theirs}._project_conv")
        batch_norm(f"{block.ours}_project_bn", f"{block.theirs}._bn2")
    convolution("top_conv", "_conv_head")
    batch_norm("top_bn", "_bn1")
    tensors["predictions/kernel"] = left.pop("_fc.weight").T
    tensors["predictions/bias"] = left.pop("_fc.bias")
    if left:
        msg = f"tensors without a place: {sorted(left)}"
        raise ValueError(msg)
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def rounded(exact: Tensors) -> Tensors:
    """The tensors as they are shipped: large kernels in float16, their mean shift corrected."""
    tensors = {
        name: tensor.astype(np.float16)
        if name.endswith("/kernel") and tensor.size >= FEW
        else tensor.copy()
        for name, tensor in exact.items()
    }

    def shift(kernel: str) -> FloatArray:
        return tensors[kernel].astype(np.float64) - exact[kernel]

    def correct(prefix: str, input_mean: FloatArray, output_mean: Callable[..., FloatArray]) -> Any:
        change = shift(f"{prefix}_conv/kernel")
        spatial = change.sum(axis=(0, 1))  # (in, out), or (channels, 1) where depthwise
        moved = spatial[:, 0] * input_mean if "depthwise" in prefix else input_mean @ spatial
        tensors[f"{prefix}_bn/moving_mean"] += moved.astype(np.float32)
        return output_mean(exact[f"{prefix}_bn/beta"], exact[f"{prefix}_bn/gamma"])

    mean = correct("stem", (255 * IMAGENET_MEAN - 127) / 128, relu6_mean)
    for block in blocks():
        inside = mean
        if block.expands:
            inside = correct(f"{block.ours}_expand", inside, relu6_mean)
        inside = correct(f"{block.ours}_depthwise", inside, relu6_mean)
        inside = correct(f"{block.ours}_project", inside, linear_mean)
        mean = mean + inside if block.adds else inside
    mean = correct("top", mean, relu6_mean)
    tensors["predictions/bias"] -= (mean @ shift("predictions/kernel")).astype(np.float32)
    return tensors


def linear_mean(beta: npt.NDArray[Any], _gamma: npt.NDArray[Any]) -> FloatArray:
    """The mean of what a batch normalisation gives."""
    return beta.astype(np.float64)


def relu6_mean(beta: npt.NDArray[Any], gamma: npt.NDArray[Any]) -> FloatArray:
    """The mean of ReLU6 of what a batch normalisation gives, taken as Gaussian."""
    spread = np.abs(gamma).astype(np.float64) + 1e-12
    low, high = (0 - beta) / spread, (6 - beta) / spread
    between = beta * (norm.cdf(high) - norm.cdf(low)) - spread * (norm.pdf(high) - norm.pdf(low))
    return np.asarray(between + 6 * norm.sf(high), np.float64)


if __name__ == "__main__":
    main()
