"""Settings of libraries from before they are imported: quiet, and on their fast path."""

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType

_CHATTY = "tensorflow"  # writes to file number 2 while it is imported, whatever its log level says


def set_up_libraries() -> None:
    """Make them quiet and fast. A setting of the user wins; REGRAFT_DEBUG=1 has them heard."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    # TensorFlow leaves it off where a processor has no instructions for small integers; there a
    # step of MobileNetV2 takes 1.4 times as long without it (decision 20)
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if os.environ.get("REGRAFT_DEBUG") == "1":
        return
    logging.getLogger(_CHATTY).setLevel(logging.ERROR)  # it warns of every new network it traces
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    if not any(isinstance(finder, _Silencer) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Silencer())


class _Silencer(importlib.abc.MetaPathFinder):
    """Has one package imported with standard error closed. Exceptions are raised as always."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _CHATTY:
            return None
        sys.meta_path.remove(self)  # it is imported once
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def run_in_silence(module: ModuleType) -> None:
            with _without_standard_error():
                run(module)

        spec.loader.exec_module = run_in_silence  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def _without_standard_error() -> Iterator[None]:
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
