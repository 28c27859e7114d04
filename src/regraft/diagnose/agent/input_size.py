"""Another input size for a whole run: the number is replaced wherever the user's code has it.

It may stand in the source, in a file of settings or on the command line. The same number may also
count something, as rows of a batch or units of a layer; there it stays.
"""

import ast
import functools
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from regraft.diagnose.agent import sites
from regraft.diagnose.agent.hooks import attach

# Whole words of names, so that `n_side` is a size and `steps` is not.
_COUNTED = re.compile(
    r"(?i)(^|_|-)(batch|epochs?|seed|state|class(es)?|units?|channels?|filters?|workers?|steps?|"
    r"hidden|patience|buffer|rows?|samples?|limit)($|_|-|size)"
)
#: Calls whose numbers count something.
_COUNTING = frozenset(
    {"Dense", "Conv2D", "SeparableConv2D", "Conv2DTranspose", "batch", "shuffle", "take", "skip",
     "prefetch", "seed", "set_seed", "set_random_seed", "default_rng", "RandomState", "Random",
     "randint"}
)  # fmt: skip
_NUMBERS = re.compile(r"[\s,x()\[\]\d]+")
_PARSERS = {"json": ("load", "loads"), "tomllib": ("load", "loads"),
            "yaml": ("load", "safe_load", "full_load")}  # fmt: skip


def counts(name: object) -> bool:
    """Does something of this name count, so that its number is no side of a picture?"""
    return isinstance(name, str) and _COUNTED.search(name) is not None


def counted(tree: ast.AST) -> set[int]:
    """The `id` of every constant of a syntax tree that counts something."""
    kept: set[int] = set()

    def keep(name: object, value: ast.AST | None) -> None:
        if value is not None and counts(name):
            kept.update(id(part) for part in ast.walk(value) if isinstance(part, ast.Constant))

    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            keep(node.arg, node.value)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            keep(_name(node.targets[0]), node.value)
        elif isinstance(node, ast.AnnAssign):
            keep(_name(node.target), node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                keep(getattr(key, "value", None), value)
        elif isinstance(node, ast.Call):
            option = getattr(node.args[0], "value", "") if node.args else ""
            if _name(node.func) == "add_argument" and counts(str(option).strip("-")):
                kept.update(id(part) for part in ast.walk(node))
            elif _name(node.func) in _COUNTING:
                kept.update(id(part) for part in node.args)
    return kept


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", "") or getattr(node, "attr", ""))


def hook(sizes: Mapping[int, int]) -> None:
    """Replace the number in what the user's own code reads with a parser of settings."""
    if not sizes:
        return

    def hooked(parser: ModuleType) -> None:
        for name in _PARSERS[parser.__name__]:
            setattr(parser, name, _reading(getattr(parser, name), sizes))

    for parser in _PARSERS:
        attach.after_import(parser, hooked)
    attach.after_import("configparser", functools.partial(_hook_ini, sizes=sizes))


def _hook_ini(module: ModuleType, sizes: Mapping[int, int]) -> None:
    """Files of sections: their values are texts, which the script turns into numbers itself."""
    kind = module.RawConfigParser
    for name in ("read", "read_file", "read_string"):
        setattr(kind, name, _reading_ini(getattr(kind, name), sizes))


def _reading_ini(original: Any, sizes: Mapping[int, int]) -> Any:
    @functools.wraps(original)
    def read(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        if sites.directly() is not None:
            for section in self.sections():
                for option, value in self.items(section, raw=True):
                    if value is not None and not counts(option):
                        self.set(section, option, _replaced_text(value, sizes))
        return result

    return read


def _replaced_text(text: str, sizes: Mapping[int, int]) -> str:
    """Numbers in a text that holds nothing else: "32", "32, 32" or "(32, 32, 3)"."""
    if not _NUMBERS.fullmatch(text):
        return text
    return re.sub(r"\d+", lambda found: str(sizes.get(int(found[0]), found[0])), text)


def _reading(original: Any, sizes: Mapping[int, int]) -> Any:
    @functools.wraps(original)
    def read(*args: Any, **kwargs: Any) -> Any:
        value = original(*args, **kwargs)
        return value if sites.directly() is None else replaced(value, sizes)

    return read


def replaced(value: Any, sizes: Mapping[int, int]) -> Any:
    """Settings with another number for each size; what counts something stays.

    Args:
        value: Dictionaries and lists in one another, as a parser gives them; others stay.
        sizes: {224: 64} makes every 224 a 64.
    """
    if type(value) is int:
        return sizes.get(value, value)
    if type(value) is list:
        return [replaced(each, sizes) for each in value]
    if type(value) is dict:
        return {
            name: each if counts(name) else replaced(each, sizes) for name, each in value.items()
        }
    return value


def replaced_arguments(arguments: list[str], sizes: Mapping[int, int]) -> list[str]:
    """The command line with another number for each size, but behind options that count."""
    result: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, number = argument.rpartition("=")
        name = (option or before).strip("-")
        is_size = number.isdecimal() and int(number) in sizes and not counts(name)
        result.append(f"{option}{equals}{sizes[int(number)]}" if is_size else argument)
    return result
