"""Diagnoses as the engine makes them, small enough to read."""

import dataclasses

import numpy as np

from regraft.diagnose.diagnosis import Arm, Cause, Considered, Diagnosis, Gain, ScriptError
from regraft.diagnose.evidence import Site

SCRIPT = "/home/someone/train.py"


def arm(*repairs: str, accuracy: float, seed: int = 0) -> Arm:
    return Arm(
        repairs=repairs, accuracy=accuracy, n=500, seed=seed, seconds=8.0, input_size=48
    )  # fmt: skip


RESIZED = Cause(
    id="GEO001",
    name="np-resize-scrambles-pictures",
    family="GEO",
    because="np.resize at line 11 cuts the buffer",
    where=(Site(file=SCRIPT, line=11, code="x = np.resize(x, (60000, 224, 224, 3))"),),
    gain=Gain(
        kind="accuracy",
        only_this=0.84,
        all_but_this=0.88,
        interval=(0.82, 0.9),
        arms=(
            arm(accuracy=0.10),
            arm(accuracy=0.12, seed=1),
            arm("GEO001", accuracy=0.95),
            arm("FRZ004", accuracy=0.10),
            arm("FRZ004", "GEO001", accuracy=0.98),
        ),
    ),
    fix="resize picture by picture",
    repairs=(),
    patch="--- a/train.py\n+++ b/train.py\n@@ -11 +11 @@\n-x = np.resize(x)\n+x = <good>\n",
)
SHUFFLED = Cause(
    id="ORD001",
    name="shuffled-predictions-ordered-labels",
    family="ORD",
    because="predictions are in another order than labels",
    where=(Site(file="/home/someone/score/report.py", line=3),),
    gain=Gain(kind="honesty", claimed=0.11, honest=0.97),
    fix="use shuffle=False",
    repairs=(),
)


def diagnosis(**changes: object) -> Diagnosis:
    """Two causes found, one considered, two unknown."""
    usual = Diagnosis(
        script=SCRIPT,
        observed=0.11,
        claimed=0.11,
        chance=0.1,
        n_validation=500,
        source_call="fit",
        source_site=Site(file=SCRIPT, line=21),
        repaired_script=0.98,
        regraft_fit=0.995,
        findings=(RESIZED, SHUFFLED),
        considered=(
            Considered(id="CAP001", verdict="found", because="a wide head", gain=0.004),
        ),
        unknown=(
            Considered(id="SHF001", verdict="unknown", because="no evidence: shift", gain=None),
            Considered(id="SHF002", verdict="unknown", because="no evidence: shift", gain=None),
        ),
        notes=("3,000 of 60,000 rows were used.",),
        seconds=120.0,
    )  # fmt: skip
    return dataclasses.replace(usual, **changes)


def failure() -> Diagnosis:
    """A script that crashed before it trained."""
    return diagnosis(
        observed=None, claimed=None, chance=None, repaired_script=None, regraft_fit=None,
        findings=(), considered=(), unknown=(),
        error=ScriptError(
            type="ValueError", message="no such\nfolder", file=SCRIPT, line=7,
            traceback="Traceback:\n  somewhere\nValueError: no such\x1b[31m folder\n",
        ),
    )  # fmt: skip


def pictures() -> dict[str, np.ndarray]:
    """Noise, and a white bar on black."""
    fed = np.random.default_rng(0).integers(0, 255, (5, 16, 16, 3), np.uint8)
    repaired = np.zeros((5, 16, 16, 3), np.uint8)
    repaired[:, 4:12, 7:9] = 255
    return {"as_fed": fed, "repaired": repaired}
