"""Write pixels.json: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
{"size": 64, "scale": 1.0, "offset": 0.0}
"""
SOUND = """\
{"size": 64, "scale": 0.0078125, "offset": -0.9921875}
"""
Path("pixels.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
