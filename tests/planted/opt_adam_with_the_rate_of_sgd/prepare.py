"""Write optimizer.json: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
{"class_name": "adam", "config": {"learning_rate": 0.1, "beta_1": 0.9}}
"""
SOUND = """\
{"class_name": "adam", "config": {"learning_rate": 0.001, "beta_1": 0.9}}
"""
Path("optimizer.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
