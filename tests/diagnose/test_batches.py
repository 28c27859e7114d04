import numpy as np

from regraft.diagnose.agent import batches

SITE = {"file": "train.py", "line": 3, "code": "np.mean(answers == labels)"}


def batch(right, n, first, number):
    """What is noted of one batch whose answers were compared with its labels."""
    labels = np.arange(n) % 2
    classes = np.where(np.arange(n) < right, labels, 1 - labels)
    score = {"by": "predict", "site": SITE, "n": n, "claimed": right / n, "honest": None,
             "number": number, "batch": first, "model": "net"}  # fmt: skip
    return score, {f"score{number}_classes": classes, f"score{number}_labels": labels}


def test_batches_of_the_last_pass_are_one_score(record):
    sizes = [(8, 16, "a"), (4, 8, "b"), (12, 16, "a"), (8, 8, "b")]
    for number, (right, n, first) in enumerate(sizes):
        score, arrays = batch(right, n, first, number)
        record.scores.append(score)
        record.arrays.update(arrays)
    batches.pool()
    pooled = record.scores[-1]
    assert "batch" not in pooled
    assert (pooled["n"], pooled["claimed"], pooled["honest"]) == (24, 20 / 24, 20 / 24)
    assert pooled["numbers"] == {"the best batch": 1.0, "the last batch": 1.0}
    arrays = [record.arrays[f"score{pooled['number']}_{part}"] for part in ("classes", "labels")]
    assert np.mean(arrays[0] == arrays[1]) == 20 / 24


def test_one_batch_alone_stays_as_it_is(record):
    score, arrays = batch(8, 16, "a", 0)
    record.scores.append(score)
    record.arrays.update(arrays)
    batches.pool()
    assert record.scores == [score]
