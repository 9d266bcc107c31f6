"""N+1: what counts as one, how it is proven, and the statement for all at once."""

from __future__ import annotations

import pytest

from perfkit.model import Trace
from perfkit.queries.attribution import Window, attribute
from perfkit.queries.executions import TimedExecution
from perfkit.queries.n_plus_one import batched, repetitions, slope, to_scale

START = 1_790_000_000.0
ITEM = "SELECT name FROM items WHERE id = $1"


def a_trace(
    calls: int, *, values: str = "differ", page: int | None = None, sql: str = ITEM, requests: int = 2
) -> Trace:
    """Requests of 100 ms, in each of which `sql` runs so often, a millisecond apart."""
    name = "List" if page is None else f"List (page of {page})"
    executions = [
        TimedExecution(
            START + request + 0.010 + number / 1e3, 0.1, None, sql, (str(number) if values == "differ" else "7",)
        )
        for request in range(requests)
        for number in range(calls)
    ]
    return attribute(executions, [Window(name, START + request, 0.1) for request in range(requests)])


def with_pages(calls: int, *pages: tuple[int, int]) -> Trace:
    """A trace with requests for other pages: (rows, calls)."""
    trace = a_trace(calls)
    scaled = tuple(request for page, often in pages for request in a_trace(often, page=page).scaled)
    return Trace(trace.phase, trace.statements, trace.requests, scaled)


@pytest.mark.parametrize(("calls", "found"), [(2, 0), (3, 1), (50, 1)])
def test_three_times_a_request_is_the_least(calls: int, found: int) -> None:
    assert len(repetitions(a_trace(calls))) == found


def test_other_values_are_a_loop_and_the_same_ones_a_repeat() -> None:
    """The one is asked for all at once, the other is asked once."""
    (loop,), (repeat,) = repetitions(a_trace(5)), repetitions(a_trace(5, values="same"))
    assert (loop.kind, repeat.kind) == ("LOOP", "REPEAT")
    assert (loop.batch is None, repeat.batch) == (False, None)


def test_its_cost_is_what_came_after_the_first_call() -> None:
    """From the end of one execution to the end of the next: with the round trip and the loop's own code."""
    (found,) = repetitions(a_trace(11))
    assert found.cost_ms == pytest.approx(10, abs=0.1)
    assert found.share == pytest.approx(0.1, abs=0.01)


def test_transaction_control_is_no_n_plus_one() -> None:
    assert repetitions(a_trace(9, sql="SAVEPOINT s")) == ()


def test_twice_the_rows_twice_the_calls_is_the_proof() -> None:
    (found,) = repetitions(with_pages(20, (10, 10), (20, 20), (40, 40)))
    assert found.slope == pytest.approx(1.0)
    (flat,) = repetitions(with_pages(20, (10, 20), (20, 20), (40, 20)))
    assert flat.slope == pytest.approx(0.0)


def test_one_size_proves_nothing() -> None:
    assert slope([(10, 10.0)]) is None
    (found,) = repetitions(a_trace(5))
    assert found.slope is None


def test_only_endpoints_that_read_are_asked_again() -> None:
    assert to_scale(a_trace(5)) == ("List",)
    assert to_scale(a_trace(5, sql="UPDATE items SET seen = true WHERE id = $1")) == ()
    assert to_scale(a_trace(2)) == ()


@pytest.mark.parametrize(
    ("statement", "batch"),
    [
        ("SELECT name FROM items WHERE id = $1", "SELECT id, name FROM items WHERE id = ANY($1)"),
        (
            "SELECT * FROM items WHERE order_id = ? ORDER BY id",
            "SELECT * FROM items WHERE order_id = ANY($1) ORDER BY id",
        ),
        ("SELECT i.id FROM items i WHERE i.id = $1", "SELECT i.id FROM items i WHERE i.id = ANY($1)"),
        ("SELECT name FROM items WHERE id = $1 LIMIT 1", None),
        ("SELECT name FROM items WHERE id = $1 AND kind = $2", None),
        ("SELECT name FROM items WHERE id >= $1", None),
        ("SELECT name FROM items WHERE id IN (SELECT id FROM x WHERE y = $1)", None),
        ("UPDATE items SET name = $1", None),
    ],
)
def test_the_batched_form(statement: str, batch: str | None) -> None:
    """One comparison is exchanged, and the rows tell whose they are; anything less plain is left to people."""
    assert batched(statement) == batch
