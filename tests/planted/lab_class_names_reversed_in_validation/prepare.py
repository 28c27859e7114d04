"""Write subsets.json: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
[
  {"subset": "training"},
  {"subset": "validation", "class_names": ["dog", "cat"]}
]
"""
SOUND = """\
[
  {"subset": "training"},
  {"subset": "validation", "class_names": ["cat", "dog"]}
]
"""
Path("subsets.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
