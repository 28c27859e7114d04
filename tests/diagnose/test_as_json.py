import dataclasses
import json
import math

import numpy as np

from regraft.diagnose.as_json import as_json
from regraft.diagnose.diagnosis import Arm, Cause, Diagnosis, Gain, ScriptError
from regraft.diagnose.evidence import Site

EMPTY = Diagnosis(
    script="train.py",
    observed=0.5,
    claimed=None,
    chance=0.1,
    n_validation=200,
    source_call="evaluate",
    source_site=None,
    repaired_script=0.9,
    regraft_fit=0.97,
)


def test_the_keys_are_those_of_the_contract():
    view = as_json(EMPTY)
    assert {
        "schema", "observed", "unexplained", "reachable", "findings", "considered", "unknown",
        "error", "seconds",
    } <= set(view)  # fmt: skip
    assert view["schema"] == 1
    assert view["observed"]["source"] == {"call": "evaluate", "file": None, "line": None}
    assert view["reachable"] == {
        "repaired_script": 0.9,
        "regraft_fit": 0.97,
        "patched_script": None,
    }
    assert math.isclose(view["unexplained"], 0.07)


def test_arms_with_the_same_repairs_are_one_with_several_seeds():
    arms = tuple(
        Arm(repairs=repairs, accuracy=a, n=100, seed=seed, seconds=2.0, input_size=64)
        for repairs, a, seed in [((), 0.1, 0), ((), 0.2, 1), (("GEO001",), 0.9, 0)]
    )
    cause = Cause(
        id="GEO001", name="x", family="GEO", because="b", fix="f", repairs=(),
        where=(Site(file="train.py", line=3, code="x"),),
        gain=Gain(kind="accuracy", only_this=np.float32(0.75), interval=(0.7, 0.8), arms=arms),
    )  # fmt: skip
    view = as_json(dataclasses.replace(EMPTY, findings=(cause,)))
    (finding,) = view["findings"]
    assert finding["rank"] == 1
    assert finding["where"] == [{"file": "train.py", "line": 3, "code": "x"}]
    first, second = finding["gain"]["arms"]
    assert (first["seeds"], first["seconds"]) == ([0, 1], 4.0)
    assert math.isclose(first["accuracy"], 0.15)
    assert second["repairs"] == ["GEO001"]


def test_everything_is_json():
    error = ScriptError(type="E", message="m", file="train.py", line=1, traceback="t")
    view = as_json(
        dataclasses.replace(
            EMPTY,
            observed=math.nan,
            error=error,
            history={"losses": np.array([1.0, np.inf]), "n": np.int64(3), "pair": (1, 2.5)},
        )
    )
    assert json.loads(json.dumps(view, allow_nan=False)) == view
    assert view["observed"]["val_accuracy"] is None
    assert view["history"] == {"losses": [1.0, None], "n": 3, "pair": [1, 2.5]}
