"""How often the verdict on leaks is right: real Node and CPython servers, with each defect of memory and without.

    python -m tests.benchmarks.leaks [--seeds 5] [--parallel 4]

A false LEAK is one on a server that keeps nothing for good; a miss is another verdict on one that keeps 1 kB a request.
Leaks of 100 B a request are below the tolerance of 1,000 requests a round: they are told apart, and part of no bar.
"""

from __future__ import annotations

import argparse
import math
import platform
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.benchmarks.pairs import publish
from tests.leaks.rounds import Case, verdicts
from tests.leaks.targets import Runtime

RUNTIMES: tuple[Runtime, ...] = ("node", "python")
HEALTHY = ("none", "bounded", "warmup", "burst", "timed")
LEAKS = (("leak", 1_000), ("leak", 10_000), ("listener", 1_000), ("buffer", 1_000), ("descriptor", 1_000))
SMALL = (("leak", 100),)
MOST_FALSE = 0.02
MOST_MISSED = 0.05
_Z = 1.96


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    share, spread = hits / n, _Z * _Z / n
    middle = (share + spread / 2) / (1 + spread)
    reach = _Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def cases(seeds: int) -> list[Case]:
    """Each server with each defect, `seeds` times; the seed sets the requests of a round and the connections."""
    defects = [*((name, 1_000) for name in HEALTHY), *LEAKS, *SMALL]
    found = []
    for seed in range(seeds):
        dice = random.Random(seed)  # noqa: S311 (which cases, not secrets)
        for runtime in RUNTIMES:
            for defect, size in defects:
                load = {"requests": dice.randint(1_000, 1_500), "connections": dice.randint(2, 8)}
                found.append(Case(runtime, defect, size, **load))
    return found


def outcome_of(case: Case) -> str:
    """Of the resource that the defect is about."""
    found = verdicts(case)
    return found["fds" if case.defect == "descriptor" else "memory"].outcome


def share(outcomes: Sequence[str], wanted: bool) -> dict[str, Any]:
    """How many are LEAK (`wanted`), or are not."""
    hits = sum((outcome == "LEAK") == wanted for outcome in outcomes)
    low, high = wilson(hits, len(outcomes))
    return {"count": hits, "of": len(outcomes), "share": hits / len(outcomes), "interval": [low, high]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parallel", type=int, default=4)
    asked = parser.parse_args()
    began, todo = time.time(), cases(asked.seeds)
    with ThreadPoolExecutor(asked.parallel) as pool:
        outcomes = list(pool.map(outcome_of, todo))
    table: dict[str, Counter[str]] = {}
    for case, outcome in zip(todo, outcomes, strict=True):
        table.setdefault(f"{case.runtime} {case.defect} {case.size}", Counter())[outcome] += 1
    healthy = [outcome for case, outcome in zip(todo, outcomes, strict=True) if case.defect in HEALTHY]
    leaking = [outcome for case, outcome in zip(todo, outcomes, strict=True) if (case.defect, case.size) in LEAKS]
    false, missed = share(healthy, wanted=True), share(leaking, wanted=False)
    publish(
        "leaks",
        f"false LEAK <= {MOST_FALSE:.0%}, missed at 1 kB a request <= {MOST_MISSED:.0%}",
        false["share"] <= MOST_FALSE and missed["share"] <= MOST_MISSED,
        false_leak=false,
        missed=missed,
        outcomes={name: dict(counts) for name, counts in table.items()},
        seeds=asked.seeds,
        made={"at": time.strftime("%Y-%m-%d", time.gmtime(began)), "seconds": round(time.time() - began)},
        python=platform.python_version(),
    )


if __name__ == "__main__":
    main()
