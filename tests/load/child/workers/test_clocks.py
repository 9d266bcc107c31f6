"""How far a worker's clock is ahead, by its messages to the master and back; and rows that are shifted by that."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.load.child.workers.clocks import KEPT, Ahead, Clocks
from perfkit.load.child.workers.fetching import shift
from perfkit.model import Request
from perfkit.recorded.rows import RowWriter, read_rows


def test_the_fastest_answer_tells_best() -> None:
    """Three seconds ahead: one answer took 2 s to come back, the other 20 ms."""
    clocks = Clocks()
    clocks.note(sent_at=103.0, answered_at=100.01, received_at=105.0)
    clocks.note(sent_at=113.0, answered_at=110.01, received_at=113.02)
    assert clocks.best == pytest.approx((3.0, 0.01))


def test_old_answers_are_forgotten() -> None:
    """Clocks drift."""
    clocks = Clocks()
    clocks.note(0.0, 0.0, 0.0)
    for _ in range(KEPT):
        clocks.note(1.0, 0.5, 1.2)
    assert clocks.best == pytest.approx((0.6, 0.1))


def test_what_may_as_well_be_nothing_is_not_corrected() -> None:
    """An answer that took 20 ms tells no difference of 6 ms."""
    assert Ahead(0.006, 0.010).certain_s is None
    assert Ahead(-3.0, 0.010).certain_s == -3.0


def test_a_clock_that_was_set_back_meanwhile_tells_nothing() -> None:
    clocks = Clocks()
    clocks.note(sent_at=100.0, answered_at=100.0, received_at=99.0)
    assert clocks.best is None


def test_rows_of_a_fast_clock_are_shifted_back(tmp_path: Path) -> None:
    """In both times, in every batch; nothing else changes."""
    shard = tmp_path / "one.arrow"
    row = ("load", "Page", 10.0, 11.0, 0.1, 0.2, 200, 1, 1, None, None, None, False)
    with RowWriter(shard, Request) as writer:
        writer.append([row])
        writer.append([row])
    shift(shard, -2.5)
    rows = read_rows([shard], Request).to_pylist()
    assert [(one["intended_at"], one["started_at"], one["service_s"]) for one in rows] == [(7.5, 8.5, 0.2)] * 2
    assert list(tmp_path.iterdir()) == [shard]
