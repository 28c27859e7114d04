"""Write model.json: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
{"input": {"side": 32, "channels": 3}, "pooling": "avg"}
"""
SOUND = """\
{"input": {"side": 96, "channels": 3}, "pooling": "avg"}
"""
Path("model.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
