"""How it is trained and scored: rate, arguments of calls, callbacks, metrics."""

# ruff: noqa: ARG001 - edits are called alike, whether they need all of it or not

import ast
from collections.abc import Mapping
from typing import Any

from regraft.diagnose.draft import Draft, UnknownEdit
from regraft.diagnose.edits.context import (
    Mend,
    Mends,
    PatchContext,
    compile_call,
    definition,
    fit_call,
)
from regraft.diagnose.syntax import argument, last_name

OPTIMIZERS = {
    "adam": "Adam",
    "adamax": "Adamax",
    "adamw": "AdamW",
    "adadelta": "Adadelta",
    "adafactor": "Adafactor",
    "adagrad": "Adagrad",
    "ftrl": "Ftrl",
    "lion": "Lion",
    "nadam": "Nadam",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
}
#: Where among their arguments calls are given what a repair changes.
POSITIONS = {("Dense", "units"): 0, ("Dense", "activation"): 1, ("Conv2D", "filters"): 0,
             ("Activation", "activation"): 0, ("Dropout", "rate"): 0}  # fmt: skip
BUILT = ("Dense", "Conv2D", "Activation")  # layers, which take more than these by position
PENALTIES = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
SCHEDULER = "LearningRateScheduler"
BINARY = ("binary_accuracy", "BinaryAccuracy")
TOP_K = ("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy",
         "TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy")  # fmt: skip


def set_learning_rate(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """The optimiser with this rate, wherever it is made, and nothing that changes it later."""
    if mends[-1].parameters.get("before") is not None:
        raise UnknownEdit("several trainings are compiled there")
    rate = f"{float(mends[-1].parameters['value']):g}"
    _drop_schedules(draft, context)
    for statement in [s for s in draft.walk(ast.Assign) if _assigns_rate(s)][::-1]:
        if isinstance(statement, ast.Assign):
            draft.replace(statement.value, rate)
    compile_ = compile_call(draft, context)
    held = argument(compile_, "optimizer", 0)
    if held is None:
        text = f"{draft.keras()}.optimizers.RMSprop(learning_rate={rate})"  # what Keras would take
        draft.set_argument(compile_call(draft, context), "optimizer", text, position=0)
        return
    made = definition(draft, held, before=compile_)
    if isinstance(made, ast.Constant) and isinstance(made.value, str):
        name = OPTIMIZERS.get(made.value.lower())
        if name is None:
            raise UnknownEdit("no optimiser has that name")
        keras = draft.keras()  # may import it: the places are found again
        compile_ = compile_call(draft, context)
        made = definition(draft, argument(compile_, "optimizer", 0), before=compile_)
        draft.replace(made, f"{keras}.optimizers.{name}(learning_rate={rate})")
        return
    if not isinstance(made, ast.Call) or draft.real_name(made.func) not in OPTIMIZERS.values():
        raise UnknownEdit("how the optimiser is made was not found")
    name = "lr" if argument(made, "lr") is not None else "learning_rate"
    draft.set_argument(made, name, rate, position=0)


def _drop_schedules(draft: Draft, context: PatchContext) -> None:
    """Callbacks that set the rate for each epoch have the last word: they go."""
    training = context.evidence.training
    recorded = (training.callbacks if training is not None else None) or ()
    names = [str(callback.get("class")) for callback in recorded]
    for _ in [name for name in names if name == SCHEDULER]:
        held = argument(fit_call(draft, context), "callbacks")
        if not isinstance(held, ast.List):
            raise UnknownEdit("the callback that sets the rate was not found")
        for element in held.elts:
            made = definition(draft, element, before=fit_call(draft, context))
            if isinstance(made, ast.Call) and draft.real_name(made.func) == SCHEDULER:
                draft.drop_element(held, element)
                break
        else:
            raise UnknownEdit("the callback that sets the rate was not found")


def _assigns_rate(statement: ast.AST) -> bool:
    """Is it ``model.optimizer.learning_rate = ...``?"""
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Attribute)
        and target.attr in ("learning_rate", "lr")
        and last_name(target.value) in ("optimizer", "opt")
        for target in statement.targets
    )


def release_optimiser(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """The optimiser without these arguments."""
    for mend in mends:
        for name in mend.parameters["names"]:
            compile_ = compile_call(draft, context)
            made = definition(draft, argument(compile_, "optimizer", 0), before=compile_)
            if not isinstance(made, ast.Call) or argument(made, name) is None:
                raise UnknownEdit("how the optimiser is made was not found")
            draft.drop_argument(made, name)


def drop_penalties(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Layers without penalties."""
    dropped = False
    for name in PENALTIES:
        while (call := _with_argument(draft, name)) is not None:
            draft.drop_argument(call, name)
            dropped = True
    if not dropped:
        raise UnknownEdit("where the penalty is given was not found")


def _with_argument(draft: Draft, name: str) -> ast.Call | None:
    calls = (node for node in draft.walk(ast.Call) if isinstance(node, ast.Call))
    return next((call for call in calls if any(k.arg == name for k in call.keywords)), None)


def set_arguments(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Other values for keyword arguments of recorded calls."""
    for mend in mends:
        what = str(mend.parameters["what"]).rpartition(".")[2]
        for name, value in mend.parameters["arguments"].items():
            position = POSITIONS.get((what, name))
            call = _call_with(draft, mend, what)
            if position is None and argument(call, name) is None and call.args and what in BUILT:
                raise UnknownEdit("the argument may be given by its position")
            draft.set_argument(call, name, _literal(value), position=position)


def _call_with(draft: Draft, mend: Mend, what: str) -> ast.Call:
    """The call at that line; of several, the one with the argument that the repair is about."""
    given = mend.parameters.get("given") or {}
    calls = draft.calls_at(mend.site, what)
    if len(calls) > 1 and given:
        calls = [call for call in calls if _has(call, what, given)]
        if len(calls) != 1:
            raise UnknownEdit("which of the calls on that line is meant cannot be told")
        return calls[0]
    call = draft.call_at(mend.site, what)
    loops = (ast.For, ast.While, ast.comprehension, ast.ListComp, ast.GeneratorExp)
    if (
        given
        and not _has(call, what, given)
        and any(isinstance(parent, loops) for parent in draft.parents(call))
    ):
        raise UnknownEdit("one call in a loop builds several layers")
    return call


def _has(call: ast.Call, what: str, given: Mapping[str, Any]) -> bool:
    held = {name: argument(call, name, POSITIONS.get((what, name))) for name in given}
    return all(
        isinstance(node, ast.Constant) and node.value == given[name] for name, node in held.items()
    )


def drop_call(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Leave a call out: what went in goes on unchanged."""
    for mend in mends:
        library, _, what = str(mend.parameters["what"]).rpartition(".")
        if what == "channel-flip":
            raise UnknownEdit("a reversed slice, not a call")
        if library == "tf.data":  # a step of a chain: what stands before it goes on
            if len(draft.calls_at(mend.site, what)) > 1:
                raise UnknownEdit("which of the steps on that line is meant cannot be told")
            step = draft.call_at(mend.site, what)
            if not isinstance(step.func, ast.Attribute):
                raise UnknownEdit("the step is no method of a data set")
            draft.replace(step, draft.source(step.func.value))
            continue
        names = (what, "permutation") if what == "shuffle" else (what,)
        if len(draft.calls_at(mend.site, *names)) > 1:
            _drop_all(draft, mend, names)
            continue
        call = draft.call_at(mend.site, *names)
        statement = draft.statement(call)
        if isinstance(statement, ast.Expr) and statement.value is call:
            draft.delete(statement)
        elif what == "shuffle" and last_name(call.func) == "permutation" and _is_count(call):
            draft.replace(call, f"{draft.numpy()}.arange({draft.source(call.args[0])})")
        elif call.args:
            draft.replace(call, draft.source(call.args[0]))
        else:
            raise UnknownEdit("the call has no argument to go on with")


def _drop_all(draft: Draft, mend: Mend, names: tuple[str, ...]) -> None:
    """Several calls on one line, each in the place of its own first argument."""
    for _ in draft.calls_at(mend.site, *names):
        call = draft.calls_at(mend.site, *names)[-1]
        if not call.args or _is_count(call):
            raise UnknownEdit("several calls on one line, and one of them gives row numbers")
        draft.replace(call, draft.source(call.args[0]))


def _is_count(call: ast.Call) -> bool:
    """Is a permutation of so many row numbers asked for, not one of an array?"""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Call):
        return last_name(first.func) == "len"
    return isinstance(first, ast.Subscript | ast.Constant)


def ignore_weights(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Fit without weights of rows or classes."""
    for name in ("sample_weight", "class_weight"):
        draft.drop_argument(fit_call(draft, context), name)


def true_accuracy(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """The accuracy that counts classes, in place of one that counts something else."""
    metrics = argument(compile_call(draft, context), "metrics", 3)
    if metrics is None:
        raise UnknownEdit("compile names no metrics")
    elements = metrics.elts if isinstance(metrics, ast.List | ast.Tuple) else [metrics]
    for element in elements:
        name = element.value if isinstance(element, ast.Constant) else ""
        if isinstance(element, ast.Call | ast.Attribute | ast.Name):
            function = element.func if isinstance(element, ast.Call) else element
            name = draft.real_name(function) or last_name(function)
        if name in BINARY or name in TOP_K:
            draft.replace(element, f'"{_accuracy_of(context)}"')
            return
    raise UnknownEdit("no metric there counts anything else")


def _accuracy_of(context: PatchContext) -> str:
    output = context.evidence.output
    if output is None:
        raise UnknownEdit("the labels were not seen")
    return "categorical_accuracy" if output.label_kind == "one-hot" else "accuracy"


def _literal(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return f"{value:g}" if isinstance(value, float) else repr(value)
