"""Run the planted scripts themselves and record the accuracy each reports in `case.json`.

    python tests/planted/measure.py [TEXT OF A CASE'S NAME ...]

Without a name, runs the scripts that have no recorded accuracy. One fresh process a script, one
at a time. The number is the last validation accuracy that the script prints.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from harness import Case, Variant, is_at_hand, load_cases, prepare

SECONDS = 600
NAMED = re.compile(r"val_\w*acc\w*: (\d\.\d+(?:e-\d+)?)")
NUMBER = re.compile(r"\d\.\d+(?:e-\d+)?")


def main() -> None:
    wanted = sys.argv[1:]
    for case in load_cases():
        if not is_at_hand(case) or (wanted and not any(text in case.name for text in wanted)):
            continue
        for variant in case.scripts:
            if wanted or variant not in case.measured:
                _record(case, variant)


def _record(case: Case, variant: Variant) -> None:
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        script, env = prepare(case, variant, Path(folder))
        if script.suffix == ".ipynb":
            script = _as_script(script)
        done = subprocess.run(
            [sys.executable, script.name],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    accuracy = _last_accuracy(done.stdout) if done.returncode == 0 else None
    print(f"{case.name} {variant}: {accuracy} in {time.monotonic() - start:.0f} s", flush=True)
    if accuracy is None:
        print(done.stderr[-1000:])
        return
    path = case.folder / "case.json"
    facts = json.loads(path.read_text())
    facts.setdefault("measured", {})[variant] = round(accuracy, 4)
    path.write_text(json.dumps(facts, indent=2) + "\n")


def _as_script(notebook: Path) -> Path:
    """Write the code cells, without their magics, as a script beside the notebook."""
    cells = json.loads(notebook.read_text())["cells"]
    lines = [line for c in cells if c["cell_type"] == "code" for line in [*c["source"], "\n"]]
    script = notebook.with_suffix(".py")
    script.write_text("".join(line for line in lines if not line.startswith(("%", "!"))))
    return script


def _last_accuracy(output: str) -> float | None:
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "")
    found = NAMED.findall(last)[-1:] or NUMBER.findall(last)[:1]
    return float(found[0]) if found else None


if __name__ == "__main__":
    main()
