"""The network: what is frozen, its weights, its last layer."""

# ruff: noqa: ARG001 - edits are called alike, whether they need all of it or not

import ast
import difflib
from collections.abc import Iterator

from regraft.diagnose.draft import Draft, UnknownEdit
from regraft.diagnose.edits.context import (
    Mends,
    PatchContext,
    backbone_name,
    builder,
    compile_call,
    fit_call,
    model_name,
    require_once,
)
from regraft.diagnose.edits.pixels import drop_layer
from regraft.diagnose.evidence import Site
from regraft.diagnose.syntax import argument, assigned_name, is_name, last_name


def freeze_backbone(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """`trainable = False` on the backbone before compile, in place of partial freezing."""
    for mend in mends:
        for site in mend.where:  # a misspelt `trainable`: spell it
            if site.file == draft.script and _spell_trainable(draft, draft.line(site)):
                return
    name = backbone_name(draft, context)
    loops = list(_loops_over_layers(draft, name))
    for loop in loops[1:][::-1]:
        draft.delete(loop)
    if loops:
        (first, *_) = _loops_over_layers(draft, name)
        draft.replace(first, f"{name}.trainable = False")
        return
    settings = [s for s in draft.walk(ast.Assign) if _sets_trainable(s, name)]
    for setting in settings:
        if isinstance(setting, ast.Assign):
            draft.replace(setting.value, "False")
    if not settings:
        _before_compile(draft, context, f"{name}.trainable = False")


def freeze_batchnorm(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Freeze the BatchNormalization layers of the backbone themselves, before compile."""
    name, keras = backbone_name(draft, context), draft.keras()
    _before_compile(
        draft,
        context,
        f"for layer in {name}.layers:",
        f"    if isinstance(layer, {keras}.layers.BatchNormalization):",
        "        layer.trainable = False",
    )


def make_head_trainable(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Only the backbone is frozen, and compile comes after."""
    model = model_name(fit_call(draft, context))
    frozen = [s for s in draft.walk(ast.Assign) if _sets_trainable(s, model)]
    try:
        base: str | None = backbone_name(draft, context)
    except UnknownEdit:
        if not frozen:
            raise
        base = None
    for statement in [s for s in draft.walk(ast.Assign) if _sets_trainable(s, model)][::-1]:
        if isinstance(statement, ast.Assign):
            draft.replace(statement, f"{base}.trainable = False" if base else "pass")
    if frozen and base:
        return
    lines = [f"{model}.trainable = True", *([f"{base}.trainable = False"] if base else [])]
    draft.insert_before(_compiled_where_trained(draft, context), *lines)


def thaw_top(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Train the head and the last third of the backbone, without its BatchNormalization layers."""
    model, base = model_name(fit_call(draft, context)), backbone_name(draft, context)
    lines = [
        f"{model}.trainable = True",
        f"for number, layer in enumerate({base}.layers):",
        f"    is_norm = isinstance(layer, {draft.keras()}.layers.BatchNormalization)",
        f"    layer.trainable = number >= 2 * len({base}.layers) // 3 and not is_norm",
    ]
    draft.insert_before(_compiled_where_trained(draft, context), *lines)


def _compiled_where_trained(draft: Draft, context: PatchContext) -> ast.stmt:
    """The statement with `compile`, where the model has the name there that `fit` gives it."""
    compile_, fit = compile_call(draft, context), fit_call(draft, context)
    if draft.scope(compile_) is not draft.scope(fit):
        raise UnknownEdit("the model is compiled in another function than it is trained in")
    return require_once(draft, compile_)


def recompile(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """The script's own compile once more, just before the training."""
    compile_, fit = compile_call(draft, context), fit_call(draft, context)
    text, model = draft.source(compile_), model_name(fit)
    optimizer = argument(compile_, "optimizer", 0)
    if isinstance(optimizer, ast.Name):  # an optimiser that has trained keeps its variables
        held = [
            s for s in draft.walk(ast.Assign)
            if isinstance(s, ast.Assign) and assigned_name(s) == optimizer.id
        ]  # fmt: skip
        if len(held) != 1:
            raise UnknownEdit("where the optimiser is made was not found")
        start = draft.span(compile_)[0]
        first, last = (position - start for position in draft.span(optimizer))
        text = text[:first] + draft.source(held[0].value) + text[last:]
    if isinstance(compile_.func, ast.Attribute):  # it may have had another name there
        text = model + text[len(draft.source(compile_.func.value)) :]
    indent = "\n" + " " * draft.statement(compile_).col_offset
    draft.insert_before(require_once(draft, fit), *text.replace(indent, "\n").split("\n"))


def batchnorm_momentum(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Every BatchNormalization the script builds follows the data faster."""
    value = f"{mends[-1].parameters['value']:g}"
    n = len(draft.calls("BatchNormalization"))
    if not n:
        raise UnknownEdit("the script builds no BatchNormalization itself")
    for index in range(n):  # each edit moves those behind it
        draft.set_argument(draft.calls("BatchNormalization")[index], "momentum", value)


def call_backbone_in_inference(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """`training=False` where the backbone is called."""
    name = backbone_name(draft, context)
    names = {name} | {
        assigned_name(statement)
        for statement in draft.walk(ast.Assign)
        if isinstance(statement, ast.Assign)
        and any(is_name(node, name) for node in ast.walk(statement.value))
        and isinstance(statement.value, ast.Call)
        and last_name(statement.value.func) == "Model"
    }
    calls = [
        call
        for call in draft.walk(ast.Call)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names
    ]
    if not calls:
        raise UnknownEdit("the backbone is not called in the script")
    for call in calls[::-1]:
        draft.set_argument(call, "training", "False")


def pool_features(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """GlobalAveragePooling2D in place of Flatten, where the output follows at once."""
    flattens = draft.calls("Flatten")
    dense = draft.calls("Dense")
    if len(flattens) != 1 or len(dense) != 1:
        raise UnknownEdit("hidden layers follow the backbone")
    keras = draft.keras()
    draft.replace(draft.calls("Flatten")[0], f"{keras}.layers.GlobalAveragePooling2D()")


def _copy_weights(draft: Draft, clone: ast.Call) -> None:
    """What `clone_model` leaves behind, set behind it, or the network itself in its place."""
    original, statement = draft.source(clone.args[0]), draft.statement(clone)
    if isinstance(statement, ast.Assign) and statement.value is clone:
        target = draft.source(statement.targets[0])
        draft.insert_after(statement, f"{target}.set_weights({original}.get_weights())")
    else:
        draft.replace(clone, original)


def load_imagenet_weights(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """The backbone with its ImageNet weights, and no load afterwards that undoes them."""
    for clone in draft.calls("clone_model")[:1]:
        if clone.args and len(draft.calls("clone_model")) == 1:
            _copy_weights(draft, clone)
    build = builder(draft, context)
    if any(keyword.arg is None for keyword in build.keywords):
        raise UnknownEdit("the arguments of the network are not written out")
    if argument(build, "weights", 1) is not None:  # without it they are the ImageNet weights
        draft.set_argument(build, "weights", '"imagenet"', position=1)
    loads = {
        (call.site.file, call.site.line)
        for call in context.evidence.ledger.of("load_weights")
        if call.details.get("matched", 0) < call.details.get("total", 1)
    }
    for call in draft.calls("load_weights")[::-1]:
        if (draft.script, draft.original_line(call)) in loads:
            draft.delete(draft.statement(call))


def load_in_order(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Weights by the order of the layers: a mismatch is then an error."""
    for mend in mends:
        for name in ("by_name", "skip_mismatch"):
            draft.drop_argument(draft.call_at(mend.site, "load_weights"), name)


def set_output(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Units and activation of the last layer, and the loss that fits the labels."""
    output = context.evidence.output
    if output is None:
        raise UnknownEdit("the last layer was not seen")
    wanted = mends[-1].parameters
    if output.dropout_on_output:
        _drop_trailing_dropout(draft)
    if output.inner_activation != "linear":
        _drop_activation(draft, _dense_at(draft, output.site, output.units))
    has_other_output = (wanted["units"], wanted["activation"]) != (output.units, output.activation)
    if has_other_output:
        dense = _dense_at(draft, output.site, output.units)
        if wanted["units"] != output.units:
            draft.set_argument(dense, "units", str(wanted["units"]), position=0)
            dense = _dense_at(draft, output.site, int(wanted["units"]))
        if wanted["activation"] != output.activation:
            _set_activation(draft, dense, str(wanted["activation"]))
    if (wanted["loss"], wanted["from_logits"]) != (output.loss, output.from_logits):
        text = f'"{wanted["loss"]}"'
        if wanted["from_logits"]:
            name = "".join(part.capitalize() for part in str(wanted["loss"]).split("_"))
            text = f"{draft.keras()}.losses.{name}(from_logits=True)"
        draft.set_argument(compile_call(draft, context), "loss", text, position=1)
    if wanted["units"] != output.units or wanted["loss"] != output.loss:
        _count_right_answers(draft, context)


def _count_right_answers(draft: Draft, context: PatchContext) -> None:
    """Metrics of the output as it was make no sense of the new one."""
    metrics = argument(compile_call(draft, context), "metrics", 3)
    if metrics is None:
        return
    names = metrics.elts if isinstance(metrics, ast.List | ast.Tuple) else [metrics]
    if not all(
        isinstance(name, ast.Constant) and name.value in ("accuracy", "acc") for name in names
    ):
        draft.replace(metrics, '["accuracy"]')


def _dense_at(draft: Draft, site: Site | None, units: int) -> ast.Call:
    """The Dense layer built at that line; of several there, the last with so many units."""
    calls = draft.calls_at(site, "Dense")
    if len(calls) < 2:
        call = draft.call_at(site, "Dense")
        home = draft.scope(call)
        parameters = [a.arg for a in home.args.args] if isinstance(home, ast.FunctionDef) else []
        if any(is_name(argument(call, "units", 0), name) for name in parameters):
            raise UnknownEdit("a function builds this layer and others")
        return call
    held = [(call, argument(call, "units", 0)) for call in calls]
    same = [c for c, n in held if isinstance(n, ast.Constant) and n.value == units]
    if not same:
        raise UnknownEdit("which of the layers on that line is the last cannot be told")
    return same[-1]


def _set_activation(draft: Draft, dense: ast.Call, activation: str) -> None:
    if activation == "linear":
        _drop_activation(draft, dense)
        return
    if argument(dense, "activation", 1) is None and draft.calls("Activation", "Softmax"):
        raise UnknownEdit("the activation is a layer of its own")
    draft.set_argument(dense, "activation", f'"{activation}"', position=1)


def _drop_activation(draft: Draft, dense: ast.Call) -> None:
    if argument(dense, "activation") is not None:
        draft.drop_argument(dense, "activation")
    elif argument(dense, "activation", 1) is not None:
        draft.set_argument(dense, "activation", '"linear"', position=1)


def _drop_trailing_dropout(draft: Draft) -> None:
    dense = draft.calls("Dense")
    if not dense:
        raise UnknownEdit("the last layer is built elsewhere")
    trailing = [c for c in draft.calls("Dropout") if draft.span(c)[0] > draft.span(dense[-1])[1]]
    if len(trailing) != 1:
        raise UnknownEdit("the Dropout behind the last layer was not found")
    drop_layer(draft, trailing[0])


def _spell_trainable(draft: Draft, line: int) -> bool:
    for statement in draft.walk(ast.Assign):
        if isinstance(statement, ast.Assign) and statement.lineno == line:
            target = statement.targets[0]
            if isinstance(target, ast.Attribute) and _is_misspelt(target.attr):
                draft.replace(target, f"{draft.source(target.value)}.trainable")
                return True
    return False


def _is_misspelt(name: str) -> bool:
    near = difflib.get_close_matches(name, ["trainable"], cutoff=0.75)
    return bool(near) and name != "trainable"


def _loops_over_layers(draft: Draft, name: str) -> Iterator[ast.For]:
    """Loops that do nothing but set `trainable` of some layers of this network."""
    for loop in draft.walk(ast.For):
        if not isinstance(loop, ast.For) or loop.orelse or not isinstance(loop.target, ast.Name):
            continue
        over = loop.iter.value if isinstance(loop.iter, ast.Subscript) else loop.iter
        is_over = (
            isinstance(over, ast.Attribute) and over.attr == "layers" and is_name(over.value, name)
        )
        if is_over and all(_sets_trainable(s, loop.target.id) for s in loop.body):
            yield loop


def _sets_trainable(statement: ast.AST, name: str) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Attribute)
        and statement.targets[0].attr == "trainable"
        and is_name(statement.targets[0].value, name)
    )


def _before_compile(draft: Draft, context: PatchContext, *lines: str) -> None:
    """Before compile where the network is in reach there, else right behind where it is built."""
    build, compile_ = builder(draft, context), compile_call(draft, context)
    home = draft.scope(build)
    if isinstance(home, ast.Module) or home is draft.scope(compile_):
        draft.insert_before(draft.statement(compile_), *lines)
    else:
        draft.insert_after(draft.statement(build), *lines)
