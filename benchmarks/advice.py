"""The usual advice on transfer learning for small pictures, every piece of it at the same budget.

    .venv/bin/python benchmarks/advice.py [--seconds 120] [--limit 10000] [--only mnist]

Flatten or pool, how many blocks to unfreeze, which backbone, where to cut it: every arm has the
same seconds of processor time (all cores together, so that other work on the machine does not
count) and the same pictures, and is scored on the same test pictures. Arms of the last kind run the
frozen network once over the pictures and fit a head, as `regraft fit` does. Writes
benchmarks/results/advice.json and, from it, docs/advice.md. Needs ../shared/offline on PYTHONPATH.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "advice.json"
PAGE = HERE.parent / "docs" / "advice.md"
DATA = ("mnist", "fashion_mnist")
SIZE = 64  # pixels: the smallest at which the end of VGG16 is a map and not one cell
N_TEST, N_CLASSES, BATCH = 400, 10, 32
RATE_HEAD, RATE_BLOCKS = 1e-3, 1e-4  # Adam; the second wherever a pretrained weight moves
VGG_BLOCKS = 5
HEAD_AFTER = 0.85  # of the seconds: the rest is for the head


@dataclass(frozen=True)
class Arm:
    advice: str
    backbone: str
    tap: str
    grid: int
    trained: int | None = 0  # blocks, counted from the end; None: features once, then a head


ARMS = [
    Arm("Flatten, frozen", "vgg16", "block5_pool", 2),
    *(
        Arm(f"Flatten, last {n} of 5 blocks trained", "vgg16", "block5_pool", 2, n)
        for n in range(1, VGG_BLOCKS + 1)
    ),
    Arm("pooled, frozen", "vgg16", "block5_pool", 1),
    Arm("pooled, frozen", "mobilenet_v2", "out_relu", 1),
    Arm("pooled, all trained", "mobilenet_v2", "out_relu", 1, 99),
    Arm("pooled, frozen", "efficientnet_lite0", "top_relu", 1),
    Arm("pooled, all trained", "efficientnet_lite0", "top_relu", 1, 99),
    *(
        Arm(
            f"cut at block {n}, features once",
            "vgg16",
            f"block{n}_pool",
            min(4, 2 ** (6 - n)),
            None,
        )
        for n in range(1, VGG_BLOCKS)
    ),
    Arm("pooled, features once", "vgg16", "block5_pool", 1, None),
    Arm("cut in the middle, features once", "efficientnet_lite0", "block5c_add", 4, None),
    Arm("cut in the middle, features once", "mobilenet_v2", "block_12_add", 4, None),
]


def trained_by_steps(arm: Arm, row, weights, pictures, rows, seconds: float):
    """A dense head on the features as they are, and some blocks, for so many seconds of steps."""
    from regraft.finetune.augment import Variety
    from regraft.finetune.batches import training_batches
    from regraft.finetune.loop import evaluate
    from regraft.finetune.network import Network, Start
    from regraft.finetune.plan import TrainingPlan
    from regraft.records import LinearHead

    d = arm.grid**2 * row.tap(arm.tap).channels
    head = LinearHead(
        kernel=np.zeros((d, N_CLASSES), np.float32), bias=np.zeros(N_CLASSES, np.float32),
        l2=0.0, temperature=1.0,
    )  # fmt: skip
    start = Start(head=head, mean=np.zeros(d, np.float32), scale=np.ones(d, np.float32))
    network = Network(
        row, size=SIZE, requests=((arm.tap, arm.grid),), weights=weights, start=start,
        picture_shape=pictures(rows["train"]).picture_shape,
    )  # fmt: skip
    n_blocks = len(network.blocks)
    blocks = tuple(range(max(0, n_blocks - arm.trained), n_blocks))
    network.train(blocks)
    rate = RATE_BLOCKS if blocks else RATE_HEAD
    plan = TrainingPlan(
        seed=0, n_train=len(rows["train"]), batch_size=BATCH, steps=1, evaluate_every=1, rate=rate,
        blocks=blocks, precision="float32", variety=Variety(), mixup=False, by_clock=True,
    )  # fmt: skip
    batches = training_batches(pictures(rows["train"]), plan, first=0)
    network.step(*next(batches), rate=0.0)  # builds the graph
    network.reset_optimiser(blocks)
    began, seen = time.process_time(), 0
    while time.process_time() - began < seconds:
        network.step(*next(batches), rate=rate)
        seen += BATCH
    spent = time.process_time() - began
    return evaluate(network, pictures(rows["test"])), network.n_trained(), seen, spent


def features_once(arm: Arm, row, weights, pictures, rows, seconds: float):
    """The frozen network over as many pictures as the seconds hold, and a head on its features."""
    from regraft.features.graph import build_extractor
    from regraft.features.runtimes.tensorflow import TensorFlow
    from regraft.heads.choose_l2 import fit_head
    from regraft.heads.linear import logits

    training, test = pictures(rows["train"]), pictures(rows["test"])
    model = build_extractor(
        row, size=SIZE, requests=((arm.tap, arm.grid),), weights=weights,
        picture_shape=training.picture_shape,
    )  # fmt: skip
    run = TensorFlow().load(model)
    run(training.read(np.arange(BATCH)))  # builds the graph
    began, parts = time.process_time(), []
    for batch in training.in_order(size=BATCH):
        parts += run(batch)
        if time.process_time() - began > HEAD_AFTER * seconds:
            break
    known = np.concatenate(parts)
    labels = training.labels[: len(known)]
    held = np.arange(len(known)) % 6 == 0
    head = fit_head(
        known[~held], labels[~held], validation=(known[held], labels[held]), n_classes=N_CLASSES
    )
    spent = time.process_time() - began
    answers = [logits(head, run(batch)[0]) for batch in test.in_order(size=BATCH)]
    return np.concatenate(answers), head.kernel.size + N_CLASSES, len(known), spent


def measure(name: str, seconds: float, limit: int) -> Iterator[dict]:
    from regraft.backbones.table import get
    from regraft.backbones.weights import find_weights
    from regraft.data.open import open_data
    from regraft.data.source import TEST
    from regraft.evaluate.intervals import wilson
    from regraft.features.stream import shape_for_graph
    from regraft.finetune.batches import Pictures
    from regraft.heads.subsample import stratified_rows

    images = open_data(name)

    def some(part, n):
        return part[stratified_rows(images.labels[part], n, seed=0)]

    is_test = images.given_split == TEST
    train = some(np.flatnonzero(~is_test), limit)
    rows = {
        "train": np.random.default_rng(0).permutation(train),
        "test": some(np.flatnonzero(is_test), N_TEST),
    }
    shape = shape_for_graph(images, SIZE)

    def pictures(part):
        return Pictures(images=images, rows=part, size=SIZE, picture_shape=shape)

    for arm in ARMS:
        row = get(arm.backbone)
        weights = find_weights(row)
        way = features_once if arm.trained is None else trained_by_steps
        logits, n_parameters, seen, spent = way(arm, row, weights, pictures, rows, seconds)
        right = int((logits.argmax(axis=1) == images.labels[rows["test"]]).sum())
        n = len(rows["test"])
        yield {
            "advice": arm.advice,
            "backbone": arm.backbone,
            "tap": arm.tap,
            "grid": arm.grid,
            "accuracy": right / n,
            "interval": wilson(right, n),
            "n_test": n,
            "parameters_trained": n_parameters,
            "multiply_adds": row.macs(arm.tap, SIZE),
            "pictures_seen": seen,
            "seconds": round(spent, 1),
        }


def page(results: dict) -> str:
    """docs/advice.md, from the file of results alone."""
    seconds, limit = results["seconds"], results["limit"]
    lines = [
        "# The usual advice, measured",
        "",
        "Written by `python benchmarks/advice.py "
        f"--seconds {seconds:g} --limit {limit}` from benchmarks/results/advice.json.",
        "",
        f"Every arm has {seconds:g} seconds of processor time (all "
        f"{results['machine']['cores']} cores of {results['machine']['processor']} together), "
        f"{limit:,} training pictures and the same "
        f"{N_TEST} test pictures, resized to {SIZE} px with each backbone's own pixel convention. "
        "Building graphs and scoring do not count. *Flatten*, *pooled* and *trained* arms take "
        "steps of Adam, as scripts do, seeing pictures again and again; *features once* arms run "
        "the frozen network once and fit a head, as `regraft fit` does.",
        "",
        "At another budget the order may differ: what the table shows is what these seconds buy. "
        "Intervals are 95%.",
    ]
    for name, table in results["tables"].items():
        lines += [
            "",
            f"## {name}",
            "",
            "| backbone | advice | accuracy | interval | parameters trained | "
            "multiply-adds a picture | pictures seen | processor seconds |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['backbone']} | {row['advice']} | {row['accuracy']:.3f} | "
            f"{row['interval'][0]:.3f}–{row['interval'][1]:.3f} | "
            f"{row['parameters_trained']:,} | {row['multiply_adds'] / 1e6:,.0f} M | "
            f"{row['pictures_seen']:,} | {row['seconds']:.0f} |"
            for row in table
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--only", choices=DATA, action="append")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    results = {
        "seconds": options.seconds,
        "limit": options.limit,
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "versions": {lib: version(lib) for lib in ("keras", "tensorflow-cpu", "openvino")},
        },
        "tables": {},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    for name in options.only or DATA:
        table = results["tables"][name] = []
        for line in measure(name, options.seconds, options.limit):
            table.append(line)
            print(name, line, flush=True)
            RESULTS.write_text(json.dumps(results, indent=2) + "\n")
            PAGE.write_text(page(results))


if __name__ == "__main__":
    main()
