"""Write batches in the layout of CIFAR-10: a row of 3 x 32 x 32 bytes a picture, gray digits on a tinted ground."""

import numpy as np

digits = np.load("digits.npz")
rng = np.random.default_rng(0)
for name, part, n in (("data_batch", "train", 1200), ("test_batch", "test", 500)):
    gray = np.pad(digits["x_" + part][:n], ((0, 0), (2, 2), (2, 2)))[:, None]
    tint = rng.integers(0, 60, (n, 3, 1, 1))
    planes = np.clip(gray * 0.75 + tint, 0, 255).astype("uint8")
    np.savez(name + ".npz", data=planes.reshape(n, -1), labels=digits["y_" + part][:n])
