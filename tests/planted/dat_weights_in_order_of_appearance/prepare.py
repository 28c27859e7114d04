"""Write uneven.npz: digits of which low ones are common and high ones rare, rare ones listed first."""

import numpy as np

digits = np.load("digits.npz")
x, y = digits["x_train"], digits["y_train"]
rows = []
for digit, n in reversed(list(enumerate((110, 110, 110, 80, 60, 40, 25, 15, 10, 8)))):
    rows.append(np.flatnonzero(y == digit)[:n])
firsts = [of_digit[0] for of_digit in rows]
others = np.random.default_rng(1).permutation(np.concatenate([of_digit[1:] for of_digit in rows]))
order = np.concatenate([firsts, others])
np.savez("uneven.npz", x=x[order], y=y[order], x_test=digits["x_test"][:500],
         y_test=digits["y_test"][:500])
