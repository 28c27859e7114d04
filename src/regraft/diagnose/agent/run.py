"""One replay: hooks in place, the user's script from first to last line, the record on disk."""

import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from regraft.diagnose.agent import (
    batches,
    frozen,
    guard,
    input_size,
    interventions,
    ledger,
    listing,
    naming,
    rewrite,
    scoring,
    seeds,
    session,
    sites,
    tables,
)
from regraft.diagnose.agent.hooks import (
    arrays,
    backbones,
    datasets,
    frames,
    loading,
    models,
    opencv,
    scikit_learn,
    workers,
)


def replay(settings: dict[str, Any]) -> None:
    """Run the script under the settings; never raises, the record says how it ended.

    Args:
        settings: `script`, `folder`, `arguments`, `out` (folder of the record), `shared` (folder
            of frozen outputs), `repairs`, `sizes`, `rows`, `fit_seconds`, `seed`, `may_shrink`.
    """
    script = Path(settings["script"])
    ledger.RECORD = ledger.Recorder(Path(settings["out"]))
    interventions.activate(settings.get("repairs", []))
    store = frozen.Store(Path(settings["shared"]))
    session.SESSION = session.Session(settings, store)
    sizes = {int(k): int(v) for k, v in (settings.get("sizes") or {}).items()}
    sys.argv = [str(script), *input_size.replaced_arguments(settings.get("arguments", []), sizes)]
    folder = Path(settings.get("folder", script.parent))
    sys.path.insert(0, str(folder))
    rewrite.install([folder, Path.cwd()], sizes)
    _seed(int(settings.get("seed", 0)))
    started = time.monotonic()
    outcome: dict[str, Any] = {"status": "done"}
    try:
        _hook()
        input_size.hook(sizes)
        code = rewrite.compile_user_file(script, sizes)
        exec(code, rewrite.as_main(script))  # noqa: S102 - running the user's script is the task
    except SystemExit as stop:
        if stop.code not in (None, 0):
            outcome = {"status": "failed", "error": _error(stop)}
    except session.NeedsSmallerInput as slow:
        outcome = {
            "status": "too slow",
            "input_size": slow.input_size,
            "seconds_per_row": slow.seconds_per_row,
        }
    except session.TooManyFits as many:
        outcome = {"status": "too many", "fits": many.fits}
    except BaseException as error:  # noqa: BLE001 - whatever the script raises belongs in the report
        outcome = {"status": "failed", "error": _error(error), "refused": guard.is_refusal(error)}
    ledger.RECORD.attempt("a comparison", scoring.compare_pairs)
    ledger.RECORD.attempt("scores of batches", batches.pool)
    facts = ledger.RECORD.facts
    facts["seconds"] = time.monotonic() - started
    facts["keras_version"] = _keras_version()
    ledger.RECORD.write(**outcome)


def _hook() -> None:
    listing.hook()
    naming.hook()
    tables.hook()
    arrays.hook()
    models.hook()
    backbones.hook()
    loading.hook()
    datasets.hook_folders()
    import keras

    if keras.backend.backend() == "tensorflow":
        datasets.hook_tensorflow()
    scikit_learn.hook()
    opencv.hook()
    frames.hook()
    workers.hook()


def _seed(seed: int) -> None:
    """Every replay starts from the same random state; the script may seed again as it likes."""
    import keras

    seeds.vary(seed)
    keras.utils.set_random_seed(seed)


def _keras_version() -> str:
    keras = sys.modules.get("keras")
    return getattr(keras, "__version__", "") if keras is not None else ""


def _error(error: BaseException) -> dict[str, Any]:
    """The error as the user would see it: its own lines, ours left out."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if f"diagnose{os.sep}agent" not in frame.filename
    ]
    user = [frame for frame in frames if frame.filename in sites.USER_FILES]
    last = user[-1] if user else None
    file, line = (last.filename, last.lineno) if last else ("", 0)
    if isinstance(error, SyntaxError) and error.filename in sites.USER_FILES:
        file, line = error.filename, error.lineno or 0  # it was read, and never ran
    text = "".join(traceback.format_list(frames)) + "".join(
        traceback.format_exception_only(type(error), error)
    )
    return {
        "type": type(error).__name__,
        "message": str(error)[:2000],
        "file": file,
        "line": line,
        "traceback": "Traceback (most recent call last):\n" + text,
    }
