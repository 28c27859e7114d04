"""Write flags.toml: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
[body]
trainable = false
"""
SOUND = """\
[body]
trainable = true
"""
Path("flags.toml").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
