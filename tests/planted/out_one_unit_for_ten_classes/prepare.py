"""Write experiment.ini: the settings of the run, sound or faulty."""

import sys
from pathlib import Path

FAULTY = """\
[head]
units = 1
activation = sigmoid
loss = binary_crossentropy
"""
SOUND = """\
[head]
units = 10
activation = softmax
loss = sparse_categorical_crossentropy
"""
Path("experiment.ini").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)
