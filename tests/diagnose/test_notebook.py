import json

import pytest

from regraft.diagnose.agent.notebook import cell_and_line, read_source


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
    "timed cell": "%%time\nx = 3",
    "captured cell": "\n%%capture out --no-stderr\nx = 3",
    "a remainder on a line of its own": "x = (7\n     % 4)",
    "text that looks like magic": 'y = """\n%time\n!ls\n"""\nx = len(y.split()) + 1',
}


@pytest.mark.parametrize("cell", MAGIC_CELLS.values(), ids=MAGIC_CELLS)
def test_magics_do_not_stop_a_notebook(tmp_path, cell):
    names = {}
    exec(read_source(notebook(tmp_path / "a.ipynb", cell)), names)
    assert names["x"] == 3


@pytest.mark.parametrize("first", ["%%bash", "%%writefile a.py", "%%html"])
def test_cells_in_another_language_are_left_out(tmp_path, first):
    source = read_source(notebook(tmp_path / "a.ipynb", f"{first}\nx = 3\n", "y = 1"))
    names = {}
    exec(source, names)
    assert "x" not in names
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
