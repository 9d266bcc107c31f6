"""The database under load: statements as captured, as traced to their requests, and what they cost each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """Bind parameters of one execution, as text ($1 first); None is NULL."""

    values: tuple[str | None, ...]
    duration_ms: float


@dataclass(frozen=True, slots=True)
class CapturedQuery:
    """One statement shape and what the server said of it. `parameter_sets`: the slowest first, a few kept.

    `query_id` is the server's own, as text: it exceeds 2^53. `tags` are those of comments: key → value → calls.
    `rows` and `blocks` (shared, hit or read) are of all calls, None where nobody told. `plan` is one that the server
    logged by itself, as text or as JSON. `is_estimate`: times and calls are estimated from samples. `phases` are calls,
    `phase_ms` the time in them, empty where it was not told. `max_ms` is None where only means were told. `user` is the
    one whose execution was kept; `users` are calls by user, where they were counted so.
    """

    fingerprint: str
    statement: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float | None
    parameter_sets: tuple[ParameterSet, ...] = ()
    phases: Mapping[str, int] = field(default_factory=dict)
    query_id: str | None = None
    database: str | None = None
    user: str | None = None
    tags: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rows: int | None = None
    blocks: int | None = None
    plan: str | None = None
    is_estimate: bool = False
    phase_ms: Mapping[str, float] = field(default_factory=dict)
    users: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TracedStatement:
    """A statement shape that was executed in a trace. Rows and blocks are means of one execution, None where no server
    statistics told them; `is_write` is None where the statement cannot be read. `query_id` is the server's own.
    """

    fingerprint: str
    statement: str
    is_write: bool | None = None
    rows: float | None = None
    blocks: float | None = None
    query_id: str | None = None


@dataclass(frozen=True, slots=True)
class TracedExecution:
    """One execution of a traced request, in ms: `after_ms` from the request's start to the end of the execution.

    `values` is a hash of what it was run with: the same for the same values, and nobody can read them from it.
    `planning_ms` is parsing and planning, None where the server told only the sum. `route` is the application's tag.
    """

    fingerprint: str
    after_ms: float
    ms: float
    planning_ms: float | None = None
    values: str = ""
    route: str | None = None


@dataclass(frozen=True, slots=True)
class TracedRequest:
    """One request at concurrency 1 and the SQL that ran meanwhile, in order. `page_size`: it asked for so many rows."""

    endpoint: str
    started_at: float
    service_ms: float
    executions: tuple[TracedExecution, ...] = ()
    page_size: int | None = None
    is_ok: bool = True


@dataclass(frozen=True, slots=True)
class Trace:
    """Which SQL ran for which endpoint: raw executions, from which all figures are computed.

    `requests` are those of the scenario, `scaled` those with other page sizes. `logged_from_ms`: shorter executions
    were not logged. `round_trip_ms`: of a SELECT 1 from here. `outside`: executions that belong to no request.
    `untagged`, `disagreeing`: executions without a route tag where others have one, and those whose tag stands for
    another endpoint.
    """

    phase: str
    statements: tuple[TracedStatement, ...] = ()
    requests: tuple[TracedRequest, ...] = ()
    scaled: tuple[TracedRequest, ...] = ()
    logged_from_ms: float = 0.0
    round_trip_ms: float | None = None
    clock_ahead_ms: float = 0.0
    outside: int = 0
    untagged: int = 0
    disagreeing: int = 0


@dataclass(frozen=True, slots=True)
class StatementShare:
    """One statement's part in an endpoint, a request: calls, time in the server, and `until_ms`, the time from the end
    of the statement before to its own end, with the round trip and what the application did in between.
    `lock_wait_ms` is that of the budget, as far as it is this statement's.
    """

    statement: TracedStatement
    calls: float
    ms: float
    until_ms: float
    lock_wait_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Where the time of one request of an endpoint goes, in ms, means over `requests` at concurrency 1.

    `execution_ms` + `planning_ms` + `round_trips_ms` + `rest_ms` is `service_ms`, unless the statements ran beside each
    other (`is_parallel`). `planning_ms` is part of `execution_ms` where the server told only the sum. There is no lock
    to wait for at concurrency 1: `lock_wait_ms` is of a request in the phase under load `lock_wait_phase`, beside the
    sum, None where nobody looked.
    """

    endpoint: str
    requests: int
    service_ms: float
    calls: float
    execution_ms: float
    planning_ms: float
    round_trips_ms: float
    rest_ms: float
    rows: float | None
    blocks: float | None
    statements: tuple[StatementShare, ...]
    is_parallel: bool = False
    lock_wait_ms: float | None = None
    lock_wait_phase: str | None = None


@dataclass(frozen=True, slots=True)
class Repetition:
    """One statement that runs again and again within a request of an endpoint: an N+1.

    LOOP: with other values each time; REPEAT: with the same. `cost_ms` is what the calls after the first took of a
    request, round trips and all. `sizes` are (rows a page, calls) that were tried, `slope` the calls for each row of a
    page; None where it was not tried. `batch` is the statement for all at once, None where none can be written.
    """

    endpoint: str
    fingerprint: str
    statement: str
    kind: Literal["LOOP", "REPEAT"]
    calls: float
    cost_ms: float
    share: float
    sizes: tuple[tuple[int, float], ...] = ()
    slope: float | None = None
    batch: str | None = None
