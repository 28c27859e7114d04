"""Write training.json: plain SGD with momentum, and a norm that gradients are clipped to."""

import json
import sys

norm = 1.0 if sys.argv[1] == "healthy" else 0.0005
with open("training.json", "w") as file:
    json.dump({"learning_rate": 0.05, "momentum": 0.9, "clipnorm": norm}, file)
