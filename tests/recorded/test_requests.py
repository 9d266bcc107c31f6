"""The requests of a run, however many: read in pieces, and the same whether they are kept or summed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics
from perfkit.model import Metric, Request
from perfkit.recorded import requests
from perfkit.recorded.requests import Requests
from perfkit.recorded.rows import RowWriter
from perfkit.recorded.spread import ERROR
from tests.builders import START, a_phase, a_request, a_run, a_stream

KINDS = st.sampled_from([None, None, None, "timeout", "http_5xx", "connect"])
ROWS = st.builds(
    lambda endpoint, phase, at, ms, late, kind, size, cache, warm: a_request(
        endpoint,
        at=at,
        ms=ms,
        phase=phase,
        intended_at=START + at - late,
        error=kind,
        ttfb_s=None if kind else ms / 2000,
        wire_bytes=size,
        decoded_bytes=None if size is None else size * 2,
        cache=cache,
        is_warmup=warm,
    ),
    st.sampled_from("ABC"),
    st.sampled_from(["single", "concurrent"]),
    st.floats(0, 60),
    st.floats(0.01, 1e5),
    st.sampled_from([0.0, 0.0, 0.25]),
    KINDS,
    st.none() | st.integers(0, 9),
    st.sampled_from([None, "hit", "miss"]),
    st.booleans(),
)
PHASES = [a_phase("single"), a_phase("concurrent", 0, 60)]


def rounded(found: Sequence[Metric]) -> dict[tuple[str, object], tuple[float, int | None]]:
    return {(one.name, one.scope): (one.value, one.n) for one in found}


def assert_agree(exact: Sequence[Metric], folded: Sequence[Metric]) -> None:
    """Everything to the last digits, but percentiles within their error."""
    kept, summed = rounded(exact), rounded(folded)
    assert list(kept) == list(summed)
    for key, (value, n) in kept.items():
        is_percentile = key[0].split(".")[1].startswith("p") and key[0].endswith("_ms")
        assert summed[key][0] == pytest.approx(value, rel=ERROR * 1.01 if is_percentile else 1e-9)
        assert summed[key][1] == n


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=60))
def test_figures_of_rows_that_are_summed_up_are_those_of_rows_that_are_kept(rows: list[Request]) -> None:
    """Of the whole run, and of each window; by every family of metrics."""
    kept, summed = (a_run(rows, phases=PHASES, most_exact=most) for most in (1_000, 0))
    assert_agree(metrics.compute(kept), metrics.compute(summed))
    for window, other in zip(metrics.windows(kept, 7.0), metrics.windows(summed, 7.0), strict=True):
        assert_agree(window, other)


@settings(max_examples=30, deadline=None)
@given(st.lists(ROWS, max_size=60), st.sampled_from([1, 7, 30]), st.sampled_from([1, 10, 1000]))
def test_figures_do_not_depend_on_the_pieces_that_rows_are_read_in(rows: list[Request], size: int, span: int) -> None:
    whole = a_run(rows, phases=PHASES)
    cut = a_run(phases=PHASES)
    streams = [a_stream(rows[start : start + size], Request) for start in range(0, len(rows), size)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "_SPAN", span)
        patch.setattr(requests, "_CHUNK", size)
        parts = replace(cut, requests=Requests(streams))
        for find in (metrics.compute, lambda run: [m for window in metrics.windows(run, 7.0) for m in window]):
            expected, found = find(whole), find(parts)
            assert [(one.name, one.scope, one.n) for one in found] == [(one.name, one.scope, one.n) for one in expected]
            assert [one.value for one in found] == pytest.approx([one.value for one in expected])


def test_a_file_is_read_in_pieces_of_several_batches(tmp_path: Path) -> None:
    with RowWriter(tmp_path / "single-1.arrow", Request) as writer:
        for second in range(100):
            writer.append([astuple(a_request(at=second + part / 200)) for part in range(200)])
    found = Requests([tmp_path / "single-1.arrow"])
    counts = [
        sum(len(rows) for rows in part.chunks) for part in found.cut(START + np.arange(0.0, 101.0, 10.0), "single")
    ]
    assert (len(found), counts) == (20_000, [2_000] * 10)


def test_it_is_told_when_percentiles_are_not_exact() -> None:
    """Of the phase that has too many; what is no figure does not count."""
    rows = [a_request(at=at, phase=phase) for phase in ("single", "concurrent") for at in range(3)]
    run = a_run([*rows[:5], replace(rows[5], is_warmup=True)], phases=PHASES, most_exact=2)
    assert run.requests.notes == (
        "phase single: of 3 requests the percentiles are told within 0.1%; of up to 2 they are exact",
    )


def test_a_tally_tells_what_there_is_of_a_phase() -> None:
    rows = [a_request(at=1, is_warmup=True), a_request(at=2, error="connect"), a_request(at=9, ms=500)]
    tally = a_run(rows).requests.tallies["single"]
    assert (tally.requests, tally.measured, tally.failed, tally.late) == (3, 2, 1, 0)
    assert [at - START for at in (tally.started_at, tally.measured_at, tally.ended_at)] == [1.0, 2.0, 9.5]


def test_messages_are_counted_with_their_kind() -> None:
    said = {"error": "connect", "message": "refused"}
    found = a_run([a_request(**said), a_request(**said), a_request(), a_request(is_warmup=True, **said)]).requests
    assert found.messages("single") == {("connect", "refused"): 2}
