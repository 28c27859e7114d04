"""What imports cannot show: some work is done in one place only. Read from the syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "regraft"
FILES = sorted(SOURCE.rglob("*.py"))

DECODERS = {
    "decode_bmp", "decode_gif", "decode_image", "decode_jpeg", "decode_png", "imdecode", "imread",
    "img_to_array", "load_img", "image_dataset_from_directory",
}  # fmt: skip
RESIZERS = {
    "Resizing", "imresize", "interpolate", "resize_bilinear", "resize_with_pad", "smart_resize",
    "thumbnail", "zoom",
}  # fmt: skip
SCALERS = {"Normalization", "Rescaling", "preprocess_input", "per_image_standardization"}
# 255 as a divisor, half of it, and the ImageNet statistics: the marks of a pixel convention
PIXEL_CONSTANTS = {127.5, 103.939, 116.779, 123.68, 0.485, 0.456, 0.406, 0.229, 0.224, 0.225}


def findings(look: object, *, allowed: tuple[str, ...]) -> list[str]:
    """`look` applied to every node of every file but those `allowed`."""
    return [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in FILES
        if not path.relative_to(SOURCE).as_posix().startswith(allowed)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if look(node)
    ]


def called(node: ast.AST) -> str:
    """The last part of the name that a call calls, or nothing."""
    if not isinstance(node, ast.Call):
        return ""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module)):
            yield module


def decodes(node: ast.AST) -> bool:
    return called(node) in DECODERS or any(
        name.split(".")[0] in {"PIL", "cv2", "imageio", "skimage"} for name in imported(node)
    )


def resizes(node: ast.AST) -> bool:
    # `resize(...)` by name is our own, imported; `x.resize(...)` is somebody else's
    is_foreign = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return called(node) in RESIZERS or (is_foreign and called(node) == "resize")


def scales_pixels(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=255 | 255.0)):
            return True
        case ast.BinOp(op=ast.Div(), left=ast.Constant(value=1 | 1.0), right=ast.Constant(value=v)):
            return v in {127.5, 127, 128}
        case ast.Constant(value=float(value)):
            return value in PIXEL_CONSTANTS
    return called(node) in SCALERS


def sets_trainable(node: ast.AST) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(isinstance(t, ast.Attribute) and t.attr == "trainable" for t in targets)
        case ast.AugAssign(target=ast.Attribute(attr="trainable")):
            return True
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="trainable"), _]):
            return True
    return False


def prints(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"):
            return True
    return called(node) in {"print", "Console"}


def asserts(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert)


def unpickles(node: ast.AST) -> bool:
    loads = {"pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal"}
    if any(name.split(".")[0] in loads for name in imported(node)):
        return True
    if called(node) in {"load_model", "deserialize_keras_object", "enable_unsafe_deserialization"}:
        return True
    return isinstance(node, ast.keyword) and (
        node.arg == "allow_pickle"
        and not (isinstance(node.value, ast.Constant) and not node.value.value)
    )


# `diagnose/` reads and names what the user's script does, so it must be able to speak of it;
# `diagnose/agent/` runs inside that script's process, on its streams and on its models.
CONTRACTS = [
    pytest.param(decodes, ("data/decode.py", "diagnose/agent/"), id="one-decoder"),
    pytest.param(resizes, ("adapt/resize.py",), id="one-resize"),
    pytest.param(scales_pixels, ("adapt/pixels.py", "diagnose/"), id="one-place-scales-pixels"),
    pytest.param(
        sets_trainable, ("finetune/freeze.py", "diagnose/agent/"), id="one-place-sets-trainable"
    ),
    pytest.param(prints, ("cli/", "diagnose/agent/"), id="only-the-command-line-prints"),
    pytest.param(asserts, ("nothing",), id="no-assert"),
    pytest.param(unpickles, ("nothing",), id="nothing-is-unpickled"),
]


@pytest.mark.parametrize(("look", "allowed"), CONTRACTS)
def test_is_done_in_one_place_only(look, allowed):
    assert findings(look, allowed=allowed) == []


VIOLATIONS = [
    pytest.param(decodes, "from PIL import Image", id="pillow"),
    pytest.param(decodes, "tf.io.decode_jpeg(data)", id="tensorflow-decoder"),
    pytest.param(resizes, "np.resize(x, (3, 3))", id="np-resize"),
    pytest.param(resizes, "keras.layers.Resizing(3, 3)", id="resizing-layer"),
    pytest.param(scales_pixels, "x / 255.0", id="over-255"),
    pytest.param(scales_pixels, "x / 127.5 - 1", id="signed"),
    pytest.param(scales_pixels, "vgg16.preprocess_input(x)", id="preprocess-input"),
    pytest.param(sets_trainable, "base.trainable = False", id="assignment"),
    pytest.param(sets_trainable, "setattr(base, 'trainable', True)", id="setattr"),
    pytest.param(prints, "print(1)", id="print"),
    pytest.param(prints, "sys.stderr.write('x')", id="stderr"),
    pytest.param(asserts, "assert x", id="assert"),
    pytest.param(unpickles, "import pickle", id="pickle"),
    pytest.param(unpickles, "np.load(f, allow_pickle=True)", id="allow-pickle"),
]


@pytest.mark.parametrize(("look", "code"), VIOLATIONS)
def test_a_violation_is_seen(look, code):
    assert any(look(node) for node in ast.walk(ast.parse(code)))


def test_np_load_without_pickle_is_fine():
    assert not any(unpickles(n) for n in ast.walk(ast.parse("np.load(f, allow_pickle=False)")))
