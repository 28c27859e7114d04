"""Write run.cfg: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
[data]
batches = 2
"""
SOUND = """\
[data]
batches = 1000
"""
Path("run.cfg").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
