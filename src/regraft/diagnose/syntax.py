"""Questions about pieces of a syntax tree."""

import ast
import builtins
import symtable
from collections.abc import Iterator
from typing import TypeGuard


def undefined(text: str) -> set[str]:
    """Names that a script uses and nothing in it defines, in whatever order.

    Raises:
        SyntaxError: If the text is no Python.
    """
    tables = [symtable.symtable(text, "script", "exec")]
    for table in tables:
        tables += table.get_children()
    known = {"__file__", "__name__", "__doc__", "__builtins__", *dir(builtins)}
    known |= {
        symbol.get_name()
        for table in tables
        for symbol in table.get_symbols()
        if (table is tables[0] or symbol.is_declared_global())
        and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace())
    }
    return {
        symbol.get_name()
        for table in tables
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table is tables[0])
    } - known


def last_name(function: ast.expr) -> str:
    """``c`` of ``a.b.c``; nothing for what has no name."""
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """The value a call is given under this name or at this position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(call.args):
        held = call.args[position]
        return None if any(isinstance(a, ast.Starred) for a in call.args) else held
    return None


def arguments(call: ast.Call) -> list[ast.AST]:
    """Positional and keyword arguments in the order of the text."""
    items: list[ast.AST] = [*call.args, *call.keywords]
    return sorted(items, key=lambda item: (item.lineno, item.col_offset))  # type: ignore[attr-defined]


def is_name(node: ast.AST | None, name: str | None = None) -> bool:
    """Is this node a plain name (this one, if given)?"""
    return isinstance(node, ast.Name) and name in (None, node.id)


def assigned_name(statement: ast.stmt) -> str:
    """``x`` of ``x = ...``; nothing for other statements."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def assigns(node: ast.stmt, name: str) -> TypeGuard[ast.Assign]:
    """Does this statement set this name, and nothing else?"""
    return isinstance(node, ast.Assign) and assigned_name(node) == name


def block_of(statement: ast.stmt, parent: ast.AST) -> list[ast.stmt]:
    """The statements of the suite that a statement is one of."""
    for _, held in ast.iter_fields(parent):
        if isinstance(held, list) and statement in held:
            return held
    return [statement]


def imported(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Modules a statement imports, and the names they are bound to."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                top = alias.name.split(".")[0]
                yield (alias.name, alias.asname) if alias.asname else (top, top)
        case ast.ImportFrom(module=str(module), names=names):
            for alias in names:
                yield f"{module}.{alias.name}", alias.asname or alias.name


def is_future(node: ast.stmt) -> bool:
    """Is this an import that must stay the first one?"""
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
