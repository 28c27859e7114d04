import json
from pathlib import Path

PARTS = json.loads(Path("parts.json").read_text())


def tidy(x, part):
    x = x[..., None].astype("float32")
    if PARTS[part]["standardise"]:
        x = (x - x.mean()) / x.std()
    return x
