"""Pictures keep their pixels together: real resizing, moved axes, arithmetic that cannot wrap."""

# ruff: noqa: ARG001 - edits are called alike, whether they need all of it or not

import ast
import math
from collections.abc import Sequence
from typing import TypeGuard

from regraft.diagnose.draft import Draft, UnknownEdit
from regraft.diagnose.edits.context import Mends, PatchContext, backbone_name, builder, is_called
from regraft.diagnose.evidence import Site
from regraft.diagnose.syntax import argument, assigned_name, is_name, last_name

ARRAY_ELEMENTS = 2**27  # resized at once at most: half a gigabyte in float32
# Five epochs of a new head on 3,000 digits behind a frozen VGG16: 0.84 at 48 pixels, where its last
# map is one cell, 0.90 (pooled) and 0.94 (flattened) at 64, where it is 2x2.
LEAST_SIZE = 64
INPUTS = ("Input", "InputLayer")


def true_resize(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Resize inside the model where that can be, else picture by picture where it was."""
    before = draft.snapshot()
    try:
        _resize_in_model(draft, [mend.site for mend in mends], context)
    except UnknownEdit:
        draft.restore(before)
        for mend in mends:
            _resize_in_place(draft, mend.site, context)


def true_transpose(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Move the axes, then reshape if there is still something to reshape."""
    for mend in mends:
        axes = tuple(int(axis) for axis in mend.parameters["axes"])
        before, after = _shapes(context, mend.site, ("ndarray.reshape", "numpy.reshape"))
        if before and len(before) != len(axes):
            raise UnknownEdit("flat rows need their true layout first")
        is_done = tuple(before[a] for a in axes) == tuple(after) if before else False
        for call in draft.each_at(mend.site, "reshape"):
            _transpose(draft, call, axes, is_done=is_done)


def _transpose(draft: Draft, call: ast.Call, axes: tuple[int, ...], *, is_done: bool) -> None:
    """Move axes in front of a reshape, or in its place where nothing is left to reshape."""
    if not isinstance(call.func, ast.Attribute):
        raise UnknownEdit("reshape under another name")
    if _is_module(draft, call.func.value):
        array = argument(call, "a", 0)
        if array is None:
            raise UnknownEdit("reshape of nothing")
        moved = f"{draft.source(call.func.value)}.transpose({draft.source(array)}, {axes})"
        draft.replace(call if is_done else array, moved)
        return
    moved = f"{draft.source(call.func.value)}.transpose{axes}"
    draft.replace(call if is_done else call.func.value, moved)


def float_arithmetic(draft: Draft, mends: Mends, context: PatchContext) -> None:
    """Turn the array into float32 before the operator."""
    for mend in mends:
        line = draft.line(mend.site)
        if mend.parameters.get("is_cast"):
            _cast_to_float(draft, line)
            continue
        statement = next(
            (s for s in draft.walk(ast.AugAssign) if s.lineno == line),  # type: ignore[attr-defined]
            None,
        )
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            name, value = statement.target.id, draft.source(statement.value)
            symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}.get(
                type(statement.op), "/"
            )
            value = f"({value})" if isinstance(statement.value, ast.BinOp) else value
            draft.replace(statement, f'{name} = {name}.astype("float32") {symbol} {value}')
            continue
        operations = [node for node in draft.walk(ast.BinOp) if _innermost(draft, node, line)]
        divisions = [node for node in operations if _is_floored(node)]
        if divisions:
            for node in reversed(divisions):
                draft.replace(node, f"{draft.source(node.left)} / {draft.source(node.right)}")
            continue
        operands = [_array_operand(node) for node in operations if isinstance(node, ast.BinOp)]
        if not operands:
            raise UnknownEdit("no arithmetic on that line")
        # from the back: earlier positions stay true
        for operand, is_array in reversed(operands):
            text = draft.source(operand)
            if is_array:
                draft.replace(operand, f'{text}.astype("float32")')
            else:
                draft.replace(operand, f'{draft.numpy()}.asarray({text}, "float32")')


#: Functions of numpy that make an array, and where among their arguments its type is given.
MAKING = {"array": 1, "asarray": 1, "zeros": 1, "empty": 1, "full": 2,
          "zeros_like": 1, "empty_like": 1, "full_like": 2}  # fmt: skip


def _cast_to_float(draft: Draft, line: int) -> None:
    """``x.astype("uint8")``, ``np.uint8(x)`` and ``np.zeros(shape, "uint8")``, made float32."""
    there = len(_casts_at(draft, line))
    if not there:
        raise UnknownEdit("no cast on that line")
    for number in reversed(range(there)):  # training and test on one line
        call = _casts_at(draft, line)[number]
        name, kind = last_name(call.func), _kind(call)
        if kind is not None:
            draft.replace(kind, '"float32"')
        elif name.endswith("_like"):  # the type of the other array
            draft.replace(call.args[-1], f'{draft.source(call.args[-1])}, dtype="float32"')
        elif isinstance(call.func, ast.Attribute):
            draft.replace(call.func, f"{draft.source(call.func.value)}.float32")


def _casts_at(draft: Draft, line: int) -> list[ast.Call]:
    """Calls on a line that make whole numbers of fractions, or an array that holds none."""
    found = []
    for call in draft.walk(ast.Call):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.end_lineno != line:  # in a chain a call is where its own name stands
            continue
        name, kind = call.func.attr, _kind(call)
        casts = name in ("uint8", "int8") or (name.endswith("_like") and name in MAKING)
        if casts or (kind is not None and "float" not in draft.source(kind)):
            found.append(call)
    return found


def _kind(call: ast.Call) -> ast.expr | None:
    """The type that ``astype``, or what makes an array, is given."""
    name = last_name(call.func)
    return argument(call, "dtype", MAKING.get(name, 0)) if name in ("astype", *MAKING) else None


def _resize_in_model(draft: Draft, sites: Sequence[Site], context: PatchContext) -> None:
    """Keep small pictures as they are; the network's own input resizes them."""
    native, (height, width) = _common_shapes(context, sites)
    name = backbone_name(draft, context)
    keras = draft.keras()
    for site in sites:
        for _ in _resize_calls(draft, site):
            call = _resize_calls(draft, site)[0]
            pictures = argument(call, "a", 0)
            statement = draft.statement(call)
            if pictures is None:
                raise UnknownEdit("np.resize of nothing")
            is_rebound = isinstance(statement, ast.Assign) and statement.value is call
            if is_rebound and is_name(pictures, assigned_name(statement)):
                draft.delete(statement)
            else:
                draft.replace(call, draft.source(pictures))

    has_own_input = False
    for held in draft.calls(*INPUTS):
        shape = argument(held, "shape", 0)
        if _value(draft, shape)[:2] == (height, width) and shape is not None:
            draft.replace(shape, str(native))
            has_own_input = True
            break
    if is_called(draft, name) and not has_own_input:
        raise UnknownEdit("the network is called on an input that was not found")

    size = (height, width)
    if context.input_size:
        size = (min(height, max(context.input_size, LEAST_SIZE)),) * 2
    first, resized = draft.fresh("pictures"), draft.fresh("resized")
    lines = [f"{first} = {keras}.Input(shape={native})"]
    source = first
    if len(native) == 2:
        lines.append(f"{resized} = {keras}.layers.Reshape({(*native, 1)})({source})")
        source = resized
    lines.append(f"{resized} = {keras}.layers.Resizing({size[0]}, {size[1]})({source})")
    if len(native) == 2 or native[-1] == 1:
        lines.append(f"{resized} = {keras}.layers.Concatenate()([{resized}] * 3)")
    draft.insert_before(draft.statement(builder(draft, context)), *lines)
    feed(draft, builder(draft, context), resized)


def feed(draft: Draft, build: ast.Call, tensor: str) -> None:
    """Build the network on a tensor in place of an input of its own."""
    held = argument(build, "input_tensor", 2)
    if held is not None and not (isinstance(held, ast.Call) and _is_input(held)):
        raise UnknownEdit("the network is built on a tensor already")
    if held is not None:
        draft.replace(held, tensor)
        return
    if len(build.args) > 2:
        raise UnknownEdit("the network's input is given by position")
    for keyword in build.keywords:
        if keyword.arg == "input_shape":
            draft.replace(keyword, f"input_tensor={tensor}")
            return
    draft.set_argument(build, "input_tensor", tensor)


def _resize_in_place(draft: Draft, site: Site, context: PatchContext) -> None:
    """A real resize where `np.resize` stood."""
    before, after = _shapes(context, site, ("numpy.resize",))
    if not before or math.prod(after) > ARRAY_ELEMENTS:
        raise UnknownEdit("the resized array would be too large, or its shape is not known")
    keras = draft.keras()
    call, *others = _resize_calls(draft, site)
    if others:
        raise UnknownEdit("several calls of np.resize on one line")
    pictures, shape = argument(call, "a", 0), argument(call, "new_shape", 1)
    if pictures is None or not isinstance(call.func, ast.Attribute):
        raise UnknownEdit("np.resize under another name")
    numpy = draft.source(call.func.value)
    is_one = len(after) <= 3 and len(before) <= 3 and (len(before) == 2 or before[-1] in (1, 3))
    rank = 3 if is_one else 4
    text, n_channels = draft.source(pictures), before[-1]
    if len(before) < rank:
        text, n_channels = f"{numpy}.expand_dims({text}, -1)", 1
    wanted = after[-1] if len(after) == rank else 1
    if wanted != n_channels and n_channels != 1:
        raise UnknownEdit("the number of channels changes")
    side = [draft.source(e) for e in shape.elts] if isinstance(shape, ast.Tuple) else []
    sides = side[rank - 3 : rank - 1] if len(side) == len(after) else []
    height, width = sides or [str(n) for n in after[rank - 3 : rank - 1]]
    smaller = before[rank - 3] > after[rank - 3]
    extra = ", antialias=True" if smaller else ""
    text = f"{numpy}.asarray({keras}.ops.image.resize({text}, ({height}, {width}){extra}))"
    if wanted != n_channels:
        text = f"{numpy}.repeat({text}, {wanted}, axis=-1)"
    if len(after) < rank:
        text = f"{numpy}.squeeze({text}, -1)"
    draft.replace(call, text)


def _resize_calls(draft: Draft, site: Site) -> list[ast.Call]:
    """All calls of `np.resize` at that line, at least one."""
    calls = draft.calls_at(site, "resize") or [draft.call_at(site, "resize")]
    found = [
        call
        for call in calls
        if isinstance(call.func, ast.Name)
        or (isinstance(call.func, ast.Attribute) and _is_module(draft, call.func.value))
    ]
    if not found:
        raise UnknownEdit("the call is not np.resize as written")
    return found


def _common_shapes(
    context: PatchContext, sites: Sequence[Site]
) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Shape of one picture before, and height and width after, the same at every site."""
    native, sides = set(), set()
    for site in sites:
        before, after = _shapes(context, site, ("numpy.resize",))
        if len(after) != 4 or after[-1] != 3 or len(before) not in (3, 4):
            raise UnknownEdit("not an array of pictures made into one of colour pictures")
        if len(before) == 4 and before[-1] not in (1, 3):
            raise UnknownEdit("the number of channels changes")
        native.add(tuple(before[1:]))
        sides.add((after[1], after[2]))
    if len(native) != 1 or len(sides) != 1:
        raise UnknownEdit("pictures of several shapes")
    return native.pop(), sides.pop()


def _shapes(
    context: PatchContext, site: Site, what: tuple[str, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    for call in context.evidence.ledger.of(*what):
        if (call.site.file, call.site.line) == (site.file, site.line):
            before, after = call.details.get("in_shape", ()), call.details.get("out_shape", ())
            return tuple(int(n) for n in before), tuple(int(n) for n in after)
    return (), ()


def _value(draft: Draft, node: ast.expr | None) -> tuple[object, ...]:
    try:
        value = draft.constant(node)
    except UnknownEdit:
        return ()
    return value if isinstance(value, tuple) else ()


def _is_input(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name | ast.Attribute) and (
        (call.func.id if isinstance(call.func, ast.Name) else call.func.attr) in INPUTS
    )


def _is_module(draft: Draft, node: ast.expr) -> bool:
    """Is this name bound by an import?"""
    return isinstance(node, ast.Name) and any(
        (alias.asname or alias.name) == node.id
        for statement in ast.walk(draft.tree)
        if isinstance(statement, ast.Import)
        for alias in statement.names
    )


def _innermost(draft: Draft, node: ast.AST, line: int) -> bool:
    """Is this an operator on that line with no other inside it, those of an index aside?"""
    if not isinstance(node, ast.BinOp) or node.lineno != line or _in_index(draft, node):
        return False
    inner = (n for n in ast.walk(node) if isinstance(n, ast.BinOp) and n is not node)
    return all(_in_index(draft, n) for n in inner)


def _is_floored(node: ast.AST) -> TypeGuard[ast.BinOp]:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv)


def _in_index(draft: Draft, node: ast.AST) -> bool:
    return any(
        isinstance(parent, ast.Subscript) and node in ast.walk(parent.slice)
        for parent in draft.parents(node)
    )


def _array_operand(node: ast.BinOp) -> tuple[ast.expr, bool]:
    """The operand that becomes float32, and with it the result; is it known to be an array?"""
    named = ast.Name | ast.Attribute | ast.Subscript | ast.Call
    operands = (node.left, node.right)
    able = [each for each in operands if isinstance(each, named) and not _is_scalar(each)]
    if not able:
        raise UnknownEdit("which operand is the array cannot be told")
    return able[0], len(able) == 1 and any(_is_scalar(each) for each in operands)


def _is_scalar(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.Call)
        and all(isinstance(a, ast.Constant) for a in node.args)
        and bool(node.args)
    )
