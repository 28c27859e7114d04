"""Recompile the user's own modules so that array operators and assignments can be seen.

Library functions are hooked where they live; operators and methods of `ndarray` cannot be, so
the syntax tree of the user's files routes the few that matter through `operators`. Lines keep
their numbers, and functions that AutoGraph reads again from their source are left as they are.
"""

import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import sys
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from regraft.diagnose.agent import casting, input_size, operators, refitting, shuffling, sites
from regraft.diagnose.agent.notebook import read_source

GATE = "__regraft__"
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//"}
STANDARD_LIBRARY = Path(ast.__file__).resolve().parent
METHODS = {"reshape", "resize", "mean", "sort", "argmax", "flip", "reverse", "choice",
           *casting.CASTS, *casting.MAKING, *casting.ALLOCATING, *shuffling.SHUFFLING,
           *operators.COMPARING, *operators.FUNCTIONS, *refitting.METHODS}  # fmt: skip
ROUTED = {"sorted": "listed", "argmax": "argmaxed"}  # functions by their own name


def compile_user_file(path: Path, sizes: Mapping[int, int]) -> CodeType:
    """Compile a script, module or notebook of the user's with its operators routed.

    Args:
        path: A `.py` or `.ipynb` file.
        sizes: Whole numbers in the source to replace: {224: 64} makes every 224 a 64 that does
            not count something.
    """
    source = read_source(path)
    name = str(path)
    tree = ast.parse(source, filename=name)
    counted = input_size.counted(tree) if sizes else set()
    tree = ast.fix_missing_locations(_Router(sizes, counted).visit(tree))
    sites.USER_FILES.add(name)
    # tracebacks and AutoGraph show the source as the user knows it
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return compile(tree, name, "exec")


class _Router(ast.NodeTransformer):
    def __init__(self, sizes: Mapping[int, int], counted: Set[int] = frozenset()) -> None:
        self._sizes, self._counted = sizes, counted

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if id(node) in self._counted:
            return node
        if type(node.value) is int and node.value in self._sizes:
            return ast.copy_location(ast.Constant(self._sizes[node.value]), node)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        # what is computed to be printed; a format is none, nor is a number within a name
        if not isinstance(node.value, ast.Constant):
            node.value = self.visit(node.value)
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        return node  # a pattern holds no calls

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        symbol = OPERATORS.get(type(node.op))
        if symbol is None or _is_text(node.left) or _is_text(node.right):
            return node
        return self._route("binary", node, ast.Constant(symbol), node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        symbol = OPERATORS.get(type(node.op))
        if symbol is None or not isinstance(node.target, ast.Name):
            return node
        load = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        value = self._route("in_place", node, ast.Constant(symbol), load, node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            return node
        if isinstance(node.comparators[0], ast.Constant):
            return node
        name = "equal" if isinstance(node.ops[0], ast.Eq) else "unequal"
        return self._route(name, node, node.left, node.comparators[0])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and _reverses_last(node.slice):
            index = ast.Subscript(self._gate("index", node), node.slice, ast.Load())
            index = ast.copy_location(index, node)
            return self._route("reversed_axis", node, node.value, index)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            node.args = [node.func.value, ast.Constant(node.func.attr), *node.args]
            node.func = self._gate("method", node.func)
        elif isinstance(node.func, ast.Name) and node.func.id in ROUTED:
            node.args = [node.func, *node.args]  # itself: the name may be another function's
            node.func = self._gate(ROUTED[node.func.id], node.func)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Attribute):
            if target.attr.startswith("__") and not target.attr.endswith("__"):
                return node  # a private name: the compiler prefixes the class's own
            # the value first, as Python evaluates them
            call = self._route("assign", node, node.value, target.value, ast.Constant(target.attr))
            return ast.copy_location(ast.Expr(call), node)
        if len(node.targets) == 1 and isinstance(target, ast.Subscript):
            index = ast.Subscript(self._gate("index", node), target.slice, ast.Load())
            index = ast.copy_location(index, node)
            call = self._route("stored", node, node.value, target.value, index)
            return ast.copy_location(ast.Expr(call), node)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        freezes = any(_freezes(inner) for statement in node.body for inner in ast.walk(statement))
        self.generic_visit(node)
        if freezes:
            node.iter = self._route("to_be_frozen", node.iter, node.iter)
        return node

    def _gate(self, name: str, node: ast.AST) -> ast.expr:
        gate = ast.copy_location(ast.Name(GATE, ast.Load()), node)
        return ast.copy_location(ast.Attribute(gate, name, ast.Load()), node)

    def _route(self, name: str, node: ast.AST, *arguments: ast.expr) -> ast.expr:
        call = ast.Call(self._gate(name, node), list(arguments), [])
        call = ast.copy_location(call, node)
        # Python takes the line of a call from where the name of its function ends
        for part in (call.func, call.func.value):  # type: ignore[attr-defined]
            part.end_lineno, part.end_col_offset = node.lineno, node.col_offset  # type: ignore[attr-defined]
        return call


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def _freezes(node: ast.AST) -> bool:
    """Is this ``layer.trainable = False``?"""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Attribute)
        and node.targets[0].attr == "trainable"
        and isinstance(node.value, ast.Constant)
        and node.value.value is False
    )


def _reverses_last(index: ast.expr) -> bool:
    last = index.elts[-1] if isinstance(index, ast.Tuple) and index.elts else None
    if isinstance(last, ast.List):
        return [getattr(item, "value", None) for item in last.elts] == [2, 1, 0]
    return (
        isinstance(last, ast.Slice)
        and last.lower is None
        and last.upper is None
        and isinstance(last.step, ast.UnaryOp)
        and isinstance(last.step.op, ast.USub)
        and isinstance(last.step.operand, ast.Constant)
        and last.step.operand.value == 1
    )


class UserModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import the user's sibling modules through `compile_user_file`."""

    def __init__(self, roots: Sequence[Path], sizes: Mapping[int, int]) -> None:
        self._roots = [root.resolve() for root in roots]
        self._sizes = sizes

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for modules that lie in the user's folders, None for all others."""
        if name.partition(".")[0] == "regraft":  # whose source may lie there, too
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        origin = Path(spec.origin).resolve()
        if "site-packages" in origin.parts or "dist-packages" in origin.parts:
            return None
        if STANDARD_LIBRARY in origin.parents:  # below a home, or the root folder, as all is
            return None
        if not any(root in origin.parents for root in self._roots):
            return None
        return importlib.util.spec_from_file_location(
            name,
            spec.origin,
            loader=self,
            submodule_search_locations=spec.submodule_search_locations,
        )

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:  # noqa: ARG002
        """Python's own module object will do."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's rewritten code."""
        origin = module.__spec__.origin if module.__spec__ else None
        if origin is None:
            raise ImportError(module.__name__)
        exec(compile_user_file(Path(origin), self._sizes), module.__dict__)  # noqa: S102 - the user's own code


def install(roots: Sequence[Path], sizes: Mapping[int, int]) -> None:
    """Make the routed names and the user's modules available to this process."""
    setattr(builtins, GATE, operators)
    sys.meta_path.insert(0, UserModules(roots, sizes))


def as_main(path: Path) -> dict[str, Any]:
    """A fresh `__main__` for the script, in place of ours."""
    module = ModuleType("__main__")
    module.__dict__.update(__file__=str(path), __builtins__=builtins)
    if path.suffix == ".ipynb":
        module.__dict__["display"] = lambda *_, **__: None  # there without being imported
    sys.modules["__main__"] = module
    return module.__dict__
