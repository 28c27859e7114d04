"""The Python of a notebook: its code cells one below the other, magics commented out."""

import ast
import json
import re
import tokenize
from collections.abc import Sequence
from pathlib import Path

CALL = re.compile(r"^(\s*)(get_ipython\(\).*)")
# magics of one line whose rest is Python: "%time history = model.fit(...)"
LINE = re.compile(r"^(\s*)%(?:time|timeit|prun|memit|mprun)\s+(?:-\w+\s+(?:\d+\s+)?)*(?=[\w(\[])")
ASSIGNED = re.compile(r"^(\s*)([\w, ]+?)\s*=\s*[%!].*")  # "files = !ls": a list of lines
MAGIC = re.compile(r"^(\s*)([%!?].*|[\w.]+\?{1,2}\s*$|get_ipython\(\).*)")
MOVED = re.compile(r"^(\s*)%cd\s+([^\s{}$'\"]+)\s*$")
TIMED = {"%%time", "%%timeit", "%%capture", "%%prun"}  # cells of Python all the same


def read_source(path: Path) -> str:
    """The Python text of a script, or of a notebook's code cells with magics commented out."""
    if path.suffix != ".ipynb":
        with tokenize.open(path) as file:  # in the encoding that its first lines name
            return file.read()
    return "\n".join(line for cell in _code_cells(path) for line in _plain_python(cell)) + "\n"


def encoding_of(path: Path) -> str:
    """In which a script is written; of a notebook's cells UTF-8."""
    if path.suffix == ".ipynb":
        return "utf-8"
    with path.open("rb") as file:
        return tokenize.detect_encoding(file.readline)[0]


def newline_of(path: Path) -> str:
    """What ends the lines of a script; in the text that `read_source` gives it is one character."""
    is_dos = path.suffix != ".ipynb" and b"\r\n" in path.read_bytes()
    return "\r\n" if is_dos else "\n"


def cell_and_line(path: Path, line: int) -> tuple[int, int]:
    """Where a line of `read_source` stands in a notebook.

    Args:
        path: The notebook.
        line: From 1.

    Returns:
        The code cell and the line in it, both from 1; (0, 0) if the notebook is shorter, or can
        no longer be read: editors save notebooks unasked.
    """
    try:
        cells = _code_cells(path)
    except (OSError, ValueError):
        return 0, 0
    for number, cell in enumerate(cells, 1):
        if line <= len(cell):
            return number, line
        line -= len(cell)
    return 0, 0


def _code_cells(path: Path) -> list[list[str]]:
    cells = []
    for cell in json.loads(path.read_text(encoding="utf-8")).get("cells", []):
        if cell.get("cell_type") == "code":
            text = cell.get("source", "")
            cells.append(("".join(text) if isinstance(text, list) else text).splitlines())
    return cells


def _written(cell: list[str]) -> list[str]:
    """A cell that is a file: modules that other cells import."""
    start = next(number for number, line in enumerate(cell) if line.strip())
    words, text = cell[start].split(), "\n".join(cell[start + 1 :]) + "\n"
    mode = "a" if "-a" in words[1:-1] else "w"
    with_file = f"open({words[-1]!r}, {mode!r}, encoding='utf-8')"
    rest = [f"# {line}" for line in cell[start + 1 :]]
    return [*cell[:start], f"with {with_file} as _: _.write({text!r})", *rest]


def _plain_python(cell: list[str]) -> list[str]:
    """The lines of a cell with what only IPython understands commented out."""
    first = next((line.split()[0] for line in cell if line.strip()), "")
    if first == "%%writefile":
        return _written(cell)
    if first.startswith("%%") and first not in TIMED:  # a whole cell in another language
        return [f"# {line}" for line in cell]
    try:
        ast.parse("\n".join(cell))  # then a line that starts with % goes on with an expression
    except SyntaxError:
        return _without_magics(cell)
    return [CALL.sub(r"\1pass  # \2", line) for line in cell]


def _without_magics(cell: Sequence[str]) -> list[str]:
    plain: list[str] = []
    goes_on = False  # a command over several lines
    for line in cell:
        if goes_on:
            plain.append(f"# {line}")
        elif _is_open(plain):  # inside brackets, or a text of several lines
            plain.append(line)
            continue
        else:
            line = MOVED.sub(r"\1__import__('os').chdir('\2')", LINE.sub(r"\1", line))
            plain.append(MAGIC.sub(r"\1pass  # \2", ASSIGNED.sub(r"\1\2 = []", line)))
        goes_on = line.rstrip().endswith("\\") and (goes_on or plain[-1] != line)
    return plain


def _is_open(lines: Sequence[str]) -> bool:
    """Does the next line go on inside brackets or a text that these lines begin?"""
    text = iter([*(f"{line}\n" for line in lines), ""])
    try:
        for _ in tokenize.generate_tokens(lambda: next(text, "")):
            pass
    except tokenize.TokenError:
        return True
    except SyntaxError:
        return False
    return False
