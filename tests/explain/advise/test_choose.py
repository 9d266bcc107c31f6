"""The greedy choice against every set, for workloads made up by hypothesis; fewer questions give the same answers."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from perfkit.explain.advise.chosen.choose import Indexes, Offer, Priced, Weight, choose, remembered
from perfkit.explain.advise.index import Index, Key, TableName

TABLE = TableName("public", "orders")
INDEXES = tuple(Index(TABLE, (Key(name),)) for name in "abcdef")
WIDE = Index(TABLE, (Key("a"), Key("b")))

# By statement, what each index would bring its cost down to; the planner takes the best of those that are there.
costs = st.lists(st.lists(st.floats(1, 100), min_size=6, max_size=6), min_size=1, max_size=4)


def asking(table: list[list[float]]) -> object:
    def ask(fingerprint: str, available: Indexes) -> Priced:
        options = [
            (cost, index) for cost, index in zip(table[int(fingerprint)], INDEXES, strict=True) if index in available
        ]
        best = min(options, key=lambda pair: pair[0], default=None)
        return Priced(100.0, frozenset()) if best is None else Priced(best[0], frozenset({best[1]}))

    return ask


def weights(count: int) -> list[Weight]:
    return [Weight(str(number), 1000.0, frozenset(INDEXES)) for number in range(count)]


@given(costs)
def test_the_choice_gains_and_says_how_far_it_is_from_the_best(table: list[list[float]]) -> None:
    ask = asking(table)
    choice = choose(weights(len(table)), [Offer(index, 1e6) for index in INDEXES], ask)  # type: ignore[arg-type]
    sets = [frozenset(some) for count in range(7) for some in combinations(INDEXES, count)]

    def gain(some: Indexes) -> float:
        return sum(1000.0 * (1 - ask(str(n), some).cost / 100) for n in range(len(table)))  # type: ignore[operator]

    best = max(map(gain, sets))
    assert choice.gap is not None
    assert abs(gain(frozenset(choice.chosen)) - choice.gain_ms) < 1e-6
    assert choice.gain_ms <= best + 1e-6
    assert choice.gap < 0.5
    assert best == 0 or abs(choice.gap - (1 - choice.gain_ms / best)) < 1e-6


def test_what_helps_only_together_is_taken_together_or_not_at_all() -> None:
    """The arms of an OR: one index without the other's changes no plan."""
    arms = frozenset(INDEXES[:2])

    def ask(fingerprint: str, available: Indexes) -> Priced:
        return Priced(1.0, arms) if arms <= available else Priced(100.0, frozenset())

    offers = [Offer(index, 1e6) for index in INDEXES]
    assert set(choose(weights(1), offers, ask).chosen) == arms
    assert choose(weights(1), offers, ask, most=1).chosen == ()
    assert choose(weights(1), offers, ask, storage_bytes=1.5e6).chosen == ()


@given(costs, st.lists(st.sets(st.sampled_from(INDEXES)), max_size=20))
def test_remembered_answers_are_those_that_would_be_given(table: list[list[float]], asked: list[set[Index]]) -> None:
    ask = asking(table)
    clever = remembered(ask)  # type: ignore[arg-type]
    for some in asked:
        assert clever("0", frozenset(some)).cost == ask("0", frozenset(some)).cost  # type: ignore[operator]


def test_what_an_unused_index_is_taken_away_from_is_not_asked_again() -> None:
    questions: list[Indexes] = []

    def ask(fingerprint: str, available: Indexes) -> Priced:
        questions.append(available)
        return Priced(1.0, available & {INDEXES[0]})

    clever = remembered(ask)
    clever("0", frozenset(INDEXES))
    clever("0", frozenset(INDEXES[:3]))
    assert len(questions) == 1
    clever("0", frozenset(INDEXES[1:]))
    assert len(questions) == 2


def test_storage_and_count_are_kept_and_writes_count() -> None:
    """What costs writers more than it saves readers is not taken."""
    table = [[10, 20, 30, 40, 50, 60], [60, 50, 40, 30, 20, 10]]
    ask, load = asking(table), weights(2)  # type: ignore[arg-type]
    offers = [Offer(index, 1e6) for index in INDEXES]
    assert len(choose(load, offers, ask).chosen) == 2  # type: ignore[arg-type]
    assert len(choose(load, offers, ask, most=1).chosen) == 1  # type: ignore[arg-type]
    assert len(choose(load, offers, ask, storage_bytes=1e6).chosen) == 1  # type: ignore[arg-type]
    dear = [Offer(index, 1e6, write_ms=5000.0) for index in INDEXES]
    assert choose(load, dear, ask).chosen == ()  # type: ignore[arg-type]


def test_an_index_is_widened_in_place_of_a_second_one() -> None:
    """(a) is the first step; (a, b) then does what both would."""

    def ask(fingerprint: str, available: Indexes) -> Priced:
        options = [(20.0, INDEXES[0]), (5.0, WIDE)]
        best = min((one for one in options if one[1] in available), key=lambda one: one[0], default=None)
        return Priced(100.0, frozenset()) if best is None else Priced(best[0], frozenset({best[1]}))

    load = [Weight("0", 1000.0, frozenset({INDEXES[0], WIDE}))]
    choice = choose(load, [Offer(INDEXES[0], 1e6), Offer(WIDE, 3e6)], ask)
    assert choice.chosen == (WIDE,)


def test_one_large_statement_does_not_hide_the_small_ones() -> None:
    """A tenth of one statement is worth a step, though it is less than a hundredth of the workload."""
    load = [Weight("0", 100_000.0, frozenset(INDEXES)), Weight("1", 500.0, frozenset(INDEXES))]
    choice = choose(load, [Offer(index, 1e6) for index in INDEXES], asking([[1, 100] * 3, [100, 1] * 3]))  # type: ignore[arg-type]
    assert len(choice.chosen) == 2
