"""The usual advice on transfer learning for small pictures, every piece of it at the same budget.

    .venv/bin/python benchmarks/advice.py [--seconds 30] [--limit 10000] [--only mnist] [--add]

Flatten or pool, how many blocks to unfreeze, which backbone, where to cut it: every arm has the
same seconds of processor time (all cores together, so that other work on the machine does not
count) and the same pictures, and is scored on the same test pictures. Arms of the last kind run the
frozen network once over the pictures and fit a head, as `regraft fit` does. Writes
benchmarks/results/advice.json and, from it, docs/advice.md. Needs ../shared/offline on PYTHONPATH.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from record import HERE, RESULTS, write

PAGE = HERE.parent / "docs" / "advice.md"
DATA = ("mnist", "fashion_mnist")
SIZE = 64  # pixels: the smallest at which the end of VGG16 is a map and not one cell
N_TEST, N_CLASSES, BATCH = 500, 10, 32
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


def cut(backbone: str, tap: str, grid: int, where: str) -> Arm:
    return Arm(f"cut at {where}, features once", backbone, tap, grid, None)


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
    Arm("cut at block 3, all trained", "vgg16", "block3_pool", 4, 99),
    Arm("cut in the middle, all trained", "efficientnet_lite0", "block5c_add", 4, 99),
    *(
        cut("vgg16", f"block{n}_pool", min(4, 2 ** (6 - n)), f"block {n}")
        for n in range(1, VGG_BLOCKS + 1)
    ),
    cut("mobilenet_v2", "block_5_add", 4, "block_5_add"),
    cut("mobilenet_v2", "block_12_add", 4, "block_12_add"),
    cut("mobilenet_v2", "out_relu", 2, "the end"),
    cut("efficientnet_lite0", "block3b_add", 4, "block3b_add"),
    cut("efficientnet_lite0", "block5c_add", 4, "block5c_add"),
    cut("efficientnet_lite0", "top_relu", 2, "the end"),
]  # fmt: skip


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


def page(facts: dict) -> str:
    """docs/advice.md, from the file of results alone."""
    seconds, limit = facts["arguments"]["seconds"], facts["arguments"]["limit"]
    machine = facts["machine"]
    n_test = next(iter(facts["rows"].values()))[0]["n_test"]  # about N_TEST, by the classes
    lines = [
        "# The usual advice, measured",
        "",
        "Written by `python benchmarks/advice.py "
        f"--seconds {seconds:g} --limit {limit}` from benchmarks/results/advice.json.",
        "",
        f"Every arm has {seconds:g} seconds of processor time (all {machine['cores']} cores of "
        f"{machine['processor']} together), {limit:,} training pictures and the same {n_test:,} "
        f"test pictures, resized to {SIZE} px with each backbone's own pixel convention, in "
        "float32. Building graphs and scoring do not count. *Flatten*, *pooled* and *trained* "
        "arms take steps of Adam, as scripts do, seeing pictures again and again; *features once* "
        "arms run the frozen network once and fit a head, as `regraft fit` does, and may be done "
        "before their time is up.",
        "",
        "At another budget the order may differ: what the tables show is what these seconds buy. "
        "One run an arm; intervals are 95% and of the test pictures alone.",
    ]
    for name, table in facts["rows"].items():
        lines += [
            "",
            f"## {name}",
            "",
            *said(table),
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


def said(table: list[dict]) -> Iterator[str]:
    """What a table says to each piece of advice, in the figures of the table."""

    def best(*words: str, backbone: str | None = None) -> dict:
        rows = [
            row
            for row in table
            if all(word in row["advice"] for word in words) and backbone in (None, row["backbone"])
        ]
        return max(rows, key=lambda row: row["accuracy"])

    def shown(row: dict) -> str:
        return f"{row['backbone']}, {row['advice']}: {row['accuracy']:.3f}"

    vgg = {"backbone": "vgg16"}
    flat, pooled = best("Flatten, frozen", **vgg), best("pooled, frozen", **vgg)
    deep, small = best("blocks trained", **vgg), best("pooled, frozen", backbone="mobilenet_v2")
    frozen, trained = best("features once"), best("trained")
    yield (
        f"- *Pool instead of flattening*: VGG16 frozen reaches {flat['accuracy']:.3f} flattened "
        f"and {pooled['accuracy']:.3f} pooled."
    )
    yield (
        f"- *Freeze the first layers, experiment with how many*: the best depth is "
        f"{deep['advice'].removeprefix('Flatten, ')} with {deep['accuracy']:.3f}, after "
        f"{deep['pictures_seen']:,} pictures; "
        + ", ".join(
            f"{row['accuracy']:.3f} with {row['advice'].split()[2]}"
            for row in table
            if "blocks trained" in row["advice"]
        )
        + " trained."
    )
    yield (
        f"- *Take MobileNetV2 for small pictures*: pooled and frozen as advised it reaches "
        f"{small['accuracy']:.3f}, VGG16 {pooled['accuracy']:.3f}."
    )
    yield (
        f"- *Where to cut* is in no advice: the best features read once are {shown(frozen)}; the "
        f"same backbone at its end reaches "
        f"{max(r['accuracy'] for r in ends(table, frozen['backbone'])):.3f} that way."
    )
    yield f"- The best of all that trains the backbone: {shown(trained)}."


def ends(table: list[dict], backbone: str) -> list[dict]:
    """The rows that read a backbone once, at its deepest tap here."""
    rows = [r for r in table if r["backbone"] == backbone and "features once" in r["advice"]]
    deepest = max(row["multiply_adds"] for row in rows)
    return [row for row in rows if row["multiply_adds"] == deepest]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--only", choices=DATA, action="append")
    parser.add_argument("--add", action="store_true", help="to the tables that the file holds")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as the command line does
    file = RESULTS / "advice.json"
    tables = json.loads(file.read_text())["rows"] if options.add else {}
    for name in options.only or DATA:
        tables[name] = []
        for line in measure(name, options.seconds, options.limit):
            tables[name].append(line)
            print(name, line, flush=True)
        write("advice", tables, arguments=vars(options))
        PAGE.write_text(page(json.loads(file.read_text())))


if __name__ == "__main__":
    main()
