"""Scores that a script computes batch by batch, put together once it has ended."""

from typing import Any

import numpy as np

from regraft.diagnose.agent import ledger


def pool() -> None:
    """Put scores of single batches together: one for the last pass of every loop, behind them."""
    scores, arrays = ledger.RECORD.scores, ledger.RECORD.arrays
    loops: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for score in scores:
        if "batch" in score and "number" in score:
            loops.setdefault((score["site"]["file"], score["site"]["line"]), []).append(score)
    for batches in loops.values():
        started = max(i for i, score in enumerate(batches) if score["batch"] == batches[0]["batch"])
        batches = batches[started:]
        if len(batches) < 2:
            continue
        number, rows = len(scores), np.array([score["n"] for score in batches])
        for part in ("classes", "labels"):
            kept = [arrays[f"score{score['number']}_{part}"] for score in batches]
            arrays[f"score{number}_{part}"] = np.concatenate(kept)
        claimed = [score["claimed"] for score in batches]
        honest = [score["claimed" if score["honest"] is None else "honest"] for score in batches]
        scores.insert(scores.index(batches[-1]) + 1, {
            **{name: value for name, value in batches[-1].items() if name != "batch"},
            "number": number, "n": int(rows.sum()),
            "claimed": float(np.average(claimed, weights=rows)),
            "honest": float(np.average(honest, weights=rows)),
            "numbers": {"the best batch": max(claimed), "the last batch": claimed[-1]},
        })  # fmt: skip
