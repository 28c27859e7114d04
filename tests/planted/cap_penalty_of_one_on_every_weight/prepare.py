"""Write head.ini, with the strength of the penalty on the weights of the head."""

import sys
from pathlib import Path

strength = 1e-4 if sys.argv[1] == "healthy" else 1.0
Path("head.ini").write_text(f"[head]\nweight_decay = {strength}\n")
