"""Ctrl-C and SIGTERM as a wish: what runs comes to a clean end, and keeps what there is."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Listens while it is entered; a second signal acts as it always does.

    Outside the main thread Python lets nobody listen: there it never hears anything.
    """

    def __init__(self) -> None:
        self.heard: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        """Somebody wants this to stop."""
        return self.heard is not None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forget()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.heard = signal.Signals(number)
        self._forget()

    def _forget(self) -> None:
        for number, handler in self._before.items():
            # None: it was not Python's, and cannot be put back
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}
