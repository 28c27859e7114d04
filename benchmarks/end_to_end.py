"""`regraft fit` from start to end, against what people write.

    .venv/bin/python benchmarks/end_to_end.py [--limit 10000] [--repeat 1]

Each side is a process of its own, imports included, on the same MNIST pictures:

- regraft: `fit mnist --backbone vgg16 --size 32 --tap block3_pool --grid 2`, no features cached,
  the verdicts on runtime and precision known; and once more from the cache;
- (b) the best plain script: the same trunk and tap by `model.predict`, standardised, scikit-learn;
- (a) the usual script, repaired: VGG16 at 224 px, frozen, pooled, a dense layer, five epochs. Only
  a few steps of it are run; the seconds of five epochs over all training pictures follow.

Writes benchmarks/results/end_to_end.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import OFFLINE, in_turn, summary, write

PLAIN = """
import keras, numpy as np, sys
from keras.applications.vgg16 import VGG16, preprocess_input
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
n_train, n_test = int(sys.argv[1]), int(sys.argv[2])
(x, y), (xt, yt) = keras.datasets.mnist.load_data()
x, y, xt, yt = x[:n_train], y[:n_train], xt[:n_test], yt[:n_test]
base = VGG16(weights="imagenet", include_top=False, input_shape=(32, 32, 3))
pooled = keras.layers.AveragePooling2D(2)(base.get_layer("block3_pool").output)
model = keras.Model(base.input, keras.layers.Flatten()(pooled))
def prepare(pictures):
    gray = keras.ops.image.resize(pictures[..., None].astype("float32"), (32, 32))
    return preprocess_input(np.repeat(np.asarray(gray), 3, axis=-1))
features, tested = (model.predict(prepare(p), batch_size=256, verbose=0) for p in (x, xt))
head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=100, tol=1e-3))
print(head.fit(features, y).score(tested, yt))
"""

USUAL = """
import keras, numpy as np, sys, time
from keras.applications.vgg16 import VGG16, preprocess_input
n_train, batch, steps = int(sys.argv[1]), 16, 3
(x, y), _ = keras.datasets.mnist.load_data()
base = VGG16(weights="imagenet", include_top=False, input_shape=(224, 224, 3), pooling="avg")
base.trainable = False
model = keras.Sequential([base, keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
gray = keras.ops.image.resize(x[: batch * steps, ..., None].astype("float32"), (224, 224))
ready = preprocess_input(np.repeat(np.asarray(gray), 3, axis=-1))
model.train_on_batch(ready[:batch], y[:batch])
began = time.perf_counter()
for step in range(steps):
    model.train_on_batch(ready[step * batch : (step + 1) * batch], y[step * batch :][:batch])
print((time.perf_counter() - began) / (steps * batch) * n_train * 5)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--limit", type=int, default=70_000, help="pictures, a seventh for the test"
    )
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    n_test = options.limit // 7
    n_train = options.limit - n_test
    paths = [str(OFFLINE), os.environ.get("PYTHONPATH", "")]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "REGRAFT_CACHE": str(folder / "cache"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        answers = {"regraft, first time": [], "regraft": [], "from the cache": [], "plain (b)": []}

        def run(*command: str) -> str:
            done = subprocess.run(
                [sys.executable, *command], check=True, cwd=folder, env=environment,
                capture_output=True, text=True,
            )  # fmt: skip
            return done.stdout.split()[-1]

        def fit(side: str, *, is_cold: bool = True) -> None:
            if is_cold:
                run("-m", "regraft", "cache", "--clear")
            plan = "--backbone vgg16 --size 32 --tap block3_pool --grid 2 --quiet --json fit.json"
            run("-m", "regraft", "fit", "mnist", "--limit", str(options.limit), *plan.split())
            answers[side].append(json.loads((folder / "fit.json").read_text())["test_accuracy"])

        def plain() -> None:
            answers["plain (b)"].append(float(run("-c", PLAIN, str(n_train), str(n_test))))

        began = time.perf_counter()
        fit("regraft, first time")  # the verdicts on runtime and precision are known from here on
        first = time.perf_counter() - began
        seconds = in_turn(
            {
                "regraft": lambda: fit("regraft"),
                "from the cache": lambda: fit("from the cache", is_cold=False),
                "plain (b)": plain,
            },
            repeat=options.repeat,
        )
        usual = float(run("-c", USUAL, str(n_train)))
    row = {
        "pictures": {"train": n_train, "test": n_test},
        "seconds": {side: summary(values) for side, values in seconds.items()}
        | {"regraft, first time": round(first, 1)}
        | {"usual (a), five epochs, extrapolated": round(usual)},
        "accuracy": {side: values[0] for side, values in answers.items()},
        "times_faster_than_plain": summary(
            [b / a for a, b in zip(seconds["regraft"], seconds["plain (b)"], strict=True)]
        ),
        "times_faster_than_usual": round(usual / min(seconds["regraft"])),
    }
    print(json.dumps(row, indent=2))
    write("end_to_end", [row], arguments=vars(options))


if __name__ == "__main__":
    main()
