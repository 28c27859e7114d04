"""Ways of putting a hook where a library's function is, or will be."""

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np


def everywhere(original: Any, replacement: Any) -> None:
    """Put a replacement wherever a loaded module of Keras or TensorFlow names the original."""
    for module in list(sys.modules.values()):
        name = getattr(module, "__name__", "")
        if name.startswith(("keras", "tensorflow", "tf_keras", "regraft.backbones")):
            for key, value in list(vars(module).items()):
                if value is original:
                    setattr(module, key, replacement)


def wraps(original: Any) -> Callable[[Any], Any]:
    """`functools.wraps` that shows the original's signature too: Keras reads that of `__init__`."""

    def decorate(replacement: Any) -> Any:
        replacement = functools.wraps(original)(replacement)
        replacement.__signature__ = inspect.signature(original)
        return replacement

    return decorate


def named(original: Any, /, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Every argument of a call by the name that the original's signature gives it.

    Raises:
        TypeError: If the original takes no such arguments.
    """
    signature = inspect.signature(original)
    arguments = dict(signature.bind_partial(*args, **kwargs).arguments)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments |= arguments.pop(parameter.name, {})
    return arguments


_WAITING: dict[str, Callable[[ModuleType], None]] = {}


def after_import(name: str, action: Callable[[ModuleType], None]) -> None:
    """Do something to a module as soon as it is there, before the script sees it."""
    if name in sys.modules:
        action(sys.modules[name])
        return
    if not _WAITING:
        sys.meta_path.insert(0, _AfterImport())
    _WAITING[name] = action


class _AfterImport(importlib.abc.MetaPathFinder):
    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _WAITING:
            return None
        action = _WAITING.pop(name)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        loader = spec.loader

        def exec_module(module: ModuleType) -> None:
            del vars(loader)["exec_module"]  # it may load other modules, too
            loader.exec_module(module)
            action(module)

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def plain(value: Any) -> Any:
    """An argument as it may stand in the record."""
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, np.generic):
        return value.item()
    return type(value).__name__
