"""Head against base: what counts as a change, what does not, and what cannot be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.judge.compare import compare
from perfkit.model import Change, Comparison, Metric, RunRecord, Scope, Tolerance
from tests.builders import a_metric, a_phase, a_run

ENDPOINT = {"endpoint": "Dashboard Metrics", "phase": "single"}
STEADY = [100.0, 101.0, 99.0, 100.0, 102.0, 98.0, 100.0, 100.0, 101.0, 99.0, 100.0, 100.0]
N = 400


def a_record(seconds: float = 180.0, **facts: Any) -> RunRecord:
    return a_run(phases=[a_phase("single", 0, seconds)], **facts).record


def compared(
    base: Sequence[Metric] = (),
    head: Sequence[Metric] = (),
    blocks: tuple[Sequence[Sequence[Metric]], Sequence[Sequence[Metric]]] = ((), ()),
    tolerance: Tolerance = Tolerance(),  # noqa: B008  # frozen
    records: tuple[RunRecord, RunRecord] | None = None,
) -> Comparison:
    return compare(*(records or (a_record(), a_record())), base, head, *blocks, tolerance)


def the_only(comparison: Comparison) -> Change:
    (change,) = comparison.changes
    return change


def of_blocks(
    base: Sequence[float], head: Sequence[float], name: str = "latency.avg_ms", n: int = N, **scope: Any
) -> Change:
    """The change of one metric whose blocks have these values; that of the run is their mean."""
    scope = scope or ENDPOINT
    sides = [[[a_metric(name, value, n=n, **scope)] for value in values] for values in (base, head)]
    runs = [[a_metric(name, float(np.mean(values)), n=n * len(values), **scope)] for values in (base, head)]
    return the_only(compared(runs[0], runs[1], (sides[0], sides[1])))


def of_counts(name: str, base: float, head: float, n: int = 1000, **facts: Any) -> Change:
    facts = facts or ENDPOINT
    return the_only(compared([a_metric(name, base, n=n, **facts)], [a_metric(name, head, n=n, **facts)]))


def times(factor: float) -> list[float]:
    return [value * factor for value in STEADY]


# Latency and throughput: by blocks


@pytest.mark.parametrize(
    ("factor", "direction"),
    [(1.5, "regressed"), (0.5, "improved"), (1.0, "same"), (1.05, "tiny"), (0.96, "tiny")],
)
def test_the_interval_against_the_tolerance_decides(factor: float, direction: str) -> None:
    assert direction == of_blocks(STEADY, times(factor)).direction


def test_the_change_is_the_ratio_less_one_with_its_interval() -> None:
    change = of_blocks(STEADY, times(1.5))
    assert change.interval is not None
    assert change.relative == pytest.approx(0.5)
    assert 0.45 < change.interval[0] < 0.5 < change.interval[1] < 0.55


def test_a_wide_interval_is_inconclusive_and_says_what_would_have_been_found() -> None:
    wild = [60.0, 160.0, 80.0, 140.0, 70.0, 150.0, 100.0, 90.0]
    change = of_blocks(wild, [value * 1.1 for value in reversed(wild)])
    assert change.direction == "inconclusive"
    assert change.message.startswith("cannot be told: only a change of ")


def test_blocks_that_differ_wildly_are_said_to() -> None:
    change = of_blocks([1.0, 900.0, 5.0, 3.0], [400.0, 2.0, 7.0, 600.0])
    message = "cannot be told: the blocks of time differ too much among themselves"
    assert (change.direction, change.message) == ("inconclusive", message)


def test_less_than_the_absolute_margin_is_no_change_that_counts() -> None:
    """1 ms to 3 ms is three times as long, and below 5 ms."""
    assert of_blocks([1.0] * 8, [3.0] * 8).direction == "tiny"


def test_less_than_the_relative_margin_is_no_change_that_counts() -> None:
    """1000 to 1050 ms is more than 5 ms, and below 10 %."""
    assert of_blocks([1000.0] * 8, [1050.0] * 8).direction == "tiny"


def test_fewer_than_four_blocks_are_inconclusive() -> None:
    change = of_blocks(STEADY, times(3.0)[:3])
    message = "measured in 3 of the 4 blocks of time that are needed: measure longer"
    assert (change.direction, change.message, change.interval) == ("inconclusive", message, None)


def test_a_percentile_gates_only_with_ten_requests_beyond_it_in_a_block() -> None:
    gating = {n: of_blocks(STEADY, times(2.0), "latency.p95_ms", n=n).is_gating for n in (199, 201)}
    assert gating == {199: False, 201: True}


def test_a_median_of_few_requests_is_told_and_gates_nothing() -> None:
    change = of_blocks(STEADY, times(2.0), "latency.p50_ms", n=2)
    assert (change.direction, change.is_gating) == ("regressed", False)


def test_a_percentile_with_no_request_beyond_it_in_a_block_is_inconclusive() -> None:
    assert of_blocks(STEADY, times(2.0), "latency.p95_ms", n=19).direction == "inconclusive"


def test_the_total_over_endpoints_gates_nothing() -> None:
    """In it a change of the mix looks like a change of latency."""
    change = of_blocks(STEADY, times(2.0), phase="single")
    assert (change.direction, change.is_gating) == ("regressed", False)


def test_more_throughput_is_better() -> None:
    scope = {"phase": "single", "better": "higher"}
    changes = [of_blocks(STEADY, times(factor), "throughput.requests_per_s", **scope) for factor in (2, 0.5)]
    assert [change.direction for change in changes] == ["improved", "regressed"]


def test_throughput_of_an_endpoint_is_the_scenarios_doing() -> None:
    both = [a_metric("throughput.requests_per_s", 10.0, **ENDPOINT)]
    assert compared(both, both).changes == ()


def test_a_gating_change_must_stand_among_all_of_them() -> None:
    """One change of 25 that is just beyond the tolerance is what chance alone would show."""
    random = np.random.default_rng(3)
    names = [f"endpoint {number}" for number in range(25)]
    doubtful = [107.0, 123.0, 111.0, 109.0, 128.0, 107.0, 118.0, 125.0, 106.0, 121.0, 111.0, 117.0]
    series = {name: (STEADY, list(random.permutation(STEADY))) for name in names} | {names[0]: (STEADY, doubtful)}
    alone, among = (
        next(change for change in many(chosen).changes if change.scope.endpoint == names[0])
        for chosen in ({names[0]: series[names[0]]}, series)
    )
    assert (alone.direction, among.direction) == ("regressed", "inconclusive")
    assert among.message == "looks regressed, but does not stand among 25 comparisons (Holm)"


def many(series: dict[str, tuple[Sequence[float], Sequence[float]]]) -> Comparison:
    """Averages of several endpoints, block by block."""
    runs, blocks = [], []
    for side in (0, 1):
        columns = {name: values[side] for name, values in series.items()}
        runs.append(
            [
                a_metric(value=float(np.mean(values)), endpoint=name, phase="single", n=N)
                for name, values in columns.items()
            ]
        )
        rows = zip(*columns.values(), strict=True)
        blocks.append(
            [
                [
                    a_metric(value=float(v), endpoint=name, phase="single", n=N)
                    for name, v in zip(columns, row, strict=True)
                ]
                for row in rows
            ]
        )
    return compared(runs[0], runs[1], (blocks[0], blocks[1]))


# Counts and readings


def test_from_no_error_to_one_is_a_regression() -> None:
    change = of_counts("errors.ratio", 0.0, 0.0001, n=10_000)
    assert (change.direction, change.is_gating, change.relative) == ("regressed", True, None)


@pytest.mark.parametrize(
    ("base", "head", "direction"),
    [
        (0.0, 0.0, "same"),
        (0.02, 0.02, "same"),
        (0.02, 0.03, "same"),
        (0.02, 0.08, "regressed"),
        (0.08, 0.02, "improved"),
        (0.08, 0.0, "improved"),
        (1.0, 1.0, "same"),
    ],
)
def test_a_share_of_errors_may_differ_by_three_standard_errors(base: float, head: float, direction: str) -> None:
    """Of 1000 requests: at 2.5 % that is 2.1 points."""
    assert direction == of_counts("errors.ratio", base, head).direction


def test_errors_of_a_kind_are_within_the_total_of_the_endpoint() -> None:
    scope = Scope(endpoint="A", phase="single", kind="timeout")
    both = [replace(a_metric("errors.count", 3.0), scope=scope)]
    assert compared(both, both).changes == ()


@pytest.mark.parametrize(
    ("base", "head", "direction"),
    [(10_000, 10_900, "same"), (10_000, 11_100, "regressed"), (10_000, 1_000, "improved"), (100, 150, "same")],
)
def test_payload_may_differ_by_the_tolerance_and_a_few_bytes(base: float, head: float, direction: str) -> None:
    change = of_counts("payload.wire_bytes", base, head)
    assert (direction, True) == (change.direction, change.is_gating)


@pytest.mark.parametrize(
    ("base", "head", "direction"), [(6, 8, "same"), (6, 9, "regressed"), (40, 43, "same"), (22, 2, "improved")]
)
def test_a_feature_may_add_a_statement_or_two_to_a_request(base: float, head: float, direction: str) -> None:
    """An N+1 adds one for each row."""
    change = of_counts("sql.calls_per_request", base, head)
    assert (direction, True) == (change.direction, change.is_gating)


def test_a_cache_that_hits_more_is_better_and_does_not_gate() -> None:
    change = of_counts("cache.hit_ratio", 0.2, 0.9, better="higher", **ENDPOINT)
    assert (change.direction, change.is_gating) == ("improved", False)


def test_slow_sql_is_compared_for_as_many_requests() -> None:
    """100 in 1,000 requests, then 100 in 10,000: a tenth. The base's count is told beside it."""
    requests = [a_metric("requests.count", count, phase="single") for count in (1000.0, 10_000.0)]
    slow = a_metric("sql.slow_count", 100.0, phase="single")
    change = the_only(compared([slow, requests[0]], [slow, requests[1]]))
    assert (change.direction, change.is_gating, change.relative) == ("improved", False, pytest.approx(-0.9))
    assert change.message.endswith("for as many requests, 100 and 10")


def test_a_few_slow_statements_more_are_chance() -> None:
    assert of_counts("sql.slow_count", 0.0, 4.0, phase="single").direction == "same"


@pytest.mark.parametrize(
    ("name", "base", "head", "direction"),
    [
        ("memory.growth_bytes", 19.83e6, 1.5e6, "improved"),
        ("memory.growth_bytes", 1.5e6, 19.83e6, "regressed"),
        ("memory.growth_bytes", 1e6, 4e6, "inconclusive"),
        ("memory.growth_bytes", -2e6, -2e6, "inconclusive"),
        ("heap.utilisation_ratio", 0.836, 0.60, "improved"),
        ("heap.utilisation_ratio", 0.60, 0.64, "inconclusive"),
    ],
)
def test_one_reading_a_run_is_told_only_beyond_its_allowance_and_gates_nothing(
    name: str, base: float, head: float, direction: str
) -> None:
    change = the_only(compared([a_metric(name, base)], [a_metric(name, head)]))
    assert (direction, False) == (change.direction, change.is_gating)


def test_the_allowance_for_memory_grows_with_the_memory() -> None:
    """8 MB are a change of 50 MB at the start, and not of 1 GB."""
    directions = []
    for start in (50e6, 1e9):
        base, head = (
            [a_metric("memory.growth_bytes", growth), a_metric("memory.start_bytes", start)] for growth in (1e6, 9e6)
        )
        directions.append(the_only(compared(base, head)).direction)
    assert directions == ["regressed", "inconclusive"]


# The whole comparison


def test_what_is_gone_cannot_be_judged() -> None:
    change = the_only(compared([a_metric("errors.ratio", 0.0, **ENDPOINT)], []))
    assert (change.direction, change.is_gating, change.head) == ("inconclusive", True, None)


def test_what_is_new_gates_nothing() -> None:
    change = the_only(compared([], [a_metric("errors.ratio", 0.5, **ENDPOINT)]))
    assert (change.direction, change.is_gating, change.base) == ("inconclusive", False, None)


def test_no_number_is_missing() -> None:
    change = the_only(
        compared([a_metric("errors.ratio", 0.0, **ENDPOINT)], [a_metric("errors.ratio", math.nan, **ENDPOINT)])
    )
    assert (change.direction, change.head) == ("inconclusive", None)


def test_the_latency_of_survivors_is_no_improvement() -> None:
    """Half of the requests fail now; the others are faster."""
    sides = []
    for values, errors in ((STEADY, 0.0), (times(0.5), 0.5)):
        blocks = [[a_metric(value=value, n=N, **ENDPOINT)] for value in values]
        sides.append(
            ([a_metric(value=values[0], n=N, **ENDPOINT), a_metric("errors.ratio", errors, n=N, **ENDPOINT)], blocks)
        )
    comparison = compared(sides[0][0], sides[1][0], (sides[0][1], sides[1][1]))
    directions = {change.metric: change.direction for change in comparison.changes}
    assert directions == {"errors.ratio": "regressed", "latency.avg_ms": "inconclusive"}


def test_the_most_severe_change_comes_first() -> None:
    names = {"A": 100.0, "B": 5_000.0, "C": 2_000.0, "D": 1_000.0}
    base = [a_metric("payload.wire_bytes", 1_000.0, endpoint=name, phase="single") for name in names]
    head = [a_metric("payload.wire_bytes", size, endpoint=name, phase="single") for name, size in names.items()]
    assert [change.scope.endpoint for change in compared(base, head).changes] == ["B", "C", "A", "D"]


def test_it_names_the_runs() -> None:
    comparison = compared(records=(a_record(id="before"), a_record(id="after")))
    assert (comparison.base_id, comparison.head_id) == ("before", "after")


def test_that_pairs_would_be_stronger_is_always_said() -> None:
    assert compared().caveats[0].endswith("interleaved pairs would be stronger.")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"phases": (a_phase("single"), a_phase("concurrent"))}, "Phase concurrent is in one run only."),
        ({"phases": (a_phase("single", 0, 180, users=50),)}, "Phase single had 1 users before and 50 after."),
        ({"provenance": {"host": "otherhost"}}, "The two runs were not made with the same host."),
        (
            {"provenance": {"host": "testhost", "scenario_sha256": "f"}},
            "The two runs were not made with the same scenario.",
        ),
    ],
)
def test_what_else_differs_is_said(facts: dict[str, Any], said: str) -> None:
    assert said in compared(records=(a_record(), replace(a_record(), **facts))).caveats


@pytest.mark.parametrize(
    ("source", "fingerprints", "said"),
    [
        ("log", "own", []),
        ("log", "pgparse 1.0", ["told apart by 'own' before and 'pgparse 1.0' after: none of one run is found"]),
        ("statements", "own", ["captured from 'log' before and 'statements' after: they do not count the same"]),
        (None, None, []),
    ],
)
def test_statements_that_were_captured_otherwise_are_not_new(
    source: str | None, fingerprints: str | None, said: list[str]
) -> None:
    """Where one run captured none, there is nothing to mistake."""
    base, head = (
        a_record(provenance={"capture": {"source": one, "fingerprints": method}} if one else {})
        for one, method in (("log", "own"), (source, fingerprints))
    )
    caveats = [one for one in compared(records=(base, head)).caveats if one.startswith("Statements were")]
    assert len(caveats) == len(said)
    assert all(part in caveat for part, caveat in zip(said, caveats, strict=True))


@pytest.mark.parametrize(("seconds", "is_said"), [(24.0, True), (180.0, False)])
def test_that_blocks_are_short_is_said(seconds: float, is_said: bool) -> None:
    blocks = [[a_metric(**ENDPOINT)] for _ in range(12)]
    caveats = compared(blocks=(blocks, blocks), records=(a_record(seconds), a_record(seconds))).caveats
    assert is_said == any(caveat.startswith("Compared by blocks of 2.0 s") for caveat in caveats)


def test_two_comparisons_of_the_same_runs_are_equal() -> None:
    assert of_blocks(STEADY, times(1.2)) == of_blocks(STEADY, times(1.2))


# How often it is right


def swinging(random: np.random.Generator, likeness: float, spread: float = 0.15, count: int = 12) -> list[float]:
    """Block averages of about 100 ms, each like the one before to this degree."""
    swing, values = random.normal(), []
    for _ in range(count):
        swing = likeness * swing + math.sqrt(1 - likeness**2) * random.normal()
        values.append(100 * math.exp(spread * swing))
    return values


@pytest.mark.parametrize("likeness", [0.0, 0.5])
def test_without_a_change_regressions_are_rare(likeness: float) -> None:
    """200 comparisons of a run with another of the same server, whose blocks swing by 15 % and slowly."""
    random = np.random.default_rng(20250917)
    found = [of_blocks(swinging(random, likeness), swinging(random, likeness)).direction for _ in range(200)]
    assert found.count("regressed") / 200 <= 0.025


def test_half_as_slow_again_is_found() -> None:
    random = np.random.default_rng(20250918)
    slower = ([value * 1.5 for value in swinging(random, 0.3, 0.08)] for _ in range(100))
    found = [of_blocks(swinging(random, 0.3, 0.08), head).direction for head in slower]
    assert found.count("regressed") / 100 >= 0.95


@settings(max_examples=60, deadline=None)
@given(
    base=st.lists(st.floats(1, 1e4), min_size=4, max_size=16), head=st.lists(st.floats(1, 1e4), min_size=4, max_size=16)
)
def test_what_improved_one_way_regressed_the_other(base: list[float], head: list[float]) -> None:
    """Up to the margins, which are of the base: a direction never comes back the same."""
    there, back = of_blocks(base, head).direction, of_blocks(head, base).direction
    assert {there, back} not in ({"improved"}, {"regressed"})
