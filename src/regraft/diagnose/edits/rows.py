"""Which rows go where, in which order, with which labels and changes."""

# ruff: noqa: ARG001 - edits are called alike, whether they need all of it or not

import ast
from collections.abc import Mapping
from typing import Any

from regraft.diagnose.draft import Draft, UnknownEdit
from regraft.diagnose.edits.context import (
    Mends,
    PatchContext,
    definition,
    fit_call,
    require_once,
    scored_names,
    training_names,
    validation_names,
)
from regraft.diagnose.edits.pixels import drop_layer
from regraft.diagnose.syntax import argument, assigned_name, is_name, last_name

READERS = (
    "image_dataset_from_directory", "flow_from_directory", "flow_from_dataframe", "flow",
)  # fmt: skip
SHUFFLED = 10_000  # rows held to draw from, where the script does not say how many there are
RANDOM_ARGUMENTS = (
    "rotation_range", "width_shift_range", "height_shift_range", "brightness_range",
    "shear_range", "zoom_range", "channel_shift_range", "horizontal_flip", "vertical_flip",
)  # fmt: skip


def resplit(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Shuffle the rows before they are split."""
    if mends[-1].parameters.get("scored"):
        raise UnknownEdit("what is scored was not split off by the script")
    folds = draft.calls("KFold")
    if len(folds) == 1:
        draft.set_argument(folds[0], "shuffle", "True")
        draft.set_argument(draft.calls("KFold")[0], "random_state", "0")
        return
    splits = draft.calls("train_test_split")
    has_fraction = argument(fit_call(draft, context), "validation_split") is not None
    if len(splits) == 1 and not has_fraction:
        draft.drop_argument(splits[0], "shuffle")
        split = draft.calls("train_test_split")[0]
        if argument(split, "stratify") is None and len(split.args) > 1:
            draft.set_argument(split, "stratify", draft.source(split.args[1]))
        return
    numpy = draft.numpy()
    fit = fit_call(draft, context)
    x, y = training_names(fit) if has_fraction else _sliced_names(draft, fit)
    first: ast.AST = fit
    if not has_fraction:
        first = next(node for node in draft.walk(ast.Subscript) if _is_slice_of(node, x, y))
    order = draft.fresh("order")
    draft.insert_before(
        require_once(draft, first),
        f"{order} = {numpy}.random.default_rng(0).permutation(len({x}))",
        f"{x}, {y} = {x}[{order}], {y}[{order}]",
    )


def shuffle_training(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Draw training rows in another order each epoch."""
    fit = fit_call(draft, context)
    shuffle = argument(fit, "shuffle")
    if isinstance(shuffle, ast.Constant) and shuffle.value is False:
        draft.replace(shuffle, "True")
        return
    reads = _reads(draft, argument(fit, "x", 0), fit)
    for place, call in enumerate(reads, 1):
        if last_name(call.func) in READERS:
            draft.set_argument(call, "shuffle", "True")
            return
        earlier = {last_name(other.func) for other in reads[place:]}
        if last_name(call.func) == "shuffle" and call.args and not earlier & {"batch", *READERS}:
            rows = _rows(reads)
            draft.set_argument(call, "buffer_size", rows, position=0)
            return
    for call in reads:
        if last_name(call.func) == "from_tensor_slices":
            draft.replace(call, f"{draft.source(call)}.shuffle({_rows(reads)})")
            return
    raise UnknownEdit("how the training rows are read was not found")


def ordered_predictions(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Predict in the order of the labels."""
    order = context.evidence.order
    predicts = draft.calls("predict", "predict_generator")
    if order is not None and order.site.file == draft.script:
        line = draft.line(order.site)
        predicts = [call for call in predicts if call.lineno <= line] or predicts
    for predict in predicts[::-1]:
        for call in _reads(draft, argument(predict, "x", 0), predict):
            if last_name(call.func) in READERS and argument(call, "subset") is None:
                draft.set_argument(call, "shuffle", "False")
                return
            if last_name(call.func) == "shuffle" and isinstance(call.func, ast.Attribute):
                draft.replace(call, draft.source(call.func.value))
                return
    raise UnknownEdit("what is predicted was not found")


def drop_augmentation(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Leave random changes out of the training or of the validation."""
    part = mends[-1].parameters["part"]
    fit = fit_call(draft, context)
    if part == "train":
        _drop_layers(draft, context)
        return
    data = argument(fit, "validation_data")
    if sum(last_name(call.func) == "map" for call in _reads(draft, data, fit)) > 1:
        raise UnknownEdit("which of the steps changes validation pictures cannot be told")
    for call in _reads(draft, data, fit):
        if last_name(call.func) == "map" and isinstance(call.func, ast.Attribute):
            if not _only_changes_pairs(draft, call, context):
                raise UnknownEdit("the step that changes pictures also makes them")
            draft.replace(call, draft.source(call.func.value))
            return
        if last_name(call.func) in READERS and isinstance(call.func, ast.Attribute):
            made = definition(draft, call.func.value, before=call)
            if isinstance(made, ast.Call) and last_name(made.func) == "ImageDataGenerator":
                kept = [
                    draft.source(keyword)
                    for keyword in made.keywords
                    if keyword.arg not in (*RANDOM_ARGUMENTS, "fill_mode", "cval")
                ]
                plain = f"{draft.source(made.func)}({', '.join(kept)})"
                draft.replace(call.func.value, plain)
                return
    raise UnknownEdit("where validation pictures are changed was not found")


def _only_changes_pairs(draft: Draft, step: ast.Call, context: PatchContext) -> bool:
    """Does a `map` give pictures and labels of the kind and size that it takes?"""
    lines = range(step.lineno, (step.end_lineno or step.lineno) + 1)
    return any(
        call.details.get("is_pairs")
        and call.site.file == draft.script
        and draft.line(call.site) in lines
        for call in context.evidence.ledger.of("tf.data.map")
    )


def remap_labels(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Number the classes from 0, without gaps."""
    for mend in mends:
        mapping: Mapping[str, Any] = mend.parameters["mapping"]
        fit = fit_call(draft, context)
        if mend.parameters["part"] == "validation":
            _, name, before = scored_names(draft, fit, context)
            mapping = _completed(mapping, context)
            draft.insert_before(before, f"{name} = {_renamed(draft, name, mapping)}")
            continue
        names = [training_names(fit)[1]]
        if argument(fit, "validation_data") is not None:
            names.append(validation_names(fit)[1])
        accuracy = context.evidence.accuracy
        if accuracy is not None and accuracy.claimed_by != "fit":
            _, name, before = scored_names(draft, fit, context)
            if name not in names:
                draft.insert_before(before, f"{name} = {_renamed(draft, name, mapping)}")
        lines = [f"{name} = {_renamed(draft, name, mapping)}" for name in names]
        draft.insert_before(require_once(draft, fit_call(draft, context)), *lines)


def keep_order(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Read a folder in its order, where the order does not decide what is validated."""
    for mend in mends:
        call = draft.call_at(mend.site, "image_dataset_from_directory")
        if argument(call, "validation_split") is not None or any(
            keyword.arg is None for keyword in call.keywords
        ):
            raise UnknownEdit("without a shuffle the split would take one end of the folder")
        draft.set_argument(call, "shuffle", "False")


def order_by_number(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Sort file names by the numbers in them."""
    for mend in mends:
        where = mend.site
        regular = draft.module("re", "re")
        key = f'lambda name: [int(n) for n in {regular}.findall(r"\\d+", str(name))]'
        call = draft.call_at(where, "sorted", "sort", "listdir", "glob")
        outer = next((node for node in draft.parents(call) if _is_sorted(node)), None)
        if _is_sorted(call) or last_name(call.func) == "sort":
            draft.set_argument(call, "key", key)
        elif isinstance(outer, ast.Call):
            draft.set_argument(outer, "key", key)
        else:
            draft.replace(call, f"sorted({draft.source(call)}, key={key})")


def _is_sorted(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and is_name(node.func, "sorted")


def _completed(mapping: Mapping[str, Any], context: PatchContext) -> Mapping[str, Any]:
    """With the classes that keep their numbers, which a renaming leaves out."""
    labels, output = context.evidence.labels, context.evidence.output
    if output is not None and output.label_kind != "index":
        raise UnknownEdit("the labels are no numbers of classes")
    if labels is None or labels.validation_counts.keys() <= mapping.keys():
        return mapping
    known = [*labels.train_counts, *labels.validation_counts]
    return {name: int(name) for name in known} | dict(mapping)


def _renamed(draft: Draft, name: str, mapping: Mapping[str, Any]) -> str:
    pairs = sorted((float(old), int(new)) for old, new in mapping.items())
    offsets = {old - new for old, new in pairs}
    if len(offsets) == 1:
        return f"{name} - {offsets.pop():g}"
    if [new for _, new in pairs] == list(range(len(pairs))):
        return f"{draft.numpy()}.searchsorted({[_short(old) for old, _ in pairs]}, {name})"
    if [old for old, _ in pairs] == list(range(len(pairs))):
        return f"{draft.numpy()}.array({[new for _, new in pairs]})[{name}]"
    raise UnknownEdit("the labels are renamed in no simple way")


def _short(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _is_slice_of(node: ast.AST, *names: str) -> bool:
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice)
        and any(is_name(node.value, name) for name in names)
    )


def _sliced_names(draft: Draft, fit: ast.Call) -> tuple[str, str]:
    """The arrays that training rows are a slice of."""
    sources = []
    for node in (argument(fit, "x", 0), argument(fit, "y", 1)):
        held = _slice_of(draft, node, fit)
        if held is None:
            raise UnknownEdit("the training rows are no slice of an array")
        sources.append(held)
    return sources[0], sources[1]


def _slice_of(draft: Draft, node: ast.expr | None, fit: ast.Call) -> str | None:
    """The name that an array, or what its name was set to, is a slice of."""
    if isinstance(node, ast.Subscript):
        is_slice = isinstance(node.slice, ast.Slice) and isinstance(node.value, ast.Name)
        return node.value.id if is_slice and isinstance(node.value, ast.Name) else None
    if not isinstance(node, ast.Name):
        return None
    for statement in draft.walk(ast.Assign):
        if not isinstance(statement, ast.Assign) or statement.lineno >= fit.lineno:
            continue
        match statement.targets[0], statement.value:
            case ast.Name(id=name), ast.Subscript() as sliced if name == node.id:
                return _slice_of(draft, sliced, fit)
            case ast.Tuple(elts=targets), ast.Tuple(elts=values):
                for target, value in zip(targets, values, strict=False):
                    if is_name(target, node.id):
                        return _slice_of(draft, value, fit)
    return None


def _reads(draft: Draft, node: ast.expr | None, use: ast.AST) -> list[ast.Call]:
    """The calls that made a data set, last first, through chains and names bound again."""
    found: list[ast.Call] = []
    seen: set[int] = set()
    line = use.lineno  # type: ignore[attr-defined]
    while node is not None and id(node) not in seen:
        seen.add(id(node))
        if isinstance(node, ast.Call):
            found.append(node)
            node = node.func.value if isinstance(node.func, ast.Attribute) else None
            continue
        if not isinstance(node, ast.Name):
            break
        name = node.id
        held = [
            s
            for s in draft.walk(ast.Assign)
            if isinstance(s, ast.Assign) and assigned_name(s) == name and s.lineno < line
        ]
        if not held:
            break
        line, node = held[-1].lineno, held[-1].value
    return found


def _rows(reads: list[ast.Call]) -> str:
    for call in reads:
        if last_name(call.func) == "from_tensor_slices" and call.args:
            match call.args[0]:
                case ast.Tuple(elts=[ast.Name(id=name), *_]) | ast.Name(id=name):
                    return f"len({name})"
    return f"{SHUFFLED}"


def _drop_layers(draft: Draft, context: PatchContext) -> None:
    augmentation = context.evidence.augmentation
    if augmentation is None:
        raise UnknownEdit("no augmentation was seen")
    for call in reversed(augmentation.sites):
        name = str(call.details.get("layer", ""))
        layer = draft.call_at(call.site, name) if name else None
        if layer is None:
            raise UnknownEdit("the augmentation is no layer")
        if name == "ImageDataGenerator":
            for keyword in RANDOM_ARGUMENTS:
                draft.drop_argument(draft.call_at(call.site, name), keyword)
            continue
        parent = next(draft.parents(layer))
        if isinstance(parent, ast.List) and len(parent.elts) == 1:
            draft.replace(layer, f"{draft.source(layer.func).rpartition('.')[0]}.Identity()")
            continue
        drop_layer(draft, layer)
