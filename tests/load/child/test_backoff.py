"""Pauses between tries: none before a failure, then doubling up to the longest."""

from __future__ import annotations

from perfkit.load.child.backoff import Backoff


def test_pauses_double_up_to_the_longest_until_something_succeeds() -> None:
    backoff = Backoff(0.1, 0.5)
    pauses = [backoff.pause_s]
    for _ in range(4):
        backoff.fail()
        pauses.append(backoff.pause_s)
    assert pauses == [0.0, 0.1, 0.2, 0.4, 0.5]
    backoff.succeed()
    assert backoff.pause_s == 0.0


def test_any_number_of_failures_is_the_longest_pause() -> None:
    backoff = Backoff(0.1, 5.0)
    for _ in range(5000):
        backoff.fail()
    assert backoff.pause_s == 5.0
