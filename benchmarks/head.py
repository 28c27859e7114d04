"""Seconds to fit a head with its regularisation chosen, against scikit-learn with one given.

    .venv/bin/python benchmarks/head.py [--rows 60000] [--features 1024] [--repeat 3]

Features are drawn: ten classes that overlap, as many held-out rows as a sixth. scikit-learn
(lbfgs, at most 100 iterations, standardised features) gets the penalty that regraft chose.
Writes benchmarks/results/head.json.
"""

import argparse

import numpy as np

from record import in_turn, summary, write

CLASSES = 10


def drawn(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    centres = np.random.default_rng(0).normal(size=(CLASSES, d)).astype(np.float32)
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, CLASSES, n)
    features = generator.standard_normal((n, d), np.float32) * 6 + centres[labels]
    return np.maximum(features, 0), labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--features", type=int, default=1024)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from regraft.heads.choose_l2 import choose_head
    from regraft.heads.solver import Examples

    train = drawn(options.rows, options.features, seed=1)
    held = drawn(options.rows // 6, options.features, seed=2)
    found = {}

    def regraft() -> None:
        found["regraft"] = choose_head(
            *(Examples(features=x, labels=y) for x, y in (train, held)), CLASSES, refit=False
        )

    def plain() -> None:
        model = LogisticRegression(C=1 / found["regraft"].head.l2, max_iter=100, tol=1e-3)
        found["plain"] = make_pipeline(StandardScaler(), model).fit(*train)

    seconds = in_turn({"regraft": regraft, "scikit-learn": plain}, repeat=options.repeat)
    row = {
        "shape": [options.rows, options.features, CLASSES],
        "penalties_tried": len(found["regraft"].path),
        "seconds": {side: summary(values) for side, values in seconds.items()},
        "accuracy": {
            "regraft": round(found["regraft"].validation_accuracy, 4),
            "scikit-learn": round(found["plain"].score(*held), 4),
        },
    }
    print(row["seconds"], row["accuracy"])
    write("head", [row], arguments=vars(options))


if __name__ == "__main__":
    main()
