"""Runs benchmarks one after the other, each in a process of its own, and prints one line of JSON for each.

Run: python -m tests.benchmarks [name …], or make bench BENCH=name. What a benchmark needs and has not is said in its
line. The exit code is 1 when one could not run or was ended; a bar that is missed is told, and fails nothing.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import bounds

HERE = Path(__file__).parent
LIMIT_S = 1800
GRACE_S = 20.0
ALL = (
    "startup",
    "recorder",
    "lean_http",
    "five_thousand",
    "omission",
    "websocket",
    "findings",
    "logs",
    "advice",
    "million_rows",
    "soak",
    "sampling",
    "leaks",
)
"""In the order in which they run. A benchmark is a module in this folder whose `main` publishes its figures."""


def measured(name: str) -> dict[str, Any]:
    """What the benchmark published, or why it did not."""
    began = time.monotonic()
    argv = [sys.executable, "-m", f"tests.benchmarks.{name}"]
    # A session of its own: Ctrl-C in the terminal reaches this process only, which then ends that one in peace.
    own: dict[str, Any] = {"start_new_session": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with bounds.started(argv, grace_s=GRACE_S, **own) as program:
        try:
            out, err = program.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return {"benchmark": name, "not_run": f"ended after {LIMIT_S} s"}
    if program.returncode:
        last = (err.decode(errors="replace").strip().splitlines() or [f"it ended with code {program.returncode}"])[-1]
        return {"benchmark": name, "not_run": last}
    try:
        return {"module": name, "seconds": round(time.monotonic() - began), **json.loads(out)}
    except ValueError:
        return {"benchmark": name, "not_run": f"it printed no JSON object: {out[-200:]!r}"}


def chosen(names: list[str]) -> tuple[str, ...]:
    """Those that are named, or all.

    Raises:
        SystemExit: there is none of that name.
    """
    if unknown := [name for name in names if name not in ALL]:
        raise SystemExit(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(ALL)}")
    return tuple(names) or ALL


def main() -> None:
    has_failed = False
    for name in chosen(sys.argv[1:]):
        told = measured(name)
        has_failed = has_failed or "not_run" in told
        print(json.dumps(told, ensure_ascii=False), flush=True)
    sys.exit(has_failed)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    main()
