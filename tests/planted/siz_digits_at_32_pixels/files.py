import json
from pathlib import Path


def read(name):
    return json.loads(Path(__file__).with_name(name).read_text())
