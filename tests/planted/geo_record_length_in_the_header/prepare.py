"""Write records.bin (label byte, 784 pixels, ...), labels.npy, and records.json that describes them."""

import json
import sys

import numpy as np

digits = np.load("digits.npz")
n = 2400
x, y = digits["x_train"][:n].reshape(n, 784), digits["y_train"][:n]
np.hstack([y[:, None].astype("uint8"), x]).tofile("records.bin")
np.save("labels.npy", y)
lead = 1 if sys.argv[1] == "healthy" else 0
with open("records.json", "w") as file:
    json.dump({"records": n, "side": 28, "lead_bytes": lead}, file)
