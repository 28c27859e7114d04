"""Two simpler ways to diagnose the scripts of diagnosis.py: what suspecting and measuring add.

    python benchmarks/baselines.py RESULTS.jsonl BASELINES.jsonl [--only TEXT]

RESULTS.jsonl is what diagnosis.py wrote; each of its runs is asked again in three ways.

- "code": the rules that look at code and settings, and tell all they find, unmeasured.
- "rules": all rules, likewise: what `why` suspects before anything is repaired.
- "random": one repair after the other, in random order, in the time that `why` took; told is what
  is known to gain, by the test that `why` itself makes.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "planted"))

from harness import Case, is_at_hand, load_cases, load_sound, prepare

from diagnosis import FALSE_ALARM, HIT, judge, key_of, read
from regraft.diagnose import recorded, repairs
from regraft.diagnose.baseline import Baseline, judged, run_unrepaired
from regraft.diagnose.causes.rates import usual_rate
from regraft.diagnose.conventions import CONVENTIONS, conversion
from regraft.diagnose.counterfactual import LEAST_GAIN
from regraft.diagnose.evidence import Evidence
from regraft.diagnose.laboratory import Laboratory
from regraft.diagnose.paired import difference, noise_between_seeds
from regraft.diagnose.replays import Replayer, Script
from regraft.diagnose.rule import Repair, Rule, found
from regraft.diagnose.runner import Result, candidates

WAYS = ("code", "rules", "random")
# What stands in a script or follows from its settings. Generous: what some rules look at there was
# measured while the script ran.
IN_CODE = {"ledger", "backbone", "output", "training", "keras_version"}
NEVER_TRAINED = 3  # exit status
BUDGET = 180.0  # seconds that settle how much of a script runs, as for `why --budget 3m`
# Families that a repair counts for: all that have a rule that asks for it.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "fill-gaps": ("PRE",),
    "convert-pixels": ("PRE", "GEO", "SKW", "AUG"),
    "transform-pictures": ("SKW", "GEO", "SHF"),
    "true-resize": ("GEO", "SKW"),
    "true-transpose": ("GEO",),
    "resize-before-crop": ("GEO",),
    "copy-before-preprocessing": ("PRE",),
    "float-arithmetic": ("PRE",),
    "drop-call": ("PRE", "LAB", "ORD", "DAT", "AUG", "LEK"),
    "set-arguments": ("LAB", "ORD", "LEK"),
    "set-output": ("OUT",),
    "set-learning-rate": ("OPT",),
    "release-optimiser": ("OPT",),
    "drop-penalties": ("CAP",),
    "pool-features": ("CAP",),
    "freeze-backbone": ("FRZ", "OPT"),
    "thaw-top": ("FRZ",),
    "make-head-trainable": ("FRZ",),
    "recompile": ("FRZ",),
    "freeze-batchnorm": ("BNS",),
    "batchnorm-momentum": ("BNS",),
    "call-backbone-in-inference": ("BNS",),
    "batchnorm-follows-mode": ("BNS",),
    "resplit": ("SPL", "LEK", "SHF", "DAT"),
    "shuffle-training": ("SPL",),
    "remap-labels": ("LAB",),
    "reorder-labels": ("LAB",),
    "keep-pairs": ("LAB",),
    "names-with-folders": ("LAB",),
    "order-by-number": ("LAB", "ORD"),
    "ignore-weights": ("DAT",),
    "balance-classes": ("DAT",),
    "drop-augmentation": ("AUG",),
    "enlarge-input": ("SIZ",),
    "load-imagenet-weights": ("WGT",),
    "load-in-order": ("WGT",),
}


def main() -> None:
    """Ask what is not in the file of baselines yet, then print the table."""
    arguments = _arguments()
    cases = {case.name: case for case in (*load_cases(), *load_sound()) if is_at_hand(case)}
    path = Path(arguments.baselines)
    known = {key_of(run) for run in read(path)}
    asked = [run for run in read(Path(arguments.results)) if _is_asked(run, arguments.only)]
    for run in asked:
        if key_of(run) in known or run["case"] not in cases:
            continue
        answer = _ask(cases[run["case"]], run)
        with path.open("a") as file:
            file.write(json.dumps(answer) + "\n")
        print(f"{run['case']} {run['variant']}: " + _said(answer), flush=True)
    print()
    print(table(asked, read(path)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", help="what diagnosis.py wrote")
    parser.add_argument("baselines", help="file of answers, one JSON object a line")
    parser.add_argument("--only", default="", help="parts of names, separated by commas")
    return parser.parse_args()


def _is_asked(run: Mapping[str, Any], only: str) -> bool:
    return any(text in f"{run['case']} {run['variant']}" for text in only.split(","))


def _said(answer: Mapping[str, Any]) -> str:
    return ", ".join(f"{way} {answer[way]['outcome']}" for way in WAYS)


def _ask(case: Case, run: Mapping[str, Any]) -> dict[str, Any]:
    """The three ways' answers to one script."""
    with tempfile.TemporaryDirectory() as folder:
        script, env = prepare(case, run["variant"], Path(folder))
        started = time.monotonic()
        with (
            mock.patch.dict(os.environ, env),
            Replayer(Script(path=script, cwd=script.parent)) as r,
        ):
            told = _told(r, case.name, started + run["seconds"])
    outcomes = {way: _judged(case, run["variant"], found) for way, found in told.items()}
    return {
        **{name: run[name] for name in ("case", "family", "variant", "digest", "seconds")},
        **{way: {"outcome": outcomes[way], "found": told[way]} for way in WAYS},
    }


Told = list[tuple[tuple[str, ...], str, float]]  # families, name, points; the most first


def _told(replayer: Replayer, name: str, deadline: float) -> dict[str, Told | None]:
    """What each way tells; None where it has nothing to look at."""
    settled = run_unrepaired(replayer, BUDGET, lambda _: None)
    if not settled.replay.fits and not settled.replay.scores:
        return dict.fromkeys(WAYS)
    evidence, results, _ = judged(settled.replay)
    suspected = candidates(results)
    in_code = [result for result in suspected if set(result.rule.takes) <= IN_CODE]
    return {
        "code": [((r.rule.family,), r.rule.id, r.severity) for r in in_code],
        "rules": [((r.rule.family,), r.rule.id, r.severity) for r in suspected],
        "random": _in_random_order(replayer, settled, evidence, name, deadline),
    }


def _in_random_order(
    replayer: Replayer, settled: Baseline, evidence: Evidence, name: str, deadline: float
) -> Told:
    score = recorded.observed_score(settled.replay)
    if score is None:
        return []
    laboratory = Laboratory(
        replayer=replayer, baseline=settled.replay, score=score, fit_seconds=settled.fit_seconds,
        deadline=deadline, sizes=settled.sizes, progress=lambda _: None,
    )  # fmt: skip
    order = every_repair(evidence)
    random.Random(name).shuffle(order)
    noise = noise_between_seeds(laboratory)
    told: Told = []
    for number, repair in enumerate(order):
        arm = laboratory.run([_pretended(repair, number)])
        if time.monotonic() > deadline:
            break
        if arm is None:
            continue
        gain, low, high = difference(laboratory, [(laboratory.unrepaired(), arm)], noise)
        # a new split shows by how much the number was too good
        is_honest = repair.kind == "resplit" and high < -LEAST_GAIN
        if low > LEAST_GAIN or is_honest:
            told.append((FAMILIES[repair.kind], repair.kind, abs(gain)))
    return sorted(told, key=lambda finding: -finding[2])


def _pretended(repair: Repair, number: int) -> Result:
    """A suspicion that nothing speaks for, so that the repair can be run like any other."""
    rule = Rule(id=f"ANY{number:03}", name=repair.kind, source="", check=lambda: None)  # type: ignore[arg-type,return-value]
    return Result(rule=rule, finding=found("", fix="", repairs=(repair,)))


def every_repair(evidence: Evidence) -> list[Repair]:
    """All repairs that can be tried on a script, whatever it looks like."""
    tried = [
        repairs.fill_gaps(),
        repairs.drop_penalties(),
        repairs.pool_features(),
        repairs.freeze_backbone(),
        repairs.thaw_top(),
        repairs.make_head_trainable(),
        repairs.recompile(),
        repairs.freeze_batchnorm(),
        repairs.batchnorm_momentum(0.9),
        repairs.call_backbone_in_inference(),
        repairs.batchnorm_follows_mode(),
        repairs.resplit(),
        repairs.shuffle_training(),
        repairs.keep_pairs(),
        repairs.names_with_folders(),
        repairs.ignore_weights(),
        repairs.balance_classes(),
        repairs.drop_augmentation(part="train"),
        repairs.drop_augmentation(part="validation"),
        repairs.load_imagenet_weights(),
        *(repairs.enlarge_input(size) for size in (64, 96)),
        *(repairs.transform_pictures(way, part="validation") for way in repairs.TRANSFORMS),
        *(repairs.reorder_labels(order) for order in ("reversed", "shifted by 1")),
    ]
    return [*tried, *_of_pixels(evidence), *_of_settings(evidence), *_of_calls(evidence)]


def _of_pixels(evidence: Evidence) -> list[Repair]:
    pixels = evidence.pixels
    seen = None if pixels is None else (pixels.backbone_train or pixels.model_train)
    if seen is None or seen.convention not in CONVENTIONS:
        return []
    wanted = [w for w in ("byte", "unit", "signed", "caffe", "torch") if w != seen.convention]
    return [
        repairs.convert_pixels(conversion(seen.convention, w), part=part)
        for w in wanted
        for part in ("all", "validation")
    ]


def _of_settings(evidence: Evidence) -> list[Repair]:
    tried = []
    output, training, accuracy = evidence.output, evidence.training, evidence.accuracy
    if output is not None:
        loss = "sparse_categorical_crossentropy"
        tried += [repairs.set_output(units=output.n_classes, activation="softmax", loss=loss)]
    if training is not None:
        usual = usual_rate(training)
        tried += [repairs.set_learning_rate(usual / by) for by in (1, 10, 100)]
        tried += [repairs.release_optimiser(["clipnorm", "clipvalue", "momentum", "beta_1"])]
    if accuracy is not None and accuracy.renaming:
        mapping = {str(old): new for old, new in enumerate(accuracy.renaming)}
        tried += [repairs.remap_labels(mapping, part="validation")]
    return tried


def _of_calls(evidence: Evidence) -> list[Repair]:
    """Repairs of what the script calls: each call left out or made as it is usually meant."""
    tried = []
    for call in evidence.ledger.calls:
        site, what = call.site, call.what
        last = what.rpartition(".")[2]
        if last == "preprocess_input":
            tried += [repairs.copy_before_preprocessing(site), repairs.drop_call(site, what)]
        elif what == "numpy.resize":
            tried += [repairs.true_resize(site)]
        elif last == "reshape":
            tried += [repairs.true_transpose(site, axes) for axes in ((0, 2, 3, 1), (0, 2, 1, 3))]
        elif last in ("shuffle", "map", "take", "sample"):
            tried += [repairs.drop_call(site, what)]
        elif last in ("flow", "flow_from_directory", "flow_from_dataframe"):
            tried += [repairs.set_arguments(site, what, {"shuffle": False})]
        elif last in ("listdir", "glob", "list_files"):
            tried += [repairs.order_by_number(site)]
        elif last == "load_weights":
            tried += [repairs.load_in_order(site)]
        elif last.endswith("crop"):
            tried += [repairs.resize_before_crop(site)]
        elif what == "operator":
            tried += [repairs.float_arithmetic(site)]
    return list({repr(repair): repair for repair in tried}.values())


def _judged(case: Case, variant: str, told: Told | None) -> str:
    """As `why` would be judged, had it said this."""
    code = NEVER_TRAINED if told is None else int(bool(told))
    return judge(case, variant, code, [set(families) for families, _, _ in told or ()])


def table(asked: Iterable[Mapping[str, Any]], answers: Iterable[Mapping[str, Any]]) -> str:
    """How often each way is right, on the scripts that all of them were asked about."""
    of_why = {key_of(run): run["outcome"] for run in asked}
    both = {key: answer for answer in answers if (key := key_of(answer)) in of_why}
    faulty = [key for key in both if key[1] != "healthy"]
    sound = [key for key in both if key[1] == "healthy"]
    lines = [
        "| way | found among the first two | sound scripts with a finding |",
        "|---|---|---|",
    ]
    for way in ("why", *WAYS):
        said = {k: of_why[k] if way == "why" else both[k][way]["outcome"] for k in both}
        hits = sum(said[key] == HIT for key in faulty)
        alarms = sum(said[key] == FALSE_ALARM for key in sound)
        lines.append(f"| {way} | {hits} of {len(faulty)} | {alarms} of {len(sound)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
