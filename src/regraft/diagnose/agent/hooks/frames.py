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
    def sample(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = attach.named(original, self, *args, **kwargs)
        is_all = asked.get("frac") == 1 or (asked.get("n") or 0) == len(self) > 1
        is_order = is_all and not asked.get("replace") and asked.get("axis") in (None, 0, "index")
        site = sites.directly() if is_order else None
        if site is None:
            return original(self, *args, **kwargs)
        if interventions.ACTIVE.dropped(SAMPLE, site):
            return self.reset_index(drop=True) if asked.get("ignore_index") else self.copy()
        # rows keep their names: whether labels are found by these, only the gain can tell
        ledger.RECORD.event(SAMPLE, site, shape=[len(self)], row_numbers=True)
        return original(self, *args, **kwargs)

    module.NDFrame.sample = sample
