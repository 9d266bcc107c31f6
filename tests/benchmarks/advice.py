"""The plans' indexes and what is found in their place from the ERP's own statements, with the verified speed-up.

Bar: each index of the plans that helps a statement of the load is found, or a better one; then it is built, and
the same requests are made again. Run: python -m tests.benchmarks.advice
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from perfkit.demo.fixes import INDEXES
from perfkit.demo.seed import seed
from perfkit.demo.services import running_services
from perfkit.explain.advise import Wish, advise
from perfkit.explain.advise.advice import Advice, Report
from perfkit.explain.advise.applied.apply import apply
from perfkit.explain.advise.applied.steps import steps
from tests.benchmarks.pairs import publish
from tests.explain.advise.erp import captured, endpoint_ms

SLOWER_THAN_MS = 1
MAY_BE_THE_SAME = "its table is read as fast without it"


def main() -> None:
    with running_services(redis_url="unix:///not/started", slower_than=f"{SLOWER_THAN_MS}ms") as services:
        assert services.log_folder is not None
        seed(services.dsn)
        queries = captured(services.dsn, services.log_folder, slower_than_ms=SLOWER_THAN_MS)
        report = advise(services.dsn, queries, Wish("copy"))
        before = endpoint_ms(services.dsn)
        with tempfile.TemporaryDirectory() as folder:
            apply(services.dsn, steps(services.dsn, report.advice), Path(folder) / "undo.sql")
        after = endpoint_ms(services.dsn)
    rows = [row(name, planned, report) for name, planned in INDEXES.items()]
    width = [max(len(one[place]) for one in rows) for place in range(3)]
    for one in rows:
        print("  ".join(text.ljust(size) for text, size in zip(one, width, strict=True)), file=sys.stderr)
    for name, ms in before.items():
        print(f"{name:<20} {ms:9.1f} ms → {after[name]:9.1f} ms", file=sys.stderr)
    beside = [str(one.index) for one in report.advice if not any(str(one.index) == found for _, found, _ in rows)]
    publish(
        "the plans' indexes found from the load alone",
        f"all {len(INDEXES)}, or a better one",
        all(found != "–" for _, found, _ in rows),
        indexes={name: {"found": found, "verified": said} for name, found, said in rows},
        beside_the_plans=beside,
        endpoint_ms={name: [round(ms, 1), round(after[name], 1)] for name, ms in before.items()},
        server_s=round(report.server_s, 1),
    )


def row(name: str, planned: str, report: Report) -> tuple[str, str, str]:
    """(the plans' index, what does its work, how much faster that is); – where nothing does, with why."""
    first = planned.partition(" (")[2].partition(")")[0].partition(",")[0]
    able = [one for one in report.advice if does_the_work(one, planned)]
    found = best([one for one in able if one.index.columns[0] == first] or able)
    if found is None:
        reasons = {one.reason for one in report.not_advised if str(one.index).startswith(planned.partition(",")[0])}
        return f"{name}: {planned}", "–", "; ".join(sorted(reasons)) or MAY_BE_THE_SAME
    effect = max(found.effects, key=lambda one: 1 / one.ratio if one.outcome == "faster" else -math.inf)
    said = f"{1 / effect.ratio:,.1f} times: {effect.before_ms:,.2f} to {effect.after_ms:,.2f} ms"
    return f"{name}: {planned}", str(found.index), said


def does_the_work(one: Advice, planned: str) -> bool:
    """An index of the same table that begins with one of the planned columns."""
    table, _, rest = planned.partition(" (")
    columns = rest.partition(")")[0].split(", ")
    return one.index.table.name == table and one.index.columns[0] in columns


def best(some: Iterable[Advice]) -> Advice | None:
    return max(some, key=lambda one: one.saved_ms, default=None)


if __name__ == "__main__":
    main()
