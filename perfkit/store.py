"""A run ⇄ its folder. Every file but the growing row streams is written whole or not at all. Judges nothing."""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin, get_type_hints

from perfkit import files
from perfkit.endpoints import fold_rows
from perfkit.errors import StoreError, UsageError
from perfkit.model import CapturedQuery, NotExplained, PhaseMark, QueryPlan, Request, Run, RunRecord, Sample, Trace

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = 1
RECORD: Final = "run.json"
SAMPLES: Final = "samples.arrow"
TRACE: Final = "attribution.json"


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
    files.write_text(folder / TRACE, json.dumps(dataclasses.asdict(trace), ensure_ascii=False) + "\n")


def _read_trace(folder: Path) -> Trace | None:
    path = folder / TRACE
    return _build(Trace, _read_json(path)) if path.exists() else None


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
    """Read a run back; one that was killed reads as interrupted, with all that reached the disk.

    Of more than 500 endpoints the names are folded into patterns, and a note tells so.

    Raises:
        StoreError: run.json is missing, torn or of a newer schema.
    """
    from perfkit.rows import read_rows

    record = _read_record(folder)
    requests, told = fold_rows(_frame(read_rows(sorted((folder / "requests").glob("*.arrow")), Request)))
    phases = record.phases or _marks_from_rows(requests)
    return Run(
        folder=folder,
        record=dataclasses.replace(record, phases=phases, notes=(*record.notes, *([told] if told else []))),
        requests=requests,
        samples=_frame(read_rows([folder / SAMPLES] if (folder / SAMPLES).exists() else [], Sample)),
        queries=_read_queries(folder),
        plans=_read_plans(folder),
        trace=_read_trace(folder),
    )


def _frame(table: Any) -> pd.DataFrame:
    import pyarrow as pa

    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    pa.default_memory_pool().release_unused()  # a long run's columns are now in the frame, and not needed twice
    return frame


def _read_record(folder: Path) -> RunRecord:
    raw = _read_json(folder / RECORD)
    if not isinstance(raw, dict) or raw.pop("schema", None) != SCHEMA:
        raise StoreError(f"{folder / RECORD} is of another version of perfkit", hint="read it with that version")
    record: RunRecord = _build(RunRecord, raw)
    if record.status == "running" and not _is_alive(record.provenance.get("pid")):
        return dataclasses.replace(
            record, status="interrupted", notes=(*record.notes, "perfkit was killed in this run")
        )
    return record


def _marks_from_rows(requests: pd.DataFrame) -> tuple[PhaseMark, ...]:
    """What the rows of a killed run tell of its phases; users and generator CPU died with it."""
    marks = []
    for phase, rows in requests.groupby("phase", observed=True):
        measured = rows[~rows["is_warmup"]]
        started, ended = rows["started_at"].min(), (rows["started_at"] + rows["service_s"]).max()
        marks.append(
            PhaseMark(
                name=str(phase),
                users=None,
                started_at=float(started),
                measured_at=float(measured["started_at"].min()) if len(measured) else float(ended),
                ended_at=float(ended),
                is_warmup_only=not len(measured),
            )
        )
    return tuple(sorted(marks, key=lambda mark: mark.started_at))


def _is_alive(pid: Any) -> bool:
    return isinstance(pid, int) and Path(f"/proc/{pid}").exists()


def _read_queries(folder: Path) -> tuple[CapturedQuery, ...]:
    path = folder / "queries.json"
    return tuple(_build(CapturedQuery, raw) for raw in _read_json(path)) if path.exists() else ()


def _read_plans(folder: Path) -> tuple[QueryPlan | NotExplained, ...]:
    order = {query.fingerprint: position for position, query in enumerate(_read_queries(folder))}
    plans = []
    for path in (folder / "plans").glob("*.json"):
        raw = _read_json(path)
        plans.append(_build(QueryPlan if raw.pop("kind") == "plan" else NotExplained, raw))
    return tuple(sorted(plans, key=lambda plan: order.get(plan.fingerprint, len(order))))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="name the folder of a run") from error
    except ValueError as error:
        raise StoreError(f"{path} is not JSON: {error}", hint="the file was changed or torn; measure again") from error


def _build(kind: Any, raw: Any) -> Any:
    """A value of the annotated type from its JSON form; unknown keys are left out, so that newer runs can be read."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{key: _build(hints[key], value) for key, value in raw.items() if key in hints})  # type: ignore[operator]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(raw, list):
        kinds = [arguments[0]] * len(raw) if arguments[-1] is Ellipsis else arguments
        return tuple(_build(one, value) for one, value in zip(kinds, raw, strict=True))
    if origin in {Union, UnionType}:
        (inner,) = [one for one in arguments if one is not NoneType]
        return None if raw is None else _build(inner, raw)
    return Path(raw) if kind is Path else raw
