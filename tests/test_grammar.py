"""The grammar: how a target is written, and what is said of one that is written wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import grammar, units
from perfkit.grammar import GrammarError, parse_comparison, parse_expectation, parse_select, show_select
from perfkit.model import Expectation

METRICS = {
    "latency.avg_ms": "mean",
    "latency.p90_ms": "90th percentile",
    "errors.ratio": "share",
    "errors.count": "number",
    "cache.hit_ratio": "share",
    "memory.growth_bytes": "growth",
    "throughput.requests_per_s": "rate",
    "system.load1": "load",
}
PHASES = ("single", "concurrent")


def parsed(text: str, **extras: Any) -> Expectation:
    return parse_expectation(text, metrics=METRICS, phases=PHASES, **extras)


def an_expectation(that: str, metric: str, select: dict[str, str], op: Any, limit: float, **facts: Any) -> Expectation:
    return Expectation(that=that, metric=metric, select=select, op=op, limit=limit, **facts)


@pytest.mark.parametrize(
    ("text", "metric", "select", "op", "limit", "facts"),
    [
        (
            "latency.avg{Dashboard Metrics, concurrent} < 200ms",
            "latency.avg_ms",
            {"endpoint": "Dashboard Metrics", "phase": "concurrent"},
            "<",
            200.0,
            {},
        ),
        ("errors.ratio < 0.1%", "errors.ratio", {}, "<", 0.001, {}),
        (
            "latency.p90{*, concurrent} < 1s for 10s",
            "latency.p90_ms",
            {"endpoint": "*", "phase": "concurrent"},
            "<",
            1000.0,
            {"window_s": 10.0},
        ),
        (
            'cache.hit_ratio{endpoint="Dashboard, Metrics"} > 80% optional',
            "cache.hit_ratio",
            {"endpoint": "Dashboard, Metrics"},
            ">",
            0.8,
            {"is_optional": True},
        ),
        ("memory.growth<2MB", "memory.growth_bytes", {}, "<", 2e6, {}),
        ("latency.avg_ms{} <= 1 m 30 s advisory", "latency.avg_ms", {}, "<=", 90_000.0, {"is_advisory": True}),
        ("errors.count{kind = timeout} == 0", "errors.count", {"kind": "timeout"}, "==", 0.0, {}),
        ("system.load1 < 2.0", "system.load1", {}, "<", 2.0, {}),
        (
            "throughput.requests >= 100/s for 1m30s optional advisory",
            "throughput.requests_per_s",
            {},
            ">=",
            100.0,
            {"window_s": 90.0, "is_optional": True, "is_advisory": True},
        ),
        ("latency.avg{GET /api?page=1} < 1s", "latency.avg_ms", {"endpoint": "GET /api?page=1"}, "<", 1000.0, {}),
        ("latency.avg{endpoint=single} < 1s", "latency.avg_ms", {"endpoint": "single"}, "<", 1000.0, {}),
    ],
)
def test_an_expectation_reads_as_it_is_written(
    text: str, metric: str, select: dict[str, str], op: str, limit: float, facts: dict[str, Any]
) -> None:
    assert an_expectation(text, metric, select, op, limit, **facts) == parsed(text)


def test_further_facts_go_into_the_expectation() -> None:
    expectation = parsed("errors.ratio < 1%", priority="critical", documented="3%", is_optional=True)
    expected = replace(parsed("errors.ratio < 1%"), priority="critical", documented="3%", is_optional=True)
    assert expected == expectation


@pytest.mark.parametrize(
    ("text", "said", "position", "suggestion"),
    [
        ("", "a metric is missing", 0, None),
        ("latncy.avg < 3s", "there is no metric 'latncy.avg'", 0, "latency.avg"),
        ("latency.avg", "a comparison is missing", 11, None),
        ("latency.avg < ", "a quantity is missing", 14, None),
        ("latency.avg < 200", "a unit is missing", 14, None),
        ("latency.avg = 200ms", "'=' is none of", 12, "=="),
        ("latency.avg < -5ms", "latency.avg is never below zero", 14, None),
        ("latency.avg => 200ms", "'=>' is none of", 12, ">="),
        ("latency.avg < 2MB", "'MB' does not fit", 14, None),
        ("latency.avg < 1s optionl", "not a quantity", 14, "optional"),
        ("latency.avg < 1s for 10s advisry", "not a quantity", 21, "advisory"),
        ("latency.avg < 1s optional advisry", "'advisry' is too much", 26, "advisory"),
        ("latency.avg < 1s for", "a quantity is missing", 20, None),
        ("latency.avg < 1s for 0s", "longer than 0 s", 23, None),
        ("latency.avg{phase=concurent} < 3s", "there is no phase 'concurent'", 18, "concurrent"),
        ("latency.avg{endpont=x} < 3s", "'endpont' is no key", 12, "endpoint"),
        ("latency.avg{a, b} < 3s", "endpoint is named twice ('a' and 'b')", 15, None),
        ("latency.avg{a < 3s", "the selector does not end", 18, None),
        ('latency.avg{"a} < 3s', "the quotation mark is not closed", 12, None),
        ("latency.avg{a,,b} < 3s", "a value is missing", 14, None),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_was_meant(
    text: str, said: str, position: int, suggestion: str | None
) -> None:
    with pytest.raises(GrammarError) as caught:
        parsed(text)
    assert said in str(caught.value)
    assert (position, suggestion) == (caught.value.position, caught.value.suggestion)


def test_a_name_that_two_metrics_share_needs_its_unit() -> None:
    with pytest.raises(GrammarError, match=r"x\.a_ms or x\.a_bytes: write the unit too"):
        parse_select("x.a", metrics={"x.a_ms": "", "x.a_bytes": ""}, phases=())


def test_without_known_phases_any_phase_may_be_named() -> None:
    assert parse_select("latency.avg{phase=x}", metrics=METRICS, phases=()) == ("latency.avg_ms", {"phase": "x"})


def test_a_selector_may_stand_alone() -> None:
    assert parse_select(" latency.avg{single} ", metrics=METRICS, phases=PHASES) == (
        "latency.avg_ms",
        {"phase": "single"},
    )


def test_a_selector_with_more_behind_it_is_refused() -> None:
    with pytest.raises(GrammarError, match="'< 3s' is too much"):
        parse_select("latency.avg < 3s", metrics=METRICS, phases=PHASES)


def test_a_comparison_may_stand_alone() -> None:
    assert parse_comparison("<100ms", "latency.avg_ms") == ("<", 100.0)


def test_a_comparison_with_more_behind_it_is_refused() -> None:
    with pytest.raises(GrammarError, match="too much after the limit"):
        parse_comparison("<100ms for 10s", "latency.avg_ms")


def test_the_nearest_word_is_found_whatever_its_case() -> None:
    assert grammar.closest("dashboard metrics", ["Dashboard Metrics", "Quotations"]) == "Dashboard Metrics"


selects = st.dictionaries(st.sampled_from(grammar.KEYS), st.text())
limits = st.decimals(0, 10**9, allow_nan=False, places=4)
UNITS = {"ms": "ms", "bytes": "B", "per_s": "/s", "ratio": "", "count": "", "": ""}


@given(metric=st.sampled_from(sorted(METRICS)), select=selects)
def test_a_shown_selector_is_read_back(metric: str, select: dict[str, str]) -> None:
    assert (metric, select) == parse_select(show_select(metric, select), metrics=METRICS, phases=())


@given(
    metric=st.sampled_from(sorted(METRICS)),
    select=selects,
    op=st.sampled_from(grammar.OPS),
    limit=limits,
    window=st.none() | st.integers(1, 10**6),
    flags=st.permutations(grammar.FLAGS).flatmap(lambda both: st.sampled_from([(), both[:1], both])),
)
def test_a_written_expectation_is_read_back(
    metric: str, select: dict[str, str], op: str, limit: Any, window: int | None, flags: tuple[str, ...]
) -> None:
    unit = UNITS[units.suffix_of(metric)]
    words = [show_select(metric, select), f"{op}{limit:f}{unit}", f"for {window}s" if window else "", *flags]
    expectation = parse_expectation(" ".join(filter(None, words)), metrics=METRICS, phases=())
    assert (metric, select, op) == (expectation.metric, expectation.select, expectation.op)
    assert (float(limit), window) == (pytest.approx(expectation.limit), expectation.window_s)
    assert ("optional" in flags, "advisory" in flags) == (expectation.is_optional, expectation.is_advisory)


def pieces() -> st.SearchStrategy[str]:
    """Texts that get far into the parser: its own words in any order, and anything between them."""
    words = [
        "latency.avg",
        "{",
        "}",
        ",",
        "=",
        '"',
        "\\",
        "<",
        ">",
        "200ms",
        "for",
        "10s",
        "optional",
        "phase",
        "single",
    ]
    return st.lists(st.sampled_from(words) | st.text(max_size=5)).flatmap(
        lambda parts: st.sampled_from(["".join(parts), " ".join(parts)])
    )


def place_of_mistake(parse: Callable[..., object], *arguments: str) -> int | None:
    """Where a parser finds a mistake, None where it finds none."""
    try:
        parse(*arguments)
    except GrammarError as error:
        return error.position
    return None


@given(text=st.text() | pieces())
def test_any_text_is_an_expectation_or_a_grammar_error(text: str) -> None:
    assert place_of_mistake(parsed, text) in {None, *range(len(text) + 1)}


@given(text=st.text() | pieces(), metric=st.sampled_from(sorted(METRICS)))
def test_any_text_is_a_comparison_or_a_grammar_error(text: str, metric: str) -> None:
    assert place_of_mistake(parse_comparison, text, metric) in {None, *range(len(text) + 1)}
