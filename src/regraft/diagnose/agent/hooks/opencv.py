"""Hooks on OpenCV."""

import functools
from types import ModuleType
from typing import Any

from regraft.diagnose.agent import ledger, sites
from regraft.diagnose.agent.hooks import attach


def hook() -> None:
    """Channel order by OpenCV, whenever it is imported."""
    attach.after_import("cv2", _hook_cv2)


def _hook_cv2(module: ModuleType) -> None:
    convert = module.cvtColor
    for name in ("imread", "imdecode"):
        read = getattr(module, name)

        def reader(*args: Any, _read: Any = read, **kwargs: Any) -> Any:
            ledger.RECORD.event("cv2.imread")
            return _read(*args, **kwargs)

        setattr(module, name, functools.wraps(read)(reader))

    def cvt_color(src: Any, code: int, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        ledger.RECORD.event("cv2.cvtColor", site, code=int(code))
        return convert(src, code, *args, **kwargs)

    module.cvtColor = cvt_color  # type: ignore[attr-defined]
