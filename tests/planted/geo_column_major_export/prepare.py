"""Write export.npz: pixels (784, n), one picture a column."""

import numpy as np

digits = np.load("digits.npz")
np.savez("export.npz", pixels=digits["x_train"][:2400].reshape(2400, 784).T, labels=digits["y_train"][:2400])
