"""Flags that several commands share, so that each means the same everywhere."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from regraft.errors import InvalidArgumentError, expected_received
from regraft.storage import require_writable


def can_be_written(option: typer.CallbackParam, file: Path | None) -> Path | None:
    """Refuse a result file whose folder cannot be made or written to: before the work, not after.

    Raises:
        InvalidArgumentError: With what is in the way.
    """
    # pipes and devices are written into: their folder need not let anybody in
    if file is not None and (file.is_file() or not file.exists()):
        require_writable(file.resolve().parent, option=option.opts[0])
    return file


def written_file(help: str, *names: str, metavar: str = "FILE") -> Any:
    """An option that names a file to write; see `can_be_written`."""
    return typer.Option(
        *names, metavar=metavar, dir_okay=False, writable=True, callback=can_be_written, help=help
    )


BadImages = Annotated[
    Literal["fail", "skip"],
    typer.Option("--on-bad-image", help="A picture that cannot be read: fail, or skip and say so."),
]
JsonFile = Annotated[
    Path | None,
    written_file("Write the result as JSON.", "--json"),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="Use N pictures, drawn class by class."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show the result only.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Decides splits and samples.")]

STOPPED = 130  # exit status: 128 + SIGINT, as shells expect; for SIGTERM too

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """A duration such as ``90``, ``90s``, ``5m`` or ``1.5h``, in seconds.

    Raises:
        InvalidArgumentError: If `text` is no positive duration.

    Example:
        >>> seconds("1.5m")
        90.0
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|)", text.strip().lower())
    if not found or float(found[1]) <= 0:
        raise InvalidArgumentError(
            expected_received("a duration such as 90s, 5m or 1h", repr(text), "See --budget.")
        )
    return float(found[1]) * _SECONDS[found[2]]


def whole_number_or_auto(text: str, flag: str) -> int | Literal["auto"]:
    """Read a flag that takes a whole number or ``auto``.

    Raises:
        InvalidArgumentError: If `text` is neither.

    Example:
        >>> whole_number_or_auto("96", "--size")
        96
    """
    if text == "auto":
        return "auto"
    return _whole_number(text, _or_auto(flag))


def names(text: str | None) -> tuple[str, ...] | None:
    """Read a flag that takes names separated by commas, where it is given.

    Example:
        >>> names("vgg16, mobilenet_v2")
        ('vgg16', 'mobilenet_v2')
    """
    return None if text is None else _parts(text)


def whole_numbers(text: str | None, flag: str) -> tuple[int, ...] | None:
    """Read a flag that takes whole numbers separated by commas, where it is given.

    Raises:
        InvalidArgumentError: If a part is no whole number.
    """
    if text is None:
        return None
    wanted = f"whole numbers for {flag}, such as 32,64,96"
    return tuple(_whole_number(part, wanted) for part in _parts(text))


def names_or_auto(text: str) -> tuple[str, ...] | Literal["auto"]:
    """Read a flag that takes names separated by commas, or ``auto``.

    Example:
        >>> names_or_auto("block3_pool, block4_pool")
        ('block3_pool', 'block4_pool')
    """
    return "auto" if text == "auto" else _parts(text)


def whole_numbers_or_auto(text: str, flag: str) -> tuple[int, ...] | Literal["auto"]:
    """Read a flag that takes whole numbers separated by commas, or ``auto``.

    Raises:
        InvalidArgumentError: If a part is no whole number.
    """
    if text == "auto":
        return "auto"
    return tuple(_whole_number(part, _or_auto(flag)) for part in _parts(text))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _or_auto(flag: str) -> str:
    return f"a whole number or auto for {flag}"


def _whole_number(text: str, wanted: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        raise InvalidArgumentError(expected_received(wanted, repr(text)))
    return int(text)
