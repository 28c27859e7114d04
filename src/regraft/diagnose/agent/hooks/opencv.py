"""Hooks on OpenCV."""

from types import ModuleType
from typing import Any

from regraft.diagnose.agent import ledger, sites
from regraft.diagnose.agent.hooks import attach


def hook() -> None:
    """Channel order by OpenCV, whenever it is imported."""
    attach.after_import("cv2", _hook_cv2)


def _hook_cv2(module: ModuleType) -> None:
    read, convert = module.imread, module.cvtColor

    def imread(*args: Any, **kwargs: Any) -> Any:
        ledger.RECORD.event("cv2.imread")
        return read(*args, **kwargs)

    def cvt_color(source: Any, code: int, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        ledger.RECORD.event("cv2.cvtColor", site, code=int(code))
        return convert(source, code, *args, **kwargs)

    module.imread, module.cvtColor = imread, cvt_color  # type: ignore[attr-defined]
