"""EfficientNet-Lite0 for Keras: EfficientNet-B0 without squeeze-and-excite, with ReLU6.

Its ImageNet weights ship inside the package, so it works with no network at all.

Source:
    Tan and Le, "EfficientNet", ICML 2019, https://arxiv.org/abs/1905.11946, table 1, and the
    lite variants at https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
"""

from pathlib import Path
from typing import Any, NamedTuple

from regraft.errors import InvalidArgumentError, expected_received

BUNDLED_WEIGHTS = Path(__file__).parent / "bundled" / "efficientnet_lite0.safetensors"
IMAGENET_CLASSES = 1000
SMALLEST_SIZE = 32  # five halvings leave one step
BATCH_NORM_EPSILON = 1e-3  # as it was trained
BATCH_NORM_MOMENTUM = 0.99


class Stage(NamedTuple):
    """Blocks of one width; only the first of them strides."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    width: int


STEM_WIDTH = 32
STAGES = (
    Stage(repeats=1, kernel=3, stride=1, expansion=1, width=16),
    Stage(repeats=2, kernel=3, stride=2, expansion=6, width=24),
    Stage(repeats=2, kernel=5, stride=2, expansion=6, width=40),
    Stage(repeats=3, kernel=3, stride=2, expansion=6, width=80),
    Stage(repeats=3, kernel=5, stride=1, expansion=6, width=112),
    Stage(repeats=4, kernel=5, stride=2, expansion=6, width=192),
    Stage(repeats=1, kernel=3, stride=1, expansion=6, width=320),
)
TOP_WIDTH = 1280


def EfficientNetLite0(
    *,
    include_top: bool = True,
    weights: str | Path | None = "imagenet",
    input_tensor: Any = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = IMAGENET_CLASSES,
    classifier_activation: str | None = "softmax",
    name: str = "efficientnet_lite0",
) -> Any:
    """Build the network, as the builders of `keras.applications` do.

    It expects pixels as ``(x - 127) / 128``, and does not rescale inside.

    Args:
        include_top: End in global average pooling and a dense layer; else in the last map.
        weights: ``"imagenet"`` (shipped with the package), the path of a safetensors file
            with the names of this network's variables, or None: random.
        input_tensor: A Keras tensor to build on; None makes an input.
        input_shape: (height, width, 3). None means (224, 224, 3).
        pooling: ``"avg"``, ``"max"`` or None; read only without the top.
        classes: Width of the top.
        classifier_activation: Of the top; None gives logits.
        name: Of the model.

    Returns:
        A functional `keras.Model`.

    Raises:
        InvalidArgumentError: If the arguments contradict one another, or the file is not for
            this network.
    """
    import keras

    from regraft.backbones.loading import load_weights

    _check(weights, include_top=include_top, classes=classes, pooling=pooling, shape=input_shape)
    inputs = keras.Input(input_shape or (224, 224, 3)) if input_tensor is None else input_tensor
    x = _convolve(inputs, "stem_", width=STEM_WIDTH, kernel=3, stride=2, relu=True)
    for number, stage in enumerate(STAGES, start=1):
        for repeat in range(stage.repeats):
            block = f"block{number}{'abcd'[repeat]}_"
            x = _block(x, block, stage, stride=stage.stride if repeat == 0 else 1)
    x = _convolve(x, "top_", width=TOP_WIDTH, kernel=1, stride=1, relu=True)
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = keras.layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    elif pooling == "avg":
        x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
    elif pooling == "max":
        x = keras.layers.GlobalMaxPooling2D(name="max_pool")(x)
    if input_tensor is not None:
        inputs = keras.utils.get_source_inputs(input_tensor)
    model = keras.Model(inputs, x, name=name)
    if weights is not None:
        load_weights(model, BUNDLED_WEIGHTS if weights == "imagenet" else Path(weights))
    return model


def _convolve(x: Any, prefix: str, *, width: int, kernel: int, stride: int, relu: bool) -> Any:
    from keras import layers

    x = layers.Conv2D(
        width, kernel, strides=stride, padding="same", use_bias=False, name=f"{prefix}conv"
    )(x)
    return _normalise_batch(x, prefix, relu=relu)


def _normalise_batch(x: Any, prefix: str, *, relu: bool) -> Any:
    from keras import layers

    x = layers.BatchNormalization(
        epsilon=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM, name=f"{prefix}bn"
    )(x)
    return layers.ReLU(6.0, name=f"{prefix}relu")(x) if relu else x


def _block(x: Any, prefix: str, stage: Stage, *, stride: int) -> Any:
    """Widen, filter each channel, narrow; add the input where the shape allows."""
    from keras import layers

    inputs, narrow = x, x.shape[-1]
    if stage.expansion != 1:
        wide = narrow * stage.expansion
        x = _convolve(x, f"{prefix}expand_", width=wide, kernel=1, stride=1, relu=True)
    x = layers.DepthwiseConv2D(
        stage.kernel, strides=stride, padding="same", use_bias=False, name=f"{prefix}depthwise_conv"
    )(x)
    x = _normalise_batch(x, f"{prefix}depthwise_", relu=True)
    x = _convolve(x, f"{prefix}project_", width=stage.width, kernel=1, stride=1, relu=False)
    if stride == 1 and narrow == stage.width:
        x = layers.Add(name=f"{prefix}add")([inputs, x])
    return x


def _check(
    weights: str | Path | None,
    *,
    include_top: bool,
    classes: int,
    pooling: str | None,
    shape: tuple[int | None, int | None, int] | None,
) -> None:
    if weights == "imagenet" and include_top and classes != IMAGENET_CLASSES:
        raise InvalidArgumentError(
            expected_received(
                f"classes={IMAGENET_CLASSES} with the ImageNet top",
                f"classes={classes}",
                "Use include_top=False or weights=None.",
            )
        )
    if pooling not in (None, "avg", "max"):
        raise InvalidArgumentError(expected_received("pooling 'avg', 'max' or None", repr(pooling)))
    if shape is None:
        return
    sides = [side for side in shape[:2] if side is not None]
    if any(side < SMALLEST_SIZE for side in sides):
        raise InvalidArgumentError(
            expected_received(
                f"an input shape (height, width, 3) with sides of at least {SMALLEST_SIZE}",
                str(shape),
            )
        )
