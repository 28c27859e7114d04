"""Write network.json: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
{"include_top": false, "weights": null, "input_shape": [56, 56, 3]}
"""
SOUND = """\
{"include_top": false, "weights": "imagenet", "input_shape": [56, 56, 3]}
"""
Path("network.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
