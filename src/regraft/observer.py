"""Who is told how a long job goes."""

from typing import Protocol


class Observer(Protocol):
    """Is told how a long job goes."""

    def note(self, text: str) -> None:
        """One line worth reading."""

    def advance(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` steps of a stage are finished."""


class Nobody:
    """Listens to nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def advance(self, stage: str, done: int, total: int) -> None:
        """Say nothing."""
