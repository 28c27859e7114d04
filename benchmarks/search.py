"""What successive halving misses of an exhaustive grid, and what it costs beside it.

    .venv/bin/python benchmarks/search.py [--data mnist] [--limit 3000] [--budget 60 120]

One search for every budget, and then the grid: every backbone at every size the search may try,
and the next larger ones until there are five, up to --max-macs, at every tap and grid. It is read
in full on the pictures that the search chose from. Every plan of it is scored in closed form; the
best --judged of each pass, and as many drawn from the others, are cross-validated with the real
head on the same folds as the search's. Regret is the best accuracy so found less that of the plan
a search chose, cross-validated on the same pictures. The cost of the grid is the time its passes
took, and that of a head for every plan, by values (pictures times features) from the heads that
were fitted. Writes benchmarks/results/search_DATA.json.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from record import OFFLINE, use_offline_weights, write

SCREENED = 2048  # pictures of the closed form: its matrices have so many rows and columns
N_SIZES = 5  # at least, of every backbone
DATA = {"dogs_cats": str(OFFLINE / "images" / "dogs_cats")}


@dataclass
class Grid:
    """What is known of the exhaustive side."""

    accuracy: dict[tuple, float]  # by (backbone, size, tap, grid), of plans that were judged
    n_plans: int = 0
    n_values: int = 0  # of all plans: pictures times features
    reading: float = 0.0  # seconds
    judging: float = 0.0  # seconds, for `n_judged_values`
    n_judged_values: int = 0

    @property
    def seconds(self) -> float:
        """What judging every plan would take, with the reading."""
        return self.reading + self.judging * self.n_values / self.n_judged_values


def exhaustive(probe, names, *, max_macs, n_judged, seed):
    """The grid over backbones, sizes, taps and grids."""
    from regraft.backbones.table import get
    from regraft.planning.default import typical_side
    from regraft.planning.space import requests_for

    found = Grid({})
    for name in names:
        row = get(name)
        for size in sizes_of_grid(row, typical_side(probe)):
            requests = requests_for(row, size)
            if max(row.macs(tap, size) for tap, _ in requests) <= max_macs:
                add_pass(found, probe, row, size, requests, n_judged, seed)
    return found


def sizes_of_grid(row, side):
    from regraft.planning.space import SIZES, sizes_for

    searched = sizes_for(row, side)
    larger = [size for size in SIZES if searched[-1] < size <= row.default_size]
    return (*searched, *larger[: max(0, N_SIZES - len(searched))])


def add_pass(found, probe, row, size, requests, n_judged, seed):
    from regraft.heads.blas import one_thread_a_product
    from regraft.planning.judge import cross_validate
    from regraft.planning.screen import gram, left_out_correct

    n_classes = len(probe.class_names)
    began = time.perf_counter()
    readings = read_all(probe, row, size, requests)
    found.reading += time.perf_counter() - began
    n = min(SCREENED, len(probe))
    with one_thread_a_product():
        closed = {
            request: left_out_correct(
                gram(readings.features[request][:n]), probe.labels[:n], n_classes
            ).mean()
            for request in requests
        }
        ranked = sorted(requests, key=lambda request: -closed[request])
        drawn = np.random.default_rng(seed).permutation(len(requests) - n_judged)
        others = [ranked[n_judged:][i] for i in drawn[:n_judged]]
        for request in ranked[:n_judged] + others:
            features = readings.features[request]
            began = time.perf_counter()
            judged = cross_validate(features, probe.labels, n_classes, seed=seed)
            found.judging += time.perf_counter() - began
            found.n_judged_values += features.size
            found.accuracy[row.name, size, *request] = float(judged.correct.mean())
    found.n_plans += len(requests)
    found.n_values += sum(readings.features[request].size for request in requests)
    best = max(value for key, value in found.accuracy.items() if key[:2] == (row.name, size))
    print(f"{row.name} {size} px: {len(requests)} plans, best {best:.4f}", flush=True)


def judged_again(probe, chosen, *, seed):
    """The plan of the search, on the pictures and folds of the grid."""
    from regraft.planning.judge import cross_validate

    readings = read_all(probe, chosen.row, chosen.size, chosen.requests)
    judged = cross_validate(readings.of(chosen), probe.labels, len(probe.class_names), seed=seed)
    return float(judged.correct.mean())


def read_all(probe, row, size, requests):
    """One pass over all pictures."""
    from regraft.deadline import Deadline
    from regraft.features.cache import default_folder
    from regraft.features.runtimes.choose import choose_runtime
    from regraft.planning.passes import Readings
    from regraft.planning.run import at_hand

    readings = Readings(row=row, weights=at_hand(row), size=size)
    runtime = choose_runtime("auto", folder=default_folder())
    readings.extend(probe, len(probe), requests, runtime, Deadline(1e6))
    return readings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--limit", type=int, default=3000)
    parser.add_argument("--budget", type=float, nargs="+", default=[60.0], help="seconds")
    parser.add_argument("--max-macs", type=float, default=3e9, help="multiply-adds a picture")
    parser.add_argument("--judged", type=int, default=6, help="best plans a pass, and others")
    parser.add_argument("--backbones", default="efficientnet_lite0,mobilenet_v2,vgg16")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    use_offline_weights()
    from regraft.data.open import open_data
    from regraft.pipeline import search
    from regraft.pipeline.parting import part
    from regraft.planning.probe import nested_rows

    data = DATA.get(options.data, options.data)
    names = options.backbones.split(",")
    searches = []
    for budget in options.budget:
        began = time.perf_counter()
        result = search(
            data, budget=budget, backbones=names, limit=options.limit, seed=options.seed
        )
        searches.append((budget, time.perf_counter() - began, result.best))
        print(f"{budget:.0f} s: {searches[-1][1]:.1f} s, {result.best.as_json()}", flush=True)
    images = open_data(data, limit=options.limit, seed=options.seed)
    split = part(images, seed=options.seed)
    rows = np.concatenate([split.train, split.validation])
    probe = images.take(nested_rows(images.labels, rows, seed=options.seed))
    grid = exhaustive(
        probe,
        names,
        max_macs=options.max_macs,
        n_judged=options.judged,
        seed=options.seed,
    )
    best = max(grid.accuracy, key=grid.accuracy.__getitem__)
    rows = [
        {
            "data": Path(data).name,
            "pictures": len(probe),
            "plans_in_grid": grid.n_plans,
            "plans_judged": len(grid.accuracy),
            "best_of_grid": {"plan": list(best), "accuracy": grid.accuracy[best]},
            "chosen": chosen.as_json(),
            "chosen_on_these_pictures": reached,
            "regret": round(grid.accuracy[best] - reached, 4),
            "seconds": {
                "search": round(seconds, 1),
                "grid": round(grid.seconds, 1),
                "reading": round(grid.reading, 1),
            },
            "budget_seconds": budget,
            "share_of_cost": round(seconds / grid.seconds, 3),
        }
        for budget, seconds, chosen in searches
        for reached in [judged_again(probe, chosen.choice, seed=options.seed)]
    ]
    for row in rows:
        print({key: row[key] for key in ("best_of_grid", "regret", "seconds", "share_of_cost")})
    write(f"search_{Path(data).name}", rows, arguments=vars(options))


if __name__ == "__main__":
    main()
