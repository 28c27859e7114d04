"""Hooks on pandas."""

import functools
from types import ModuleType
from typing import Any

from regraft.diagnose.agent import interventions, ledger, sites
from regraft.diagnose.agent.hooks import attach

SAMPLE = "pandas.sample"


def hook() -> None:
    """`sample`, whenever pandas is imported: of all rows it is a shuffle."""
    attach.after_import("pandas.core.generic", _hook_frames)


def _hook_frames(module: ModuleType) -> None:
    original = module.NDFrame.sample

    @functools.wraps(original)
    def sample(self: Any, n: Any = None, frac: Any = None, *args: Any, **kwargs: Any) -> Any:
        is_whole = (frac == 1 or (frac is None and n == len(self))) and not kwargs.get("replace")
        site = sites.directly() if is_whole and len(self) > 1 else None
        if site is None:
            return original(self, n, frac, *args, **kwargs)
        if interventions.ACTIVE.dropped(SAMPLE, site):
            return self.copy()
        # rows keep their names: whether labels are found by these, only the gain can tell
        ledger.RECORD.event(SAMPLE, site, shape=[len(self)], row_numbers=True)
        return original(self, n, frac, *args, **kwargs)

    module.NDFrame.sample = sample
