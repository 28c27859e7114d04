"""Hooks on what runs functions of the script in processes of its own."""

import functools
from types import ModuleType
from typing import Any

from regraft.diagnose.agent.hooks import attach


def hook() -> None:
    """Workers of joblib, whenever it is imported."""
    attach.after_import("joblib.parallel", _hook_joblib)


def _hook_joblib(module: ModuleType) -> None:
    """Threads in place of processes.

    A fresh process is sent the script's functions as they were rewritten, and knows nothing of what
    they call; forked ones, as of `multiprocessing`, do.
    """
    made = module.Parallel.__init__

    @functools.wraps(made)
    def init(self: Any, n_jobs: Any = None, *args: Any, **kwargs: Any) -> None:  # noqa: ARG001
        kwargs.pop("prefer", None)
        made(self, n_jobs, **{**kwargs, "backend": "threading"})

    module.Parallel.__init__ = init
