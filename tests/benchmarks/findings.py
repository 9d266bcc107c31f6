"""Are the right causes found? The sample ERP with each of its defects alone, and with none, by the real `measure`.

    python -m tests.benchmarks.findings                     # all configurations
    python -m tests.benchmarks.findings leak fixed          # some of them

Prints JSON: for each configuration the findings in their order, and whether the defect's own came first (found), later
(late) or not at all (missed); the others are false where no fix of theirs was left out.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from perfkit import config as configs
from perfkit import demonstration, metrics
from perfkit.demo.fixes import FIXES, apply_indexes, drop_indexes
from perfkit.demo.scenario import scenario_folder
from perfkit.demo.seed import seed
from perfkit.demo.server import running_erp
from perfkit.demo.services import Services, running_services
from perfkit.judge.diagnose import generator_bound
from perfkit.measure import measure
from perfkit.model import Config, Finding, Phase
from perfkit.story import judge_run

# Defect → the rules that are its own. Without an index other rules than that of the scan may tell it first.
OWN: Final[dict[str, frozenset[str]]] = {
    "indexes": frozenset({"selective_seq_scan", "costly_inner", "index_filter"}),
    "n_plus_one": frozenset({"n_plus_one"}),
    "pagination": frozenset({"unbounded_result"}),
    "fields": frozenset({"over_fetching"}),
    "cache": frozenset({"no_caching"}),
    "pool": frozenset({"pool_exhaustion"}),
    "compression": frozenset({"no_compression"}),
    "leak": frozenset({"leak"}),
}
FIXED: Final = "fixed"
# Two connections are enough for an ERP that is otherwise mended; they are not where statements take long.
CONFIGURATIONS: Final[dict[str, frozenset[str]]] = {
    **{name: frozenset({name}) for name in FIXES},
    FIXED: frozenset(),
    "pool, cache": frozenset({"pool", "cache"}),
}


def suite(**load: float) -> Config:
    """The suite of the sample ERP, with shorter phases: users, seconds and rounds as given."""
    whole = configs.load(scenario_folder() / "perfkit.toml", metrics=metrics.names())
    phases = tuple(_shorter(phase, **load) for phase in whole.phases)
    return replace(whole, phases=phases, sampling=replace(whole.sampling, settle_s=0.5))


def _shorter(phase: Phase, users: float = 50, seconds: float = 12, rounds: float = 5) -> Phase:
    if phase.is_trace:
        return phase
    if phase.iterations is not None:
        return replace(phase, iterations=int(rounds))
    if phase.is_warmup_only:
        return replace(phase, users=int(users), duration_s=3.0, warmup_s=3.0)
    return replace(phase, users=int(users), duration_s=seconds, warmup_s=2.0)


@contextmanager
def prepared() -> Iterator[Services]:
    """The services with the sample data."""
    with running_services() as services:
        seed(services.dsn)
        yield services


def findings_with(defects: Collection[str], services: Services, folder: Path, config: Config) -> tuple[Finding, ...]:
    """What is found in an ERP with these defects and no other."""
    fixes = frozenset(FIXES) - set(defects)
    (apply_indexes if "indexes" in fixes else drop_indexes)(services.dsn)
    with running_erp(services.dsn, services.redis_url, fixes) as erp:
        aimed = demonstration.aimed(config, erp, services.dsn)
        log = services.log_folder
        return judge_run(measure(aimed, folder, show=lambda _: None, note=_aside, log_folder=log).run).findings


def _aside(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def verdict(defects: Collection[str], findings: Collection[Finding]) -> dict[str, Any]:
    """Found, late or missed for each defect; and what was found that is nobody's."""
    rules = [finding.rule for finding in findings if finding.rule != generator_bound.NAME]  # that is of the machine
    places = {name: [at for at, rule in enumerate(rules) if rule in OWN[name]] for name in defects}
    known = frozenset().union(*(OWN[name] for name in defects))
    return {
        "outcome": {
            name: "missed" if not at else "found" if at[0] < len(places) else "late" for name, at in places.items()
        },
        "others": [rule for rule in rules if rule not in known],
        "findings": [
            {"rule": one.rule, "title": one.title, "endpoint": one.endpoint, "impact_ms": one.impact_ms}
            for one in findings
        ],
    }


def main(names: list[str]) -> int:
    folder, told = Path(tempfile.mkdtemp()), {}
    try:
        with prepared() as services:
            for name in names or list(CONFIGURATIONS):
                print(name, file=sys.stderr, flush=True)
                defects = CONFIGURATIONS[name]
                told[name] = verdict(defects, findings_with(defects, services, folder / name, suite()))
    finally:
        shutil.rmtree(folder)
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
