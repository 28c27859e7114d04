"""Write settings.json: the size that pictures are read at, sound or faulty."""

import json
import sys
from pathlib import Path

side = 144 if sys.argv[1] == "healthy" else 32
Path("settings.json").write_text(json.dumps({"pictures": {"side": side, "rows": 32}}))
