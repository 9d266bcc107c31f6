"""Leaks before and after: what counts as a change of how something grows, and how often that is decided wrongly."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.judge.compare import compare
from perfkit.judge.leaks import growth_difference, leak_changes
from perfkit.metrics.leak import leaks_of
from perfkit.model import Change, LeakVerdict, PhaseMark, Round, Rounds, Tolerance
from tests.builders import a_run

MB = 1e6
REQUESTS = 1000
READ, KEPT = 0.05 * MB, 0.1 * MB
RUNS = 300


def judged(floors: list[float], resource: str = "memory", idle: float = 0.0) -> LeakVerdict:
    """The verdict on these floors, of rounds of 1,000 requests."""
    name = {"memory": "memory_bytes", "heap": "heap_bytes", "fds": "fds_count"}[resource]
    rounds = tuple(Round(REQUESTS, 10.0, {name: floor}) for floor in floors)
    found = Rounds(({name: idle},) * 6, rounds, cooled={name: floors[-1]}, is_collected=resource == "heap")
    (verdict,) = leaks_of(PhaseMark("leak", 4, 0.0, 0.0, 90.0, rounds=found))
    return verdict


def steady(per_round: float, rounds: int = 8, start: float = 80 * MB) -> list[float]:
    return [start + per_round * number for number in range(rounds + 1)]


def the_change(before: LeakVerdict | None, after: LeakVerdict | None) -> Change:
    sides = [[verdict] if verdict else [] for verdict in (before, after)]
    (found,) = leak_changes(sides[0], sides[1], Tolerance())
    return found.change


LEAKS, FLAT = judged(steady(2 * MB)), judged(steady(0.0))
RETAINED, OPEN = replace(LEAKS, outcome="RETAINED"), replace(LEAKS, outcome="INCONCLUSIVE")


@pytest.mark.parametrize(
    ("before", "after", "direction", "is_gating"),
    [
        (LEAKS, FLAT, "improved", True),
        (FLAT, LEAKS, "regressed", True),
        (FLAT, FLAT, "same", True),
        (LEAKS, LEAKS, "same", True),
        (LEAKS, judged(steady(2.1 * MB)), "tiny", True),
        (LEAKS, judged(steady(4 * MB)), "regressed", True),
        (LEAKS, judged(steady(1 * MB)), "improved", True),
        (FLAT, OPEN, "inconclusive", True),
        (OPEN, FLAT, "inconclusive", True),
        (FLAT, RETAINED, "regressed", False),
        (LEAKS, RETAINED, "same", False),
        (None, LEAKS, "inconclusive", False),
        (LEAKS, None, "inconclusive", True),
    ],
)
def test_what_a_change_of_verdict_and_growth_means(
    before: LeakVerdict | None, after: LeakVerdict | None, direction: str, is_gating: bool
) -> None:
    change = the_change(before, after)
    assert (direction, is_gating) == (change.direction, change.is_gating)


def test_growth_is_told_a_request_with_the_interval_of_the_difference() -> None:
    change = the_change(LEAKS, FLAT)
    assert (change.metric, change.base, change.head) == ("leak.per_request_bytes", 2000.0, 0.0)
    assert (change.relative, change.difference) == (-1.0, (-2000.0, -2000.0))
    assert change.message == "LEAK → OK: growth improved"


def test_files_are_told_per_thousand_requests() -> None:
    change = the_change(judged(steady(0, start=20), "fds"), judged(steady(500, start=20), "fds"))
    assert (change.metric, change.head) == ("leak.per_1000_requests_count", 500.0)
    assert (change.direction, change.difference, change.relative) == ("regressed", (500.0, 500.0), None)


def test_a_leak_that_smaller_rounds_hide_is_no_improvement() -> None:
    """2 kB a request in both runs: of 100 requests a round that is 0.2 MB, below the tolerance, so OK."""
    hidden = replace(FLAT, requests=100.0, floors=tuple(steady(0.2 * MB)), per_request=2000.0)
    change = the_change(LEAKS, hidden)
    assert change.direction == "same"
    assert change.message.startswith("LEAK → OK")


def test_four_rounds_can_be_compared_and_three_cannot() -> None:
    flat, leaks = ([replace(FLAT, floors=tuple(steady(growth, n))) for n in (4, 3)] for growth in (0.0, MB))
    assert growth_difference(flat[0], leaks[0]) == (1000.0, 1000.0)
    assert growth_difference(flat[1], leaks[1]) is None


def test_resources_and_phases_are_held_against_their_own() -> None:
    base = [LEAKS, replace(LEAKS, resource="heap"), replace(LEAKS, phase="leak Caller.call")]
    head = [replace(FLAT, phase="leak Caller.call"), FLAT]
    found = {(it.phase, it.resource): it.change.direction for it in leak_changes(base, head, Tolerance())}
    assert found == {
        ("leak", "memory"): "improved",
        ("leak", "heap"): "inconclusive",
        ("leak Caller.call", "memory"): "improved",
    }


def test_a_comparison_of_runs_holds_them_and_says_that_rounds_differ() -> None:
    def record(requests: int, is_collected: bool) -> PhaseMark:
        rounds = Rounds((), (Round(requests, 1.0, {}),), is_collected=is_collected)
        return PhaseMark("leak", 4, 0.0, 0.0, 90.0, rounds=rounds)

    runs = [a_run(phases=[record(*facts)]).record for facts in ((1000, True), (100, False))]
    found = compare(runs[0], runs[1], (), (), (), (), Tolerance(), ([FLAT], [LEAKS]))
    assert [change.direction for change in found.changes] == ["regressed"]
    assert found.leaks[0].change is found.changes[0]
    assert "Phase leak had rounds of 1,000 requests before and of 100 after." in found.caveats
    assert "Phase leak had its garbage collected in one run only." in found.caveats


# How often it is right


def noisy(dice: random.Random, kind: str, per_round: float) -> LeakVerdict:
    """Nine floors that are read with an error, on top of what is kept by chance, which adds up."""
    burst = dice.randint(0, 6)
    shapes = {
        "flat": lambda _: 0.0,
        "leak": lambda _: per_round,
        "warm-up": lambda number: 6 * MB * 0.4**number,
        "burst": lambda number: per_round + 5 * MB * (number == burst),
    }
    levels = accumulate(shapes[kind](number) + dice.gauss(0, KEPT) for number in range(9))
    return judged([80 * MB + level + dice.gauss(0, READ) for level in levels])


def directions(before: tuple[str, float], after: tuple[str, float]) -> Counter[str]:
    dice = random.Random(f"{before} {after}")  # noqa: S311 (made-up noise, the same every time)
    return Counter(the_change(noisy(dice, *before), noisy(dice, *after)).direction for _ in range(RUNS))


@pytest.mark.parametrize(
    "server", [("flat", 0.0), ("warm-up", 0.0), ("leak", 0.5 * MB), ("leak", 1 * MB), ("burst", 1 * MB)]
)
def test_the_same_server_is_called_better_or_worse_in_5_percent_at_most(server: tuple[str, float]) -> None:
    """Also one that leaks so little that its own verdict is a toss-up."""
    found = directions(server, server)
    assert found["improved"] + found["regressed"] <= 0.05 * RUNS


@pytest.mark.parametrize("healthy", ["flat", "warm-up", "burst"])
def test_a_leak_of_1_kb_a_request_that_came_or_went_is_found_in_90_of_100(healthy: str) -> None:
    assert directions((healthy, 0.0), ("leak", MB))["regressed"] >= 0.9 * RUNS
    assert directions(("leak", MB), (healthy, 0.0))["improved"] >= 0.9 * RUNS


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=13), st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=13))
def test_the_other_way_round_the_difference_is_its_opposite(old: list[float], new: list[float]) -> None:
    before, after = (replace(FLAT, floors=tuple(floors)) for floors in (old, new))
    there, back = growth_difference(before, after), growth_difference(after, before)
    assert there is not None
    assert there == pytest.approx((-back[1], -back[0]) if back else None)
    assert there[0] <= there[1]
