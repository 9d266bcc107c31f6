"""The rule that tells a leak from a warm-up, a cache, a burst and noise: its error rates over made-up floors."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.metrics.growth import LEAST, Floors, Growth, judge, noise, of_memory, sen_slope, tolerance_of

MB = 1e6
BASE = 80 * MB
SPREAD = 0.08 * MB
ROUNDS = 8
RUNS = 400


def floors(kind: str, seed: int, per_round: float = 0.0, spread: float = SPREAD) -> Floors:
    """Nine floors of a process of 80 MB whose readings have a standard deviation of 0.08 MB, or of `spread`."""
    dice = random.Random(seed)  # noqa: S311 (made-up noise, the same every time)
    burst_at = dice.randint(0, ROUNDS - 3)
    growths = {
        "flat": [0.0] * (ROUNDS + 1),
        "warm-up": [6 * MB * 0.4**k for k in range(ROUNDS + 1)],
        "cache": [3 * MB if k < 3 else 0.0 for k in range(ROUNDS + 1)],
        "burst": [5 * MB if k == burst_at else 0.0 for k in range(ROUNDS + 1)],
        "leak": [per_round] * (ROUNDS + 1),
        "sawtooth of 3": [2 * MB if k % 3 else -4 * MB for k in range(burst_at, burst_at + ROUNDS + 1)],
        "sawtooth of 4": [2 * MB if k % 4 else -6 * MB for k in range(burst_at, burst_at + ROUNDS + 1)],
    }
    level, rounds = BASE, []
    for growth in growths[kind]:
        level += growth
        rounds.append(level + dice.gauss(0, spread))
    idle = [BASE + dice.gauss(0, spread) for _ in range(6)]
    return Floors("memory", idle, rounds, level + dice.gauss(0, spread))


@pytest.mark.parametrize("kind", ["flat", "warm-up", "cache", "burst"])
def test_what_does_not_leak_is_called_a_leak_in_2_percent_at_most(kind: str) -> None:
    outcomes = [judge(floors(kind, seed)).outcome for seed in range(RUNS)]
    assert outcomes.count("LEAK") <= 0.02 * RUNS
    assert outcomes.count("OK") >= 0.95 * RUNS


@pytest.mark.parametrize("kind", ["sawtooth of 3", "sawtooth of 4"])
def test_what_is_cleared_every_few_rounds_is_called_a_leak_in_2_percent_at_most(kind: str) -> None:
    """Whatever round it is cleared in: three rounds of growth at the end are part of it."""
    outcomes = [judge(floors(kind, seed)).outcome for seed in range(RUNS)]
    assert outcomes.count("LEAK") <= 0.02 * RUNS
    assert outcomes.count("OK") >= 0.6 * RUNS  # it has to fall twice to be known; else more rounds are driven


@pytest.mark.parametrize(("leaked", "outcome", "share"), [(0.0, "LEAK", 0.02), (MB, "OK", 0.05)])
def test_a_sawtooth_that_is_not_in_step_with_the_rounds_is_told_from_a_leak(
    leaked: float, outcome: str, share: float
) -> None:
    """Read a little later in each tooth, a level sawtooth climbs slowly, for as long as a run has rounds."""
    outcomes = []
    for seed in range(RUNS):
        dice = random.Random(seed)  # noqa: S311 (made-up noise, the same every time)
        length, first = dice.uniform(2.5, 4.5), dice.uniform(0, 4)
        levels = [BASE + leaked * k + 1.3 * MB * ((first + k) % length) + dice.gauss(0, SPREAD) for k in range(12)]
        outcomes.append(judge(Floors("memory", [BASE] * 6, levels)).outcome)
    assert outcomes.count(outcome) <= share * RUNS


@pytest.mark.parametrize("teeth", [2, 3, 4, 5, 6])
def test_a_leak_beside_what_is_cleared_is_never_called_ok(teeth: int) -> None:
    """A cache of 3 MB a round that is cleared now and then, on top of 1 MB a round."""
    for rounds in (8, 12):
        for first in range(teeth):
            grown = [BASE + MB * k + 3 * MB * ((first + k) % teeth) for k in range(rounds + 1)]
            assert judge(Floors("memory", [BASE] * 6, grown)).outcome != "OK"


def test_growth_while_work_goes_on_is_inconclusive() -> None:
    grown = [BASE + k * MB for k in range(ROUNDS + 1)]
    assert judge(Floors("memory", [BASE] * 6, grown, is_rested=False)).outcome == "INCONCLUSIVE"
    assert judge(Floors("memory", [BASE] * 6, [BASE] * 9, is_rested=False)).outcome == "OK"


@pytest.mark.parametrize("spread", [0.3 * MB, 0.6 * MB, 1.2 * MB])
def test_on_a_loaded_machine_a_leak_is_rarely_called_ok_and_a_flat_server_never_a_leak(spread: float) -> None:
    """Readings that waver more than a round's leak adds: INCONCLUSIVE is right then."""
    leaks, flat = ([judge(floors(kind, seed, MB, spread)).outcome for seed in range(RUNS)] for kind in ("leak", "flat"))
    assert flat.count("LEAK") <= 0.02 * RUNS
    assert leaks.count("OK") <= 0.05 * RUNS


def test_a_leak_of_1_mb_a_round_is_missed_in_5_percent_at_most() -> None:
    outcomes = [judge(floors("leak", seed, MB)).outcome for seed in range(RUNS)]
    assert outcomes.count("LEAK") >= 0.95 * RUNS


def test_what_is_given_back_in_the_rest_was_no_leak() -> None:
    grown = [BASE + k * MB for k in range(ROUNDS + 1)]
    assert judge(Floors("memory", [BASE] * 6, grown, cooled=grown[-1])).outcome == "LEAK"
    assert judge(Floors("memory", [BASE] * 6, grown, cooled=BASE + MB)).outcome == "OK"


def test_growth_that_slows_down_is_not_called_a_leak() -> None:
    slowing = [BASE + MB * k for k in (0, 8, 15, 21, 26, 30, 33, 34.0, 34.7)]
    assert judge(Floors("memory", [BASE] * 6, slowing)).outcome == "INCONCLUSIVE"


def test_open_files_count_one_by_one() -> None:
    assert judge(Floors("fds", [20.0] * 6, [20.0 + 10 * k for k in range(9)])).outcome == "LEAK"
    assert judge(Floors("fds", [20.0] * 6, [20.0 + (k % 2) for k in range(9)])).outcome == "OK"


def test_the_tolerance_is_the_largest_of_noise_least_and_share() -> None:
    assert tolerance_of(Floors("memory", [BASE] * 6, [10 * MB] * 5)) == LEAST["memory"]
    assert tolerance_of(Floors("memory", [BASE] * 6, [1000 * MB] * 5)) == 0.005 * 1000 * MB
    noisy = [BASE, BASE + MB, BASE - MB, BASE + MB, BASE - MB]
    assert tolerance_of(Floors("memory", noisy, [10 * MB] * 5)) == pytest.approx(4 * 1.4826 * MB)


def growth(outcome: str, resource: str) -> Growth:
    return Growth(resource, outcome, 0.5 * MB, MB, (0.9 * MB, 1.1 * MB), "because")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("resident", "managed", "expected"),
    [
        ("LEAK", "OK", "RETAINED"),
        ("LEAK", "LEAK", "LEAK"),
        ("OK", "LEAK", "LEAK"),
        ("OK", "OK", "OK"),
        ("INCONCLUSIVE", "OK", "OK"),
        ("LEAK", None, "LEAK"),
        ("LEAK", "INCONCLUSIVE", "LEAK"),
    ],
)
def test_the_managed_heap_is_the_better_witness(resident: str, managed: str | None, expected: str) -> None:
    verdict = of_memory(growth(resident, "memory"), growth(managed, "heap") if managed else None)
    assert (verdict.resource, verdict.outcome) == ("memory", expected)


def test_too_few_rounds_are_no_verdict() -> None:
    with pytest.raises(ValueError, match="at least 5"):
        judge(Floors("memory", [], [1.0] * 4))


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=12), st.floats(-1e6, 1e6), st.floats(-1e3, 1e3))
def test_the_slope_follows_shift_and_tilt(values: list[float], shift: float, tilt: float) -> None:
    """Adding a line adds its slope, and moving everything up changes nothing."""
    slope, (low, high) = sen_slope(values)
    tilted, _ = sen_slope([value + shift + tilt * position for position, value in enumerate(values)])
    assert tilted == pytest.approx(slope + tilt, rel=1e-6, abs=1e-2)
    assert low <= slope <= high


def test_the_interval_of_a_slope_holds_the_true_one_in_95_of_100() -> None:
    """Theil–Sen, with the normal approximation: at nine points a little wider than nominal."""
    held = 0
    for seed in range(RUNS):
        low, high = sen_slope(floors("leak", seed, MB).rounds)[1]
        held += low <= MB <= high
    assert held / RUNS >= 0.93


@given(st.lists(st.floats(0, 1e10), max_size=20))
def test_noise_is_never_negative_and_ignores_one_wild_reading(readings: list[float]) -> None:
    assert noise(readings) >= 0
    assert noise([5.0] * 9 + [1e12]) == 0
