"""Write run.json: rows of a batch, sound or faulty."""

import json
import sys
from pathlib import Path

rows = 50 if sys.argv[1] == "healthy" else 4000
Path("run.json").write_text(json.dumps({"epochs": 8, "rows_at_once": rows}))
