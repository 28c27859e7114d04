"""A diagnosis as lines of text, coloured on a terminal that can show colour."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from regraft.adapt.resize import resize
from regraft.data.text import shown
from regraft.report.terminal import picture_lines
from regraft.report.why_view import (
    View,
    by_reason,
    considered,
    headline,
    measurements,
    place,
    short,
    story,
    unknown,
)

INDENT = "   "
LABEL = 10  # characters of "measured ", the longest label
PICTURES = 4  # beside one another
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36", "yellow": "33"}


def why_lines(
    view: View,
    *,
    pictures: Mapping[str, npt.NDArray[np.uint8]] | None = None,
    captions: Sequence[str] = (),
    width: int = 96,
    colour: bool = False,
) -> str:
    """What `regraft why` ends with.

    Args:
        view: The JSON of a diagnosis.
        pictures: What reaches the network ("as_fed") and what would if the script were repaired
            ("repaired"), each (n, h, w, 3) in [0, 255].
        captions: The label of each picture.
        width: Characters a line; patches and tracebacks are not wrapped.
        colour: Use ANSI escapes.
    """
    page = _Page(view, width=width, colour=colour)
    blocks = [
        page.title(),
        *(page.finding(finding) for finding in view["findings"]),
        page.pictures(pictures or {}, captions),
        page.considered(),
        page.unknown(),
        page.notes(),
        page.error(),
    ]
    return "\n\n".join(block for block in blocks if block)


class _Page:
    """The parts of the text; each is a block of lines, or nothing."""

    def __init__(self, view: View, *, width: int, colour: bool) -> None:
        self.view = view
        self.width = width
        self.colour = colour

    def title(self) -> str:
        lines = self._wrapped(story(self.view))
        return self._paint("\n".join(lines), "bold")

    def finding(self, finding: View) -> str:
        head = f"{finding['rank']}  {finding['id']} {finding['name']}"
        worth = headline(finding["gain"])
        room = self.width - len(head) - len(worth)
        gap = " " * room if room > 1 else f"\n{INDENT}"
        lines = [f"{self._paint(head, 'bold')}{gap}{self._paint(worth, 'yellow')}"]
        for label, texts in (
            ("where", list(self._where(finding))),
            ("evidence", [shown_line(finding["because"])]),
            ("measured", measurements(finding)),
            ("fix", [shown_line(finding["fix"])]),
        ):
            lines += self._labelled(label, texts)
        if finding["patch"]:
            lines += self._labelled("patch", [""])
            lines += [self._diff_line(line) for line in finding["patch"].splitlines()]
        return "\n".join(lines)

    def pictures(
        self, pictures: Mapping[str, npt.NDArray[np.uint8]], captions: Sequence[str]
    ) -> str:
        fed = pictures.get("as_fed")
        if fed is None or not len(fed) or not self.view["findings"]:
            return ""
        blocks = ["Pictures as they reach the network", self._row(fed, captions)]
        repaired = pictures.get("repaired")
        if repaired is not None and len(repaired) and not np.array_equal(repaired, fed):
            blocks += ["The same with the script repaired", self._row(repaired, captions)]
        return "\n".join(blocks)

    def considered(self) -> str:
        lines: list[str] = []
        for title, rules in considered(self.view):
            lines.append(self._paint(title, "bold"))
            for rule in rules:
                gain = "" if rule["gain"] is None else f" (measured {rule['gain']:+.2f})"
                lines += self._wrapped(
                    f"{rule['id']}{gain} {shown_line(rule['because'])}", indent=INDENT
                )
        return "\n".join(lines)

    def unknown(self) -> str:
        asked, absent = unknown(self.view)
        lines = [
            line
            for because, ids in by_reason(asked)
            for line in self._wrapped(f"Cannot tell: {', '.join(ids)}: {shown_line(because)}")
        ]
        if absent:
            what = shown_line(", ".join(absent).replace("_", " "))
            lines += self._wrapped(f"Other rules had nothing to look at: no {what}.")
        return "\n".join(lines)

    def notes(self) -> str:
        seconds = f"{self.view['seconds'] or 0:.0f} s in all."
        notes = [*(shown_line(note) for note in self.view["notes"]), seconds]
        return "\n".join(line for note in notes for line in self._wrapped(note))

    def error(self) -> str:
        error = self.view["error"]
        if error is None or not error["traceback"]:
            return ""
        lines = [shown_line(line) for line in error["traceback"].rstrip().splitlines()]
        head = f"Traceback of {short(self.view['script'], self.view['script'])}"
        return "\n".join([self._paint(head, "bold"), *(f"{INDENT}{line}" for line in lines)])

    def _where(self, finding: View) -> Iterator[str]:
        for site in finding["where"]:
            code = shown_line(site["code"])
            yield f"{place(site, self.view['script'])}  {code}".rstrip()

    def _labelled(self, label: str, texts: Sequence[str]) -> list[str]:
        lines: list[str] = []
        for text in texts:
            first = f"{INDENT}{label if not lines else '':<{LABEL}}"
            wrapped = self._wrapped(text, indent=" " * len(first)) or [""]
            wrapped[0] = first + wrapped[0][len(first) :]
            lines += wrapped
        if lines and self.colour:
            lines[0] = lines[0].replace(label, self._paint(label, "dim"), 1)
        return lines

    def _wrapped(self, text: str, indent: str = "") -> list[str]:
        return textwrap.wrap(
            text,
            width=self.width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )

    def _diff_line(self, line: str) -> str:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        text = INDENT + shown_line(line)
        return self._paint(text, style) if style else text

    def _row(self, pictures: npt.NDArray[np.uint8], captions: Sequence[str]) -> str:
        n = min(PICTURES, len(pictures))
        labels = [shown(str(caption)) for caption in captions[:n]]
        labels += [""] * (n - len(labels))
        side = max(8, min(24, self.width // n - 2))
        if self.colour:
            return _in_colour(pictures[:n], labels, side)
        return picture_lines(list(pictures[:n]), labels, width=side)

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour else text


def shown_line(text: str) -> str:
    """`text` with control characters escaped, so that a script cannot steer the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text.replace("\t", "    "))


def _in_colour(pictures: npt.NDArray[np.uint8], captions: Sequence[str], side: int) -> str:
    """Two pixels a character: the upper in the ink, the lower in the paper."""
    height = side + side % 2
    small = [
        np.clip(resize(picture, height=height, width=side), 0, 255).astype(np.uint8)
        for picture in pictures
    ]
    rows = []
    for y in range(0, height, 2):
        cells = (
            "".join(
                "\x1b[38;2;{};{};{};48;2;{};{};{}m▀".format(*upper, *lower)
                for upper, lower in zip(picture[y], picture[y + 1], strict=True)
            )
            for picture in small
        )
        rows.append("\x1b[0m  ".join(cells) + "\x1b[0m")
    caption = "  ".join(text[:side].center(side) for text in captions)
    return "\n".join([*rows, caption.rstrip()])
