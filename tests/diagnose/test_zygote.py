"""What a replay starts is ended with it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"

# stands in for a script that starts a server: a replay that is over, or over its limit
FORK = """
import json, os, subprocess, sys, time
from regraft.diagnose.agent import zygote

def become_script(settings):
    os.setsid()
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(server.pid, flush=True)
    time.sleep(settings["sleeps"])
    os._exit(0)

zygote._become_script = become_script
settings = json.loads(sys.argv[1])
answer = zygote._fork(settings, os.open(os.devnull, os.O_WRONLY))
print(json.dumps(answer))
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    ("sleeps", "status"), [(0.0, "ended"), (60.0, "out of time")], ids=["over", "over its limit"]
)
def test_no_process_outlives_a_replay(tmp_path, sleeps, status):
    settings = {"out": str(tmp_path), "seconds": 2, "memory_bytes": 1 << 34, "sleeps": sleeps}
    done = subprocess.run(
        [sys.executable, "-c", FORK, json.dumps(settings)],
        capture_output=True, text=True, timeout=60, check=True, env={"PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    server, answer = done.stdout.splitlines()
    assert json.loads(answer)["status"] == status
    deadline = time.monotonic() + 5
    while is_running(int(server)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(int(server))
