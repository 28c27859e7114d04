import json
from pathlib import Path

import pytest

from regraft.diagnose.agent.notebook import cell_and_line, encoding_of, newline_of, read_source


def notebook(path, *cells):
    path.write_text(json.dumps({"cells": [
        {"cell_type": "markdown", "source": "# not code"},
        *({"cell_type": "code", "source": cell} for cell in cells),
    ]}))  # fmt: skip
    return path


def test_a_notebook_is_its_code_cells(tmp_path):
    path = notebook(tmp_path / "a.ipynb", ["x = 1\n", "y = 2"], "z = x + y\n")
    assert read_source(path) == "x = 1\ny = 2\nz = x + y\n"


MAGIC_CELLS = {
    "line magic": "%matplotlib inline\nx = 3",
    "shell": "!pip install keras\nx = 3",
    "shell in a block": "for x in range(4):\n    !echo $x\n",
    "help": "x = 3\nx?\n?x\nlen??",
    "exported": "get_ipython().run_line_magic('matplotlib', 'inline')\nx = 3",
    "timed line": "%time x = 3",
    "timed line with options": "%timeit -n 2 -r 1 y = 4\nx = 3",
    "lines of a shell": "files = !ls\nx = 3 + len(files)",
    "result of a magic": "here = %pwd\nx = 3",
    "timed cell": "%%time\nx = 3",
    "captured cell": "\n%%capture out --no-stderr\nx = 3",
    "a remainder on a line of its own": "x = (7\n     % 4)",
    "a shell line over several lines": "!pip install keras \\\n    pillow\nx = 3",
    "a magic over several lines": "%pip install keras \\\n    pillow \\\n    numpy\nx = 3",
    "a magic beside a remainder": "%matplotlib inline\nx = (7\n     % 4)",
    "a magic beside such a text": '%matplotlib inline\ny = """\n%time\n"""\nx = len(y.split()) + 2',
    "text that looks like magic": 'y = """\n%time\n!ls\n"""\nx = len(y.split()) + 1',
}


@pytest.mark.parametrize("cell", MAGIC_CELLS.values(), ids=MAGIC_CELLS)
def test_magics_do_not_stop_a_notebook(tmp_path, cell):
    names = {}
    exec(read_source(notebook(tmp_path / "a.ipynb", cell)), names)
    assert names["x"] == 3


def test_a_notebook_goes_to_another_folder(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    exec(read_source(notebook(tmp_path / "a.ipynb", "%matplotlib inline\n%cd data")), {})
    assert Path.cwd() == tmp_path / "data"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_a_script_is_read_in_the_encoding_that_it_names(tmp_path, encoding):
    path = tmp_path / "train.py"
    text = f"# -*- coding: {encoding.removesuffix('-sig')} -*-\nname = 'Zoë'\n"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert read_source(path) == text
    assert "".encode(encoding_of(path)) == "".encode(encoding)
    assert newline_of(path) == "\r\n"


@pytest.mark.parametrize("first", ["%%bash", "%%html"])
def test_cells_in_another_language_are_left_out(tmp_path, first):
    source = read_source(notebook(tmp_path / "a.ipynb", f"{first}\nx = 3\n", "y = 1"))
    names = {}
    exec(source, names)
    assert "x" not in names
    assert source.splitlines()[2] == "y = 1"


@pytest.mark.parametrize("option", ["", "-a "])
def test_a_cell_that_is_a_file_is_written(tmp_path, option):
    (tmp_path / "helpers.py").write_text("y = 1\n")
    first = f"%%writefile {option}{tmp_path / 'helpers.py'}\nx = 3\n"
    source = read_source(notebook(tmp_path / "a.ipynb", first, "y = 1"))
    exec(source, {})
    kept = "y = 1\n" if option else ""
    assert (tmp_path / "helpers.py").read_text() == f"{kept}x = 3\n"
    assert source.splitlines()[2] == "y = 1"


def test_a_line_is_found_in_its_cell(tmp_path):
    path = notebook(tmp_path / "a.ipynb", "x = 1\ny = 2\n", "", "%%bash\nls", "z = x")
    lines = read_source(path).splitlines()
    assert cell_and_line(path, lines.index("y = 2") + 1) == (1, 2)
    assert cell_and_line(path, lines.index("z = x") + 1) == (4, 1)


def test_a_line_that_is_no_longer_there_is_in_no_cell(tmp_path):
    path = notebook(tmp_path / "a.ipynb", "x = 1")
    assert cell_and_line(path, 2) == (0, 0)
    path.write_text("{")
    assert cell_and_line(path, 1) == (0, 0)
    assert cell_and_line(tmp_path / "b.ipynb", 1) == (0, 0)
