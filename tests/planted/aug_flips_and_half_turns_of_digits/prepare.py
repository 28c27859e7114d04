"""Write augment.json: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
[
  {"layer": "RandomFlip", "with": {"mode": "horizontal_and_vertical"}},
  {"layer": "RandomRotation", "with": {"factor": 0.5}}
]
"""
SOUND = """\
[
  {"layer": "RandomTranslation", "with": {"height_factor": 0.05, "width_factor": 0.05}},
  {"layer": "RandomRotation", "with": {"factor": 0.02}}
]
"""
Path("augment.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
