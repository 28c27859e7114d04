"""What successive halving misses of an exhaustive grid, and what it costs beside it.

    .venv/bin/python benchmarks/search.py [--data mnist] [--limit 3000] [--budget 60]

The exhaustive side reads all the probe with every backbone and size that the search may try, and
cross-validates the real head on every tap and grid, at all sizes with at most --max-macs. Regret
is the best accuracy of the grid less that of the plan the search chose, on the same pictures and
folds. Writes benchmarks/results/search_DATA.json.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from record import OFFLINE, use_offline_weights, write

DATA = {"dogs_cats": str(OFFLINE / "images" / "dogs_cats")}


def exhaustive(images, rows, names, max_macs, seed):
    """Accuracy by (backbone, size, tap, grid), and the seconds it took."""
    from regraft.backbones.table import get
    from regraft.deadline import Deadline
    from regraft.features.cache import default_folder
    from regraft.features.runtimes.choose import choose_runtime
    from regraft.planning.default import typical_side
    from regraft.planning.judge import cross_validate
    from regraft.planning.passes import Readings
    from regraft.planning.run import at_hand
    from regraft.planning.space import requests_for, sizes_for

    runtime = choose_runtime("auto", folder=default_folder())
    probe = images.take(rows)
    found = {}
    for name in names:
        row = get(name)
        for size in sizes_for(row, typical_side(images)):
            requests = requests_for(row, size)
            if max(row.macs(tap, size) for tap, _ in requests) > max_macs:
                continue
            readings = Readings(row=row, weights=at_hand(row), size=size)
            readings.extend(probe, len(probe), requests, runtime, Deadline(1e6))
            for request in requests:
                judged = cross_validate(
                    readings.features[request], probe.labels, len(images.class_names), seed=seed
                )
                found[name, size, *request] = float(judged.correct.mean())
            best = max(value for key, value in found.items() if key[:2] == (name, size))
            print(f"{name} {size} px: best {best:.4f}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--limit", type=int, default=3000)
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--max-macs", type=float, default=1e8, help="multiply-adds a picture")
    parser.add_argument("--backbones", default="efficientnet_lite0,mobilenet_v2")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    use_offline_weights()
    from regraft.data.open import open_data
    from regraft.pipeline import search
    from regraft.pipeline.parting import part
    from regraft.planning.probe import nested_rows

    data = DATA.get(options.data, options.data)
    names = options.backbones.split(",")
    began = time.perf_counter()
    result = search(
        data, budget=options.budget, backbones=names, limit=options.limit, seed=options.seed
    )
    search_seconds = time.perf_counter() - began
    images = open_data(data, limit=options.limit, seed=options.seed)
    split = part(images, seed=options.seed)
    rows = np.concatenate([split.train, split.validation])
    rows = nested_rows(images.labels, rows, seed=options.seed)[: result.n_probe]
    began = time.perf_counter()
    grid = exhaustive(images, rows, names, options.max_macs, options.seed)
    grid_seconds = time.perf_counter() - began
    best = max(grid, key=grid.__getitem__)
    chosen = result.best
    row = {
        "data": Path(data).name,
        "n_probe": result.n_probe,
        "plans_in_grid": len(grid),
        "best_of_grid": {"plan": list(best), "accuracy": grid[best]},
        "chosen": chosen.as_json(),
        "regret": round(grid[best] - chosen.accuracy, 4),
        "seconds": {"search": round(search_seconds, 1), "grid": round(grid_seconds, 1)},
        "budget_seconds": options.budget,
        "share_of_cost": round(search_seconds / grid_seconds, 3),
    }
    print({key: row[key] for key in ("best_of_grid", "regret", "seconds", "share_of_cost")})
    write(f"search_{Path(data).name}", [row], arguments=vars(options))


if __name__ == "__main__":
    main()
