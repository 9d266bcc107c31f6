"""The trace phase of a run: every statement logged, one request at a time, and whose SQL is whose.

Drives nothing itself: it is handed what drives a phase. What it cannot know is noted beside what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from perfkit import store, units
from perfkit.draft import Draft
from perfkit.errors import DatabaseError
from perfkit.model import Phase, Trace
from perfkit.queries.attribution import Window
from perfkit.queries.n_plus_one import to_scale
from perfkit.queries.tracing import tracing
from perfkit.recorded.rows import stretches

_AT_ONCE: Final = 8_192  # rows of all phases, of which those of this one are kept

Drive = Callable[[Phase], None]
Note = Callable[[str], None]


def run_trace(phase: Phase, dsn: str, draft: Draft, drive: Drive, note: Note, log_folder: Path | None) -> None:
    """Drive the phase, then endpoints with an N+1 for pages of other sizes, and write attribution.json.

    A trace that cannot be taken is a note: what the load before it measured is as good without it.

    Raises:
        ScenarioError: Locust could not run the scenario.
    """
    with _noting(phase, draft, note), tracing(dsn, log_folder) as going:
        drive(phase)
        trace = going.trace(phase.name, _windows(draft.folder, phase.name))
        suspects = to_scale(trace)
        if suspects and not draft.is_interrupted and not draft.troubles:
            note(f"phase {phase.name}: pages of other sizes of {', '.join(suspects)}")
            pages = replace(phase, name=f"{phase.name} pages", iterations=1, scaled=suspects)
            drive(pages)
            trace = going.trace(phase.name, [*_windows(draft.folder, phase.name), *_windows(draft.folder, pages.name)])
        store.write_trace(draft.folder, trace)
        draft.notes.extend((*going.notes, *notes_on(trace)))


@contextmanager
def _noting(phase: Phase, draft: Draft, note: Note) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        said = f"phase {phase.name}: no trace: {error.message}" + (f"; {error.hint}" if error.hint else "")
        draft.notes.append(said)
        note(said)


def _windows(folder: Path, phase: str) -> list[Window]:
    """The requests of a phase, as their rows on disk tell them."""
    windows = []
    for shard in sorted((folder / "requests").glob("*.arrow")):
        for _, table in stretches(shard, _AT_ONCE):
            rows = table.filter(pc.field("phase") == phase)
            columns = (rows.column(name).to_pylist() for name in ("endpoint", "started_at", "service_s", "error"))
            windows += [
                Window(endpoint, started_at, service_s, error is None)
                for endpoint, started_at, service_s, error in zip(*columns, strict=True)
            ]
    return windows


def notes_on(trace: Trace) -> Iterator[str]:
    """What makes the trace less sure, one sentence each."""
    executions = sum(len(request.executions) for request in trace.requests)
    if trace.requests and not executions and not trace.outside:
        yield "no statement was logged during the trace: is this the database that the target uses?"
    if trace.outside:
        outside = units.count(trace.outside, "statement")
        yield f"{outside} of the trace without a request of ours: somebody else uses the database too"
    if trace.disagreeing:
        yield (
            f"{trace.disagreeing:,} of {executions:,} traced statements carry the route tag of another endpoint than"
            " that whose request they ran in: somebody else uses the application too"
        )
