"""How often the verdict on leaks is right: real Node and CPython servers, with each defect of memory and without.

    python -m tests.benchmarks.leaks [--seeds 3] [--only healthy|leaking|small|node|python|DEFECT …] [--out FILE]

A false LEAK is one on a server that keeps nothing for good; a miss is another verdict on one that keeps 1 kB a request.
Leaks of 100 B a request are below the tolerance of 1,000 requests a round: they are told apart, and part of no bar.

Each case is a line of JSON in FILE as soon as it is done, with its readings: a matrix that was interrupted goes on
where it was, and a better rule judges the old readings. `--table` does only that, and writes the table of
docs/memory.md. Without --out all is measured anew. A case begins when the machine has CPU to spare, so that many run
beside each other on a quiet one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from perfkit.model import LeakOutcome, Round, Rounds
from tests.benchmarks.pairs import publish
from tests.leaks import targets
from tests.leaks.rounds import Case, judged, measured
from tests.leaks.targets import Runtime

RUNTIMES: tuple[Runtime, ...] = ("node", "python")
GROUPS: dict[str, tuple[tuple[str, int], ...]] = {
    "healthy": tuple((name, 1_000) for name in ("none", "bounded", "warmup", "burst", "timed", "flushed")),
    "leaking": (("leak", 1_000), ("leak", 10_000), ("listener", 1_000), ("buffer", 1_000), ("descriptor", 1_000)),
    "small": (("leak", 100),),
}
MOST_FALSE = 0.02
MOST_MISSED = 0.05
SPARE = 0.75  # of the machine's CPU: a case begins below it
PATIENCE_S = 30.0
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Seeded:
    """A case, and the seed that set the requests of its rounds and its connections."""

    case: Case
    seed: int
    group: str

    @property
    def key(self) -> tuple[str, str, int, int]:
        return self.case.runtime, self.case.defect, self.case.size, self.seed


@dataclass(frozen=True, slots=True)
class Told:
    """What came out of a case, and when."""

    it: Seeded
    outcome: LeakOutcome
    line: dict[str, Any]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    share, spread = hits / n, _Z * _Z / n
    middle = (share + spread / 2) / (1 + spread)
    reach = _Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def cases(seeds: int, only: Sequence[str] = ()) -> list[Seeded]:
    """Each server with each defect, `seeds` times, one seed after the other: an interrupted matrix is an even one.

    Each word of `only` is a group, a runtime or a defect; of each kind that is named, a case is one of the named.
    """
    found = []
    for seed in range(seeds):
        dice = random.Random(seed)  # noqa: S311 (which cases, not secrets)
        for runtime in RUNTIMES:
            for group, defects in GROUPS.items():
                for defect, size in defects:
                    load = {"requests": dice.randint(1_000, 1_500), "connections": dice.randint(2, 8)}
                    found.append(Seeded(Case(runtime, defect, size, **load), seed, group))
    return [one for one in found if _is_wanted(one, only)]


def _is_wanted(one: Seeded, only: Sequence[str]) -> bool:
    kinds = (set(GROUPS), set(RUNTIMES), {name for defects in GROUPS.values() for name, _ in defects})
    named = [kind & set(only) for kind in kinds]
    mine = (one.group, one.case.runtime, one.case.defect)
    return all(word in words or not words for word, words in zip(mine, named, strict=True))


def run(todo: Sequence[Seeded], out: Path, parallel: int) -> None:
    """Each case into a line of its own, as soon as it is done."""
    out.parent.mkdir(parents=True, exist_ok=True)
    lock, facts = threading.Lock(), _facts()
    with out.open("a", encoding="utf-8") as file, ThreadPoolExecutor(parallel) as pool:

        def one(it: Seeded) -> None:
            with _STARTS:
                _wait_for_cpu()
            began = time.time()
            rounds = measured(it.case)
            line = {"at": began, "seconds": time.time() - began, "load1": os.getloadavg()[0], **facts}
            line |= {"seed": it.seed, "case": asdict(it.case), "rounds": asdict(rounds)}
            with lock:
                file.write(json.dumps(line) + "\n")
                file.flush()

        try:
            list(pool.map(one, todo))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_STARTS = threading.Lock()


def _wait_for_cpu() -> None:
    """Or until it is clear that others have it: what they make of the readings is INCONCLUSIVE at worst."""
    deadline = time.monotonic() + PATIENCE_S
    while psutil.cpu_percent(0.5) > SPARE * 100 and time.monotonic() < deadline:
        time.sleep(0.1)


def _facts() -> dict[str, str]:
    node = subprocess.run([targets.node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "node": node,
        "python": platform.python_version(),
        "cpus": str(os.cpu_count()),
        "system": platform.platform(),
    }


def read(out: Path, wanted: Iterable[Seeded]) -> list[Told]:
    """What is known of the wanted cases, judged by the rule of today; a line that was cut off is as good as none."""
    by_key = {one.key: one for one in wanted}
    found: dict[tuple[str, str, int, int], Told] = {}
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    for text in lines:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        case = line["case"]
        it = by_key.get((case["runtime"], case["defect"], case["size"], line["seed"]))
        if it is not None and asdict(it.case) == case:
            found[it.key] = Told(it, _outcome(it.case, line["rounds"]), line)
    return list(found.values())


def _outcome(case: Case, rounds: dict[str, Any]) -> LeakOutcome:
    """Of the resource that the defect is about."""
    restored = Rounds(**rounds | {"rounds": tuple(Round(**one) for one in rounds["rounds"])})
    return judged(restored)["fds" if case.defect == "descriptor" else "memory"].outcome


def share(told: Sequence[Told], wanted: bool) -> dict[str, Any]:
    """How many are LEAK (`wanted`), or are not; and of how many nothing could be said."""
    hits = sum((one.outcome == "LEAK") == wanted for one in told)
    low, high = wilson(hits, len(told)) if told else (0.0, 1.0)
    open_ = sum(one.outcome == "INCONCLUSIVE" for one in told)
    return {"count": hits, "of": len(told), "inconclusive": open_, "interval": [round(low, 4), round(high, 4)]}


def table(told: Sequence[Told]) -> str:
    """Markdown: what it was, how often it was called what, and when and where that was."""
    rows = ["| servers | runs | LEAK | INCONCLUSIVE | OK |", "|---|---|---|---|---|"]
    groups = {group: [one for one in told if one.it.group == group] for group in GROUPS}
    rows += [_row(group, some) for group, some in groups.items() if some]
    return "\n".join([*rows, "", _made(told)])


def _row(group: str, some: Sequence[Told]) -> str:
    outcomes = Counter(one.outcome for one in some)
    low, high = (f"{end:.1%}" for end in share(some, wanted=True)["interval"])
    seeds = sorted({one.it.seed for one in some})
    runs = f"{len(some)} (seeds {seeds[0]} to {seeds[-1]})"
    leaks = f"{outcomes['LEAK']} (95 %: {low} to {high})"
    return f"| {group} | {runs} | {leaks} | {outcomes['INCONCLUSIVE']} | {outcomes['OK'] + outcomes['RETAINED']} |"


def _made(told: Sequence[Told]) -> str:
    if not told:
        return "nothing was run"
    days = sorted({time.strftime("%Y-%m-%d", time.gmtime(one.line["at"])) for one in told})
    facts = {name: ", ".join(sorted({one.line[name] for one in told})) for name in ("node", "python", "cpus", "system")}
    return (
        f"{' to '.join(dict.fromkeys((days[0], days[-1])))}, Node {facts['node']}, CPython {facts['python']}, "
        f"{facts['cpus']} CPUs, {facts['system']}"
    )


def _words() -> list[str]:
    return list(dict.fromkeys([*GROUPS, *RUNTIMES, *(name for defects in GROUPS.values() for name, _ in defects)]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], choices=_words())
    parser.add_argument("--parallel", type=int, default=4 * (os.cpu_count() or 1))
    parser.add_argument("--out", type=Path, help="goes on with what this file holds")
    parser.add_argument("--table", action="store_true", help="judge what FILE holds, run nothing")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        _run_and_tell(asked, asked.out or Path(scratch) / "leaks.jsonl")


def _run_and_tell(asked: argparse.Namespace, out: Path) -> None:
    wanted = cases(asked.seeds, asked.only)
    done = {one.it.key for one in read(out, wanted)}
    if not asked.table:
        run([one for one in wanted if one.key not in done], out, asked.parallel)
    told = read(out, wanted)
    if asked.table:
        print(table(told))
        return
    false = share([one for one in told if one.it.group == "healthy"], wanted=True)
    missed = share([one for one in told if one.it.group == "leaking"], wanted=False)
    outcomes: dict[str, Counter[str]] = {}
    for one in told:
        outcomes.setdefault(" ".join(map(str, one.it.key[:3])), Counter())[one.outcome] += 1
    publish(
        "leaks",
        f"false LEAK <= {MOST_FALSE:.0%}, missed at 1 kB a request <= {MOST_MISSED:.0%}",
        false["count"] <= MOST_FALSE * false["of"] and missed["count"] <= MOST_MISSED * missed["of"],
        false_leak=false,
        missed=missed,
        outcomes={name: dict(counts) for name, counts in outcomes.items()},
        made=_made(told),
    )


if __name__ == "__main__":
    main()
