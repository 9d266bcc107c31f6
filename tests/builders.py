"""One builder for everything the tests need to have measured: say what matters, the rest is a plain default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from perfkit.model import (
    CapturedQuery,
    Expectation,
    Judged,
    Metric,
    NotExplained,
    Outcome,
    PhaseMark,
    QueryPlan,
    Request,
    Run,
    RunRecord,
    Sample,
    Scope,
    Story,
    Verdict,
)
from perfkit.recorded.readings import read_samples
from perfkit.recorded.requests import MOST_EXACT, Requests
from perfkit.recorded.rows import read_rows, schema_of

START = 1_790_000_000.0


def a_request(endpoint: str = "Dashboard Metrics", at: float = 0.0, ms: float = 100.0, **facts: Any) -> Request:
    """A request `at` seconds after the run's start that took `ms`; `facts` are any fields of Request."""
    plain = Request(
        phase="single",
        endpoint=endpoint,
        intended_at=START + at,
        started_at=START + at,
        ttfb_s=ms / 1000 * 0.9,
        service_s=ms / 1000,
        status=200,
        wire_bytes=1000,
        decoded_bytes=1000,
        cache=None,
        error=None,
        message=None,
        is_warmup=False,
    )
    return replace(plain, **facts)


def a_sample(metric: str, value: float, at: float = 0.0, source: str = "target") -> Sample:
    return Sample(at=START + at, source=source, metric=metric, value=value)


def a_phase(name: str = "single", start: float = 0.0, end: float = 60.0, **facts: Any) -> PhaseMark:
    plain = PhaseMark(name=name, users=1, started_at=START + start, measured_at=START + start, ended_at=START + end)
    return replace(plain, **facts)


def a_run(
    requests: Iterable[Request] = (),
    samples: Iterable[Sample] = (),
    phases: Sequence[PhaseMark] | None = None,
    queries: Sequence[CapturedQuery] = (),
    plans: Sequence[QueryPlan | NotExplained] = (),
    folder: Path = Path("reports/a-run"),
    most_exact: int = MOST_EXACT,
    **record: Any,
) -> Run:
    """A whole run; without `phases` one phase "single" of 60 s. `most_exact` as for Requests."""
    plain = RunRecord(
        id="20261122-120000-abcd",
        name="pharma_erp",
        status="complete",
        started_at=START,
        ended_at=START + 60,
        provenance={"perfkit": "0.1.0", "git_commit": "0123abc", "host": "testhost", "cpus": 2},
        config={},
        phases=tuple(phases) if phases is not None else (a_phase(),),
    )
    return Run(
        folder=folder,
        record=replace(plain, **record),
        requests=Requests([a_stream(requests, Request)], most_exact),
        samples=read_samples([a_stream(samples, Sample)]),
        queries=tuple(queries),
        plans=tuple(plans),
    )


def rows_of(run: Run) -> pd.DataFrame:
    """The requests of a run that lies on disk, as a table with the columns of Request."""
    frame: pd.DataFrame = read_rows(sorted((run.folder / "requests").glob("*.arrow")), Request).to_pandas()
    return frame


def a_stream(rows: Iterable[Any], row_class: type) -> pa.Buffer:
    """What a RowWriter would put on disk."""
    schema, sink = schema_of(row_class), pa.BufferOutputStream()
    columns = list(zip(*map(astuple, rows), strict=True)) or [()] * len(schema)
    with pa.ipc.new_stream(sink, schema) as stream:
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        stream.write_batch(pa.record_batch(arrays, schema=schema))
    return sink.getvalue()


def a_metric(
    name: str = "latency.avg_ms",
    value: float = 100.0,
    endpoint: str | None = None,
    phase: str | None = None,
    **facts: Any,
) -> Metric:
    """A metric; `facts` are further fields of Metric, or `scope` in place of endpoint and phase."""
    return replace(Metric(name=name, value=value, scope=Scope(endpoint=endpoint, phase=phase)), **facts)


def a_verdict(
    that: str = "latency.avg{single} < 200ms",
    outcome: Outcome = "pass",
    observed: Metric | None = None,
    message: str = "",
    **asked: Any,
) -> Verdict:
    """A verdict on `latency.avg{single} < 200ms`; `asked` are fields of its expectation."""
    plain = Expectation(that=that, metric="latency.avg_ms", select={"phase": "single"}, op="<", limit=200.0)
    return Verdict(replace(plain, **asked), outcome, observed, message or f"{that}: {outcome}")


def a_judged(record: RunRecord | None = None, **facts: Any) -> Judged:
    """A judged run, without any result but what `facts` (fields of Judged) say."""
    return replace(Judged(run=record or a_run().record), **facts)


def a_story(after: Judged | None = None, **facts: Any) -> Story:
    """The story of one run; with `before=` of two."""
    return replace(Story(title="Pharmaceutical ERP", after=after or a_judged()), **facts)
