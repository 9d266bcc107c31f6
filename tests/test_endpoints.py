"""Many names of endpoints are read as few patterns; few stay as they are."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.endpoints import OTHER, Names, address_pattern, fold
from perfkit.patterns import MOST_NAMES

WORDS = st.sampled_from(["orders", "17", "a b", "{id}", "{any}", "(other)", "", "ann%40example.org", "v2", "x=1&y=2"])
ADDRESSES = st.lists(WORDS | st.text(max_size=8), max_size=6).map("/".join)
NAMES = st.text(max_size=20) | ADDRESSES | WORDS.map("/?{}".format)
COUNTS = st.dictionaries(NAMES, st.integers(1, 9), max_size=20)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("/orders/4711", "/orders/{id}"),
        ("GET /orders/4711/items", "GET /orders/{id}/items"),
        ("http://127.0.0.1:8000/orders/4711", "http://127.0.0.1:8000/orders/{id}"),
        ("/o/123e4567-e89b-12d3-a456-426614174000", "/o/{uuid}"),
        ("/f/9e107d9d372bb6826bd81d3542a419d6.js", "/f/{hash}.js"),
        ("/days/2026-11-22", "/days/{date}"),
        ("/people/ann%40example.org", "/people/{email}"),
        ("/t/eyJhbGciOiJIUzI1NiJ9abc123", "/t/{hash}"),
        ("/search?q=pills&page=3&q=more", "/search?q={any}&page={any}"),
        ("/style.css?1730000000", "/style.css?{id}"),
        ("/api/v2/health", "/api/v2/health"),
        ("Dashboard Metrics 17", "Dashboard Metrics 17"),
    ],
)
def test_what_varies_in_an_address_is_a_placeholder(name: str, pattern: str) -> None:
    assert address_pattern(name) == pattern


@given(NAMES)
def test_a_pattern_of_a_pattern_is_the_pattern(name: str) -> None:
    assert address_pattern(address_pattern(name)) == address_pattern(name)


@given(COUNTS, st.integers(1, 12))
def test_any_names_are_folded_to_the_limit_and_fold_no_further(counts: dict[str, int], most: int) -> None:
    """Every name has one pattern; no more than the limit differ; those are few, so they stay; no request is lost."""
    shown = fold(counts, most)
    assert shown.keys() == counts.keys()
    patterns = set(shown.values())
    assert len(patterns) <= most
    assert fold(dict.fromkeys(patterns, 1), most) == {pattern: pattern for pattern in patterns}


@given(COUNTS)
def test_names_within_the_limit_stay_as_they_are(counts: dict[str, int]) -> None:
    assert fold(counts, max(len(counts), 1)) == {name: name for name in counts}


@given(COUNTS, st.integers(0, 10**12), st.integers(0, 10**12), st.uuids(), st.uuids(), st.integers(1, 12))
def test_addresses_that_differ_in_an_id_only_are_one(
    counts: dict[str, int], one: int, other: int, this: UUID, that: UUID, most: int
) -> None:
    """Once anything is folded, whatever else there is and however far it goes."""
    for first, second in (
        (f"/orders/{one}/items", f"/orders/{other}/items"),
        (f"/o/{this}?x={one}", f"/o/{that}?x={other}"),
    ):
        assert address_pattern(first) == address_pattern(second)
        names = counts | {first: 1, second: 1}
        shown = fold(names, min(most, len(names) - 1) or 1)
        assert shown[first] == shown[second]


def test_the_next_step_is_taken_only_when_there_are_still_too_many() -> None:
    """Numbers in names, then the parts of paths that vary most, then the rarest."""
    assert set(fold({f"Order #{number}": 1 for number in range(600)}).values()) == {"Order #{id}"}
    words = ["".join(chr(97 + int(digit)) for digit in f"{number:04}") for number in range(600)]
    assert set(fold({f"/products/{word}": 1 for word in words}).values()) == {"/products/{any}"}
    shown = fold({word: rank for rank, word in enumerate(words, 1)})
    assert len(set(shown.values())) == MOST_NAMES
    assert {word for word, name in shown.items() if name == OTHER} == set(words[:101])


def test_a_name_that_the_scenario_gave_stays_while_addresses_can_be_folded() -> None:
    shown = fold({f"/orders/{number}": 1 for number in range(600)} | {"Report 2026": 1})
    assert set(shown.values()) == {"/orders/{id}", "Report 2026"}


def settled(*lots: list[str]) -> Names:
    names = Names()
    for lot in lots:
        names.add(lot, [lot.count(name) for name in lot])
    names.settle()
    return names


def test_many_names_are_folded_with_a_word_about_it() -> None:
    """Each has its place; the note tells how many there were and what to do."""
    orders = [f"/orders/{number}" for number in range(MOST_NAMES)]
    names = settled(orders, ["Home", "/orders/1"])
    assert [names.words[code] for code in names.codes([orders[7], "Home"])] == ["/orders/{id}", "Home"]
    assert names.told is not None
    assert names.told.startswith("501 distinct names were folded into 2 patterns; give name=")


def test_the_note_tells_how_many_requests_are_among_the_others() -> None:
    words = ["".join(chr(97 + int(digit)) for digit in f"{number:04}") for number in range(600)]
    names = settled(words, words[101:])
    assert [names.words[code] for code in names.codes([words[0], words[101]])] == [OTHER, words[101]]
    assert "101 rare ones (101 requests) into (other)" in str(names.told)


def test_few_names_and_none_stay() -> None:
    for words in ([], ["/orders/1", "/orders/2"]):
        names = settled(words)
        assert (names.words, names.told) == (tuple(words), None)


def test_names_without_end_are_kept_in_bounded_memory() -> None:
    """Beyond as many patterns what is new is one of the others."""
    names = Names(most_kept=1_000)
    words = ["".join(chr(97 + int(digit)) for digit in f"{number:04}") for number in range(2_000)]
    for start in range(0, 2_000, 100):
        names.add(words[start : start + 100], [1] * 100)
    names.settle()
    assert len(names.words) <= MOST_NAMES
    assert str(names.told).startswith("more than 1,000 distinct names were folded")
    assert names.words[names.codes([words[-1]])[0]] == OTHER


@settings(deadline=None)
@given(st.lists(st.lists(NAMES, unique=True, max_size=8), max_size=6))
def test_names_added_in_lots_are_folded_as_all_at_once(lots: list[list[str]]) -> None:
    many = [f"/orders/{number}" for number in range(MOST_NAMES)]
    names = settled(*lots, many)
    counts = {name: sum(lot.count(name) for lot in [*lots, many]) for lot in [*lots, many] for name in lot}
    assert {name: names.words[code] for name, code in zip(counts, names.codes([*counts]), strict=True)} == fold(counts)
