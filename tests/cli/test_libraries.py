import os
import subprocess
import sys

LOUD = "import os; os.write(2, b'hello from the library\\n')"


CODE = (
    "import sys; from regraft.cli.libraries import set_up_libraries; set_up_libraries(); "
    "import tensorflow; print('still heard', file=sys.stderr)"
)


def standard_error(tmp_path, source, **environment):
    """Of a process that imports a stand-in for TensorFlow as the command line does."""
    (tmp_path / "tensorflow.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=os.environ | {"PYTHONPATH": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


def test_what_tensorflow_says_at_its_start_is_not_shown(tmp_path):
    assert standard_error(tmp_path, LOUD) == "still heard\n"


def test_it_is_shown_to_those_who_look_for_a_fault(tmp_path):
    assert "hello from the library" in standard_error(tmp_path, LOUD, REGRAFT_DEBUG="1")


def test_an_import_that_fails_says_so(tmp_path):
    assert "no such processor" in standard_error(tmp_path, "raise ImportError('no such processor')")


TOLD = "import os, sys; sys.stderr.write(os.environ['TF_ENABLE_ONEDNN_OPTS'] + ' ')"


def test_onednn_is_on_unless_it_was_turned_off(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    assert standard_error(tmp_path, TOLD, REGRAFT_DEBUG="1").startswith("1 ")
    off = standard_error(tmp_path, TOLD, REGRAFT_DEBUG="1", TF_ENABLE_ONEDNN_OPTS="0")
    assert off.startswith("0 ")
