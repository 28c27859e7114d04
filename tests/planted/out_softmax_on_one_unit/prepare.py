"""Write settings.json: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
{"activation": "softmax", "dropout": 0.2}
"""
SOUND = """\
{"activation": "sigmoid", "dropout": 0.2}
"""
Path("settings.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
