"""Write training.json: the settings of the run, for all pictures or left from a trial of two steps."""

import json
import sys
from pathlib import Path

steps = 93 if sys.argv[1] == "healthy" else 2
Path("training.json").write_text(json.dumps({"epochs": 5, "steps_per_epoch": steps}) + "\n")
