"""A run ⇄ its folder. Every file but the growing row streams is written whole or not at all. Judges nothing."""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from perfkit import files, shape
from perfkit.errors import StoreError, UsageError
from perfkit.model import (
    CapturedQuery,
    IndexAdvice,
    NotExplained,
    PhaseMark,
    QueryPlan,
    Run,
    RunRecord,
    Trace,
    TracedRequest,
)
from perfkit.redact import redact_query

if TYPE_CHECKING:
    from perfkit.recorded.chunks import Tally

_Held = TypeVar("_Held")

SCHEMA: Final = 1
RECORD: Final = "run.json"
SAMPLES: Final = "samples.arrow"
TRACE: Final = "attribution.json"
ADVICE: Final = "advice.json"


def new_name(label: str) -> str:
    """A name for a new run folder: 20261122-120000-label-1a2b."""
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in label)
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{plain}-{secrets.token_hex(2)}"


def create(folder: Path) -> Path:
    """Make an empty run folder.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise files.unwritable(folder, error) from error
    return folder


def write_record(folder: Path, record: RunRecord) -> None:
    """Write run.json. While a run goes on its status is "running"; whoever reads that later knows it was killed."""
    files.write_text(folder / RECORD, _to_json({"schema": SCHEMA, **dataclasses.asdict(record)}))


def write_queries(
    folder: Path, queries: tuple[CapturedQuery, ...], plans: tuple[QueryPlan | NotExplained, ...]
) -> None:
    """Write queries.json and one file a plan."""
    files.write_text(folder / "queries.json", _to_json([dataclasses.asdict(query) for query in queries]))
    if plans:
        (folder / "plans").mkdir(exist_ok=True)
    for plan in plans:
        kind = "plan" if isinstance(plan, QueryPlan) else "not_explained"
        content = {"kind": kind, **dataclasses.asdict(plan)}
        files.write_text(folder / "plans" / f"{plan.fingerprint}.json", _to_json(content))


def write_trace(folder: Path, trace: Trace) -> None:
    """Write attribution.json: every execution of the trace with the request that it belongs to."""
    told = dataclasses.replace(trace, requests=_named(trace.requests), scaled=_named(trace.scaled))
    files.write_text(folder / TRACE, json.dumps(dataclasses.asdict(told), ensure_ascii=False) + "\n")


def _named(requests: tuple[TracedRequest, ...]) -> tuple[TracedRequest, ...]:
    """As the names of endpoints are read from the rows: without the secrets of queries."""
    return tuple(dataclasses.replace(one, endpoint=redact_query(one.endpoint)) for one in requests)


def write_advice(folder: Path, advice: IndexAdvice) -> Path:
    """Write advice.json: the indexes that were proven for what the run captured."""
    files.write_text(folder / ADVICE, _to_json(dataclasses.asdict(advice)))
    return folder / ADVICE


def _to_json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n"


def find(reference: str, root: Path) -> Path:
    """The folder of a run: a path, a name below `root`, the unambiguous beginning of one, or "latest".

    Raises:
        UsageError: no run, or several, answer to that name.
    """
    if (Path(reference) / RECORD).is_file():
        return Path(reference)
    runs = sorted(path.parent for path in root.glob(f"**/{RECORD}"))
    if reference == "latest" and runs:
        return max(runs, key=lambda run: (run / RECORD).stat().st_mtime)
    matches = [run for run in runs if str(run.relative_to(root)).startswith(reference)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(str(run.relative_to(root)) for run in matches[:5])
        raise UsageError(f"{reference!r} fits several runs: {names}", hint="write more of the name")
    there = ", ".join(str(run.relative_to(root)) for run in runs[-3:]) or "none yet"
    raise UsageError(f"there is no run {reference!r} in {root}", hint=f"the latest runs are: {there}")


def load(folder: Path) -> Run:
    """Read a run back; one that was killed reads as interrupted, with all that reached the disk, and one that goes on
    with what it has until now.

    Of more than 500 endpoints the names are folded into patterns, and a note tells so.

    Raises:
        StoreError: run.json is missing, torn or of a newer schema, or queries.json is torn. What else is torn is left
            out, and a note tells so.
    """
    from perfkit.recorded.readings import read_samples
    from perfkit.recorded.requests import Requests

    record = _read_record(folder)
    requests = Requests(sorted((folder / "requests").glob("*.arrow")))
    phases = (*record.phases, *_marks_from_rows(record, requests.tallies))
    edges = [at for mark in phases for at in (mark.started_at, mark.measured_at, mark.ended_at)]
    queries = _read_queries(folder)
    torn: list[str] = []
    plans = _read_plans(folder, queries, torn)
    trace = _beside(partial(shape.build, Trace), folder, TRACE, torn)
    advice = _beside(partial(shape.build, IndexAdvice), folder, ADVICE, torn)
    return Run(
        folder=folder,
        record=dataclasses.replace(record, phases=phases, notes=(*record.notes, *requests.notes, *torn)),
        requests=requests,
        samples=read_samples([folder / SAMPLES], edges),
        queries=queries,
        plans=plans,
        trace=trace,
        advice=advice,
    )


def _read_record(folder: Path) -> RunRecord:
    path = folder / RECORD
    raw = _needed(partial(shape.build, dict[str, Any]), path)
    if raw.get("schema") != SCHEMA:
        raise StoreError(f"{path} is of another version of perfkit", hint="read it with that version")
    record: RunRecord = _needed(partial(shape.build, RunRecord), path)
    if record.status != "running":
        return record
    if _is_alive(record.provenance.get("pid")):
        return dataclasses.replace(record, notes=(*record.notes, f"the run goes on: read at {time.strftime('%X')}"))
    return dataclasses.replace(record, status="interrupted", notes=(*record.notes, "perfkit was killed in this run"))


def _marks_from_rows(record: RunRecord, tallies: Mapping[str, Tally]) -> Iterator[PhaseMark]:
    """What its rows tell of each phase that a killed or running run has not ended; users and generator CPU they do not
    tell.
    """
    ended = {mark.name for mark in record.phases}
    for phase, tally in tallies.items():
        if record.status != "complete" and phase not in ended:
            yield PhaseMark(
                name=phase,
                users=None,
                started_at=tally.started_at,
                measured_at=min(tally.measured_at, tally.ended_at),
                ended_at=tally.ended_at,
                is_warmup_only=not tally.measured,
            )


def _is_alive(pid: Any) -> bool:
    return isinstance(pid, int) and Path(f"/proc/{pid}").exists()


def _read_queries(folder: Path) -> tuple[CapturedQuery, ...]:
    path = folder / "queries.json"
    return _needed(partial(shape.build, tuple[CapturedQuery, ...]), path) if path.exists() else ()


def _read_plans(
    folder: Path, queries: tuple[CapturedQuery, ...], torn: list[str]
) -> tuple[QueryPlan | NotExplained, ...]:
    """Those that can be read, as their statements are ordered."""
    order = {query.fingerprint: position for position, query in enumerate(queries)}
    names = sorted(f"plans/{path.name}" for path in (folder / "plans").glob("*.json"))
    plans = [plan for name in names if (plan := _beside(_plan, folder, name, torn)) is not None]
    return tuple(sorted(plans, key=lambda plan: order.get(plan.fingerprint, len(order))))


def _needed(make: Callable[[Any], _Held], path: Path) -> _Held:
    """What a file holds without which there is no run.

    Raises:
        StoreError: it is missing, torn, or of another shape.
    """
    try:
        return make(_read(path))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="name the folder of a run") from error
    except ValueError as error:
        hint = "the file was changed or torn; measure again"
        raise StoreError(f"{path} is not what perfkit writes: {error}", hint=hint) from error


def _beside(make: Callable[[Any], _Held], folder: Path, name: str, torn: list[str]) -> _Held | None:
    """What a file holds that a run may be without; None where there is none, or it is torn, which is noted then."""
    try:
        return make(_read(folder / name))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        torn.append(f"{name} is torn and was left out: {why}")
        return None


def _plan(raw: Any) -> QueryPlan | NotExplained:
    kind = QueryPlan if isinstance(raw, dict) and raw.get("kind") == "plan" else NotExplained
    plan: QueryPlan | NotExplained = shape.build(kind, raw)
    return plan


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
