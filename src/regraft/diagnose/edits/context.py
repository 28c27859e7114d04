"""What edits know of the run beside the text, and where they find the parts of a Keras script."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from regraft.diagnose.draft import Draft, UnknownEdit
from regraft.diagnose.evidence import Evidence, Site
from regraft.diagnose.rule import Repair
from regraft.diagnose.syntax import argument, assigned_name, is_name, last_name

FITS = ("fit", "fit_generator")


@dataclass(frozen=True, kw_only=True, slots=True)
class PatchContext:
    """What was measured of the run that a patch is made for."""

    script: str  # as sites name it; only this file is edited
    evidence: Evidence
    input_size: int = 0  # side used in the replays; 0 keeps the script's


class Mend(NamedTuple):
    """One repair of one finding."""

    rule: str
    repair: Repair | None  # None for evaluation artefacts: the rule says what to change
    where: tuple[Site, ...] = ()

    @property
    def site(self) -> Site:
        """The line the repair is keyed to."""
        parameters: Mapping[str, Any] = self.repair.parameters if self.repair else {}
        if "line" not in parameters:
            raise UnknownEdit("the repair has no line")
        return Site(file=str(parameters.get("file", "")), line=int(parameters["line"]))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Of the repair."""
        return self.repair.parameters if self.repair else {}


Mends = Sequence[Mend]


def builder(draft: Draft, context: PatchContext) -> ast.Call:
    """The call that builds the pretrained network."""
    backbone = context.evidence.backbone
    if backbone is None:
        raise UnknownEdit("there is no pretrained network")
    wanted = _plain(backbone.name)
    calls = [
        node
        for node in draft.walk(ast.Call)
        if isinstance(node, ast.Call) and _plain(draft.real_name(node.func)) == wanted
    ]
    if backbone.site is not None and backbone.site.file == draft.script:
        line = draft.line(backbone.site)
        # by another name (from a table, or `getattr`) it shows by the arguments only builders take
        known = calls or [c for c in draft.walk(ast.Call) if isinstance(c, ast.Call) and _builds(c)]
        calls = [c for c in known if c.lineno <= line <= (c.end_lineno or 0)] or calls
    if len(calls) != 1:
        raise UnknownEdit("the pretrained network is not built in one place of the script")
    return calls[0]


def _builds(call: ast.Call) -> bool:
    return any(keyword.arg in ("include_top", "weights") for keyword in call.keywords)


def backbone_name(draft: Draft, context: PatchContext) -> str:
    """The variable that holds the pretrained network; one is made if it has none."""
    call = builder(draft, context)
    statement = draft.statement(call)
    name = assigned_name(statement)
    if name and isinstance(statement, ast.Assign) and statement.value is call:
        return name
    if isinstance(draft.scope(call), ast.Lambda):
        raise UnknownEdit("the pretrained network is built in a lambda")
    name = draft.fresh("base_model")
    text = draft.source(call)
    draft.replace(call, name)
    draft.insert_before(_statement_using(draft, name), f"{name} = {text}")
    return name


def compile_call(draft: Draft, context: PatchContext) -> ast.Call:
    """The last `compile` of a model before the training that counts."""
    output = context.evidence.output
    if output is not None and output.compile_site is not None:
        return draft.call_at(output.compile_site, "compile")
    calls = [
        call
        for call in draft.calls("compile")
        if isinstance(call.func, ast.Attribute) and not is_name(call.func.value, "re")
    ]
    if len(calls) != 1:
        raise UnknownEdit("there is not one compile in the script")
    return calls[0]


def fit_call(draft: Draft, context: PatchContext) -> ast.Call:
    """The training that counts."""
    training = context.evidence.training
    if training is not None and training.site is not None:
        return draft.call_at(training.site, *FITS)
    calls = draft.calls(*FITS)
    if len(calls) != 1:
        raise UnknownEdit("there is not one fit in the script")
    return calls[0]


def definition(draft: Draft, node: ast.expr | None, *, before: ast.AST) -> ast.expr:
    """What a name stands for at a place; any other expression stands for itself."""
    if not isinstance(node, ast.Name):
        if node is None:
            raise UnknownEdit("an argument is missing")
        return node
    line = before.lineno  # type: ignore[attr-defined]
    held = [
        statement.value
        for statement in draft.walk(ast.Assign)
        if isinstance(statement, ast.Assign)
        and assigned_name(statement) == node.id
        and statement.lineno < line
    ]
    if not held:
        raise UnknownEdit("a name that the script does not assign")
    return held[-1]


def validation_names(fit: ast.Call) -> tuple[str, str]:
    """Names of the validation arrays given to `fit`."""
    match argument(fit, "validation_data"):
        case ast.Tuple(elts=[ast.Name(id=x), ast.Name(id=y), *_]):
            return x, y
    raise UnknownEdit("the validation data are not two names")


def scored_names(draft: Draft, fit: ast.Call, context: "PatchContext") -> tuple[str, str, ast.stmt]:
    """Names of the pictures and labels that are scored, and before what they are to be changed.

    Those that `fit` validates on, unless others are scored after it.
    """
    accuracy = context.evidence.accuracy
    if accuracy is None or accuracy.claimed_by == "fit":
        return (*validation_names(fit), require_once(draft, fit))
    if accuracy.claimed_by != "evaluate":
        raise UnknownEdit("what is scored has no labels in the call")
    score = draft.call_at(accuracy.site, "evaluate")
    x, y = argument(score, "x", 0), argument(score, "y", 1)
    if not isinstance(x, ast.Name) or not isinstance(y, ast.Name):
        raise UnknownEdit("what is scored are not two names")
    if is_given(fit, x.id):  # it is the same, and met there first
        return x.id, y.id, require_once(draft, fit)
    return x.id, y.id, require_once(draft, score)


def is_given(fit: ast.Call, name: str) -> bool:
    """Is this name among the validation data of `fit`?"""
    held = argument(fit, "validation_data")
    return held is not None and any(is_name(node, name) for node in ast.walk(held))


def training_names(fit: ast.Call) -> tuple[str, str]:
    """Names of the training arrays given to `fit`."""
    x, y = argument(fit, "x", 0), argument(fit, "y", 1)
    if isinstance(x, ast.Name) and isinstance(y, ast.Name):
        return x.id, y.id
    raise UnknownEdit("the training data are not two names")


def require_once(draft: Draft, node: ast.AST) -> ast.stmt:
    """The statement of a node, if it is not inside a loop."""
    if any(isinstance(parent, ast.For | ast.While) for parent in draft.parents(node)):
        raise UnknownEdit("it is inside a loop")
    return draft.statement(node)


def model_name(call: ast.Call) -> str:
    """``model`` of ``model.compile(...)``."""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return call.func.value.id
    raise UnknownEdit("the model has no name")


def is_called(draft: Draft, name: str) -> bool:
    """Is this variable called like a function?"""
    return any(
        isinstance(call, ast.Call) and is_name(call.func, name) for call in draft.walk(ast.Call)
    )


def sequential_of(draft: Draft, element: ast.AST) -> ast.List:
    """The list of layers that an element belongs to."""
    held = next(draft.parents(element), None)
    call = next(draft.parents(held), None) if held is not None else None
    if isinstance(held, ast.List) and isinstance(call, ast.Call | ast.keyword):
        owner = call if isinstance(call, ast.Call) else next(draft.parents(call), None)
        if isinstance(owner, ast.Call) and last_name(owner.func) == "Sequential":
            return held
    raise UnknownEdit("not an element of a Sequential")


def _statement_using(draft: Draft, name: str) -> ast.stmt:
    return draft.statement(next(node for node in draft.walk(ast.Name) if is_name(node, name)))


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
