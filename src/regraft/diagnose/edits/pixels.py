"""Pixels reach the network once scaled, as it was pretrained."""

# ruff: noqa: ARG001 - edits are called alike, whether they need all of it or not

import ast
from collections.abc import Mapping
from typing import Any

from regraft.diagnose.conventions import RGB
from regraft.diagnose.draft import Draft, UnknownEdit
from regraft.diagnose.edits.context import (
    Mend,
    Mends,
    PatchContext,
    builder,
    fit_call,
    scored_names,
    sequential_of,
)
from regraft.diagnose.edits.geometry import INPUTS, feed
from regraft.diagnose.evidence import Site
from regraft.diagnose.syntax import argument, last_name

BYTE_RANGE = (255, 255.0)
#: Start of a builder's name -> its module in keras.applications; longer starts come first.
_MODULES = {
    "InceptionResNetV2": "inception_resnet_v2",
    "InceptionV3": "inception_v3",
    "EfficientNetV2": "efficientnet_v2",
    "MobileNetV3": "mobilenet_v3",
    "MobileNetV2": "mobilenet_v2",
    "MobileNet": "mobilenet",
    "DenseNet": "densenet",
    "ConvNeXt": "convnext",
    "Xception": "xception",
    "NASNet": "nasnet",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
}


def convert_pixels(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Take a scaling away, or put the right one where every picture passes."""
    for mend in mends:
        parameters = mend.parameters
        if parameters["part"] == "validation":
            _convert_validation(draft, parameters, context)
        elif parameters["boundary"] == "model":
            _convert_in_front_of_model(draft, parameters)
        else:
            _convert_in_front_of_backbone(draft, mend, context)


def _convert_in_front_of_backbone(draft: Draft, mend: Mend, context: PatchContext) -> None:
    before = draft.snapshot()
    try:
        _scale_once(draft, mend, context)
    except UnknownEdit:
        draft.restore(before)
        # whatever happened to the pixels before, and wherever: this undoes it
        order, scale, offset = (mend.parameters[k] for k in ("order", "scale", "offset"))
        _insert(draft, context, lambda tensor, keras: _affine(tensor, keras, order, scale, offset))


def _scale_once(draft: Draft, mend: Mend, context: PatchContext) -> None:
    """Take the wrong scaling away where it is, and let the network's own be the only one."""
    seen, wanted = _conventions(context)
    if not mend.rule.startswith("PRE"):
        raise UnknownEdit("not a matter of scale")
    if seen == "unit" or seen.endswith("-of-unit"):
        _drop_divisions(draft, context, seen)
        seen = "byte" if seen == "unit" else seen.removesuffix("-of-unit")
    elif "-of-" in seen:
        _copy_before_preprocessing(draft, context, seen)
        return
    if seen == wanted:
        return
    if seen != "byte":
        raise UnknownEdit("scaled in another way")
    _insert(draft, context, lambda tensor, keras: _preprocessed(draft, context, tensor, keras))


def _insert(draft: Draft, context: PatchContext, wrap: Any) -> None:
    """Wrap what the pretrained network is built on."""
    keras = draft.keras()
    build = builder(draft, context)
    held = argument(build, "input_tensor", 2)
    if held is not None:
        draft.replace(held, wrap(draft.source(held), keras))
        return
    shape = argument(build, "input_shape", 3)
    side = "(224, 224, 3)" if _has_top(build) else "(None, None, 3)"
    text = draft.source(shape) if shape is not None else side
    pictures = draft.fresh("pictures")
    statement = draft.statement(build)
    draft.insert_before(statement, f"{pictures} = {keras}.Input(shape={text})")
    feed(draft, builder(draft, context), wrap(pictures, keras))


def _preprocessed(draft: Draft, context: PatchContext, tensor: str, keras: str) -> str:
    name = draft.real_name(builder(draft, context).func)
    module = next((m for start, m in _MODULES.items() if name.startswith(start)), "")
    if name.startswith("ResNet"):
        module = "resnet_v2" if name.endswith("V2") else "resnet"
    if not module:
        raise UnknownEdit("no preprocess_input of that network is known")
    for node in draft.tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(f".{module}"):
            for alias in node.names:
                if alias.name == "preprocess_input":
                    return f"{alias.asname or alias.name}({tensor})"
    return f"{keras}.applications.{module}.preprocess_input({tensor})"


def _affine(tensor: str, keras: str, order: Any, scale: Any, offset: Any) -> str:
    reversed_ = "" if tuple(order) == RGB else "[..., ::-1]"
    if all(s == 1 for s in scale) and not any(offset):
        return f"{tensor}{reversed_}"
    return (
        f"{keras}.layers.Rescaling({_plain(scale)}, offset={_plain(offset)})({tensor}{reversed_})"
    )


def _plain(values: Any) -> str:
    """One number where all are the same, else a list; as short as it stays exact enough."""
    texts = [f"{float(value):.8g}" for value in values]
    return texts[0] if len(set(texts)) == 1 else f"[{', '.join(texts)}]"


def _drop_divisions(draft: Draft, context: PatchContext, seen: str) -> None:
    """Take away every division by 255 of pictures that were trained on.

    Others are of pictures that are shown, or predicted after the training.
    """
    ledger = context.evidence.ledger
    by_hand, within = (
        {
            (call.site.file, call.site.line)
            for call in ledger.of(what)
            if _divides(call.details) and not call.details.get("n_fits")
        }
        for what in ("operator", "rescaling")
    )
    by_hand = {place for place in by_hand if not _is_shown(draft, place)}
    if not by_hand and not within:
        raise UnknownEdit("no division by 255 was recorded")
    if by_hand and within and seen == "unit":
        raise UnknownEdit("pictures are divided in several places, and once each")
    for file, line in sorted(by_hand | within):
        _drop_division(draft, draft.line(Site(file=file, line=line)))


def _is_shown(draft: Draft, place: tuple[str, int]) -> bool:
    """Is what is divided on a line only drawn?"""
    divided = _divided_at(draft, draft.line(Site(file=place[0], line=place[1])))
    around = () if divided is None else draft.parents(divided)
    return any(isinstance(n, ast.Call) and last_name(n.func) == "imshow" for n in around)


def _drop_division(draft: Draft, line: int) -> None:
    dropped = False
    while (divided := _divided_at(draft, line)) is not None:  # training and test on one line
        draft.replace(divided, draft.source(divided.left))
        dropped = True
    for node in () if dropped else draft.walk():
        if getattr(node, "lineno", 0) != line and getattr(node, "end_lineno", 0) != line:
            continue
        match node:
            case ast.AugAssign(op=ast.Div(), value=value) if _is_255(draft, value):
                draft.delete(node)
                return
            case ast.Call() if last_name(node.func) == "Rescaling":
                drop_layer(draft, node)
                return
            case ast.Call() if last_name(node.func) == "ImageDataGenerator":
                draft.drop_argument(node, "rescale")
                return
    if not dropped:
        raise UnknownEdit("a recorded division by 255 is not in the text")


def _divided_at(draft: Draft, line: int) -> ast.BinOp | None:
    """A division of anything but a number by 255 that begins or ends on a line."""
    for node in draft.walk(ast.BinOp):
        match node:
            case ast.BinOp(op=ast.Div(), left=left, right=right, lineno=first, end_lineno=last):
                is_here = line in (first, last) and not isinstance(left, ast.Constant)
                if is_here and _is_255(draft, right):
                    return node
    return None


def drop_layer(draft: Draft, layer: ast.Call) -> None:
    """Take a layer out of the model: what went into it goes on as it is."""
    parent = next(draft.parents(layer))
    if isinstance(parent, ast.Call) and parent.func is layer and len(parent.args) == 1:
        draft.replace(parent, draft.source(parent.args[0]))
    elif isinstance(parent, ast.Call) and last_name(parent.func) == "add":
        draft.delete(draft.statement(layer))
    else:
        draft.drop_element(sequential_of(draft, layer), layer)


def _copy_before_preprocessing(draft: Draft, context: PatchContext, seen: str) -> None:
    """`preprocess_input` writes over float arrays: give it copies."""
    ledger = context.evidence.ledger
    calls = ledger.of("preprocess_input")
    last, first = seen.split("-of-")
    is_explicit = any(_divides(call.details) for call in ledger.of("operator", "rescaling"))
    if last != first or is_explicit:
        raise UnknownEdit("another scaling comes after preprocess_input")
    if not any(call.details.get("in_place") for call in calls):
        raise UnknownEdit("preprocess_input did not write over its input")
    sites = {(c.site.file, c.site.line) for c in calls if c.details.get("in_place")}
    for file, line in sorted(sites):
        _copy_at(draft, Site(file=file, line=line))


def copy_before_preprocessing(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Give `preprocess_input` copies of the script's own arrays."""
    for mend in mends:
        _copy_at(draft, mend.site)


def _copy_at(draft: Draft, site: Site | None) -> None:
    for call in draft.each_at(site, "preprocess_input"):
        array = argument(call, "x", 0)
        if not isinstance(array, ast.Name):
            raise UnknownEdit("what is preprocessed has no name")
        draft.replace(array, f"{array.id}.copy()")


def _convert_validation(draft: Draft, parameters: Mapping[str, Any], context: PatchContext) -> None:
    if tuple(parameters["order"]) != RGB:
        raise UnknownEdit("the order of channels changes")
    scale, offset = _plain(parameters["scale"]), _plain(parameters["offset"])
    if "[" in scale + offset:
        raise UnknownEdit("each channel is scaled in its own way")
    pictures, _, before = scored_names(draft, fit_call(draft, context), context)
    text = pictures if float(scale) == 1 else f"{pictures} * {scale}"
    if abs(float(scale) * 255 - 1) < 1e-6:
        text = f"{pictures} / 255"
    if float(offset):
        text += f" {'-' if float(offset) < 0 else '+'} {abs(float(offset)):.8g}"
    draft.insert_before(before, f"{pictures} = {text}")


def _convert_in_front_of_model(draft: Draft, parameters: Mapping[str, Any]) -> None:
    """The first layer of the only model rescales."""
    keras = draft.keras()
    if tuple(parameters["order"]) != RGB:
        raise UnknownEdit("the order of channels changes")
    scale, offset = _plain(parameters["scale"]), _plain(parameters["offset"])
    shown = "1 / 255" if abs(float(parameters["scale"][0]) * 255 - 1) < 1e-6 else scale
    extra = "" if offset == "0" else f", offset={offset}"
    layer = f"{keras}.layers.Rescaling({shown}{extra})"
    inputs = draft.calls(*INPUTS)
    if len(inputs) == 1:
        _rescale_input(draft, inputs[0], layer)
        return
    models = [c for c in draft.calls("Sequential") if c.args and isinstance(c.args[0], ast.List)]
    if inputs or len(models) != 1 or not isinstance(models[0].args[0], ast.List):
        raise UnknownEdit("the first layer of the model was not found")
    layers = models[0].args[0]
    shape = (
        argument(layers.elts[0], "input_shape") if isinstance(layers.elts[0], ast.Call) else None
    )
    if shape is None:
        draft.insert_elements(layers, 0, layer)
        return
    text = draft.source(shape)
    draft.drop_argument(layers.elts[0], "input_shape")  # type: ignore[arg-type]
    models = [c for c in draft.calls("Sequential") if c.args and isinstance(c.args[0], ast.List)]
    held = models[0].args[0]
    if isinstance(held, ast.List):
        draft.insert_elements(held, 0, f"{keras}.Input(shape={text})", layer)


def _rescale_input(draft: Draft, held: ast.Call, layer: str) -> None:
    parent = next(draft.parents(held))
    if isinstance(parent, ast.List):
        draft.insert_elements(sequential_of(draft, held), 1, layer)
        return
    if isinstance(parent, ast.Call) and last_name(parent.func) == "add":
        owner = draft.source(parent.func)
        draft.insert_after(draft.statement(held), f"{owner}({layer})")
        return
    if not isinstance(parent, ast.Assign) or not isinstance(parent.targets[0], ast.Name):
        raise UnknownEdit("the model's input has no name")
    name = parent.targets[0].id
    used = [
        node
        for node in draft.walk(ast.Name)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]
    fed = [node for node in used if not _is_given_to_model(draft, node)]
    if len(fed) != 1:
        raise UnknownEdit("the model's input is used in several places")
    draft.replace(fed[0], f"{layer}({name})")


def _is_given_to_model(draft: Draft, node: ast.AST) -> bool:
    return any(
        isinstance(parent, ast.Call) and last_name(parent.func) in ("Model", "Functional")
        for parent in draft.parents(node)
    )


def _conventions(context: PatchContext) -> tuple[str, str]:
    pixels, backbone = context.evidence.pixels, context.evidence.backbone
    if pixels is None or pixels.backbone_train is None or backbone is None:
        raise UnknownEdit("no picture was seen entering the network")
    return pixels.backbone_train.convention, backbone.convention


def _divides(details: Mapping[str, Any]) -> bool:
    if "scale" in details:
        scale = details["scale"]
        is_unit = isinstance(scale, int | float) and abs(scale * 255 - 1) < 1e-3
        return is_unit and not details.get("offset")
    return details.get("op") == "/" and details.get("operand") in BYTE_RANGE


def _is_255(draft: Draft, node: ast.expr) -> bool:
    match node:
        case ast.Call(args=[inner], keywords=[]):
            return _is_255(draft, inner)  # np.float32(255)
    try:
        return draft.constant(node) in BYTE_RANGE
    except UnknownEdit:
        return False


def _has_top(build: ast.Call) -> bool:
    top = argument(build, "include_top", 0)
    return not (isinstance(top, ast.Constant) and top.value is False)
