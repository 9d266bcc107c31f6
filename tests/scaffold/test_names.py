"""Patterns of addresses, their folding, and names for files and for Python."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.scaffold.names import fold_further, identifier, pattern_of, slug, words_of


@pytest.mark.parametrize(
    ("address", "pattern"),
    [
        ("/", "/"),
        ("/api/v2/oauth2/customers", "/api/v2/oauth2/customers"),
        ("/customers/17?page=2", "/customers/{id}"),
        ("/invoices/INV-2025-00017.pdf", "/invoices/{code}.pdf"),
        ("/people/ann%40example.org", "/people/{email}"),
        ("/t/eyJhbGciOiJIUzI1NiJ9abc123", "/t/{hash}"),
        ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/{deeper}"),
        ("/covid19/top10", "/covid19/top10"),
    ],
)
def test_what_varies_in_an_address_is_a_placeholder(address: str, pattern: str) -> None:
    assert pattern_of(address) == pattern


SEGMENTS = st.sampled_from(["a", "b", "c", "d", "{id}", "{any}", ""])
PATHS = st.sets(st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join).map("GET /{}".format), max_size=60)


@given(PATHS, st.integers(4, 20))
def test_folding_keeps_every_name_and_folds_the_same_again(paths: set[str], most: int) -> None:
    """Every name has its folded name, of the same length; what was folded is not folded further by itself."""
    folded = fold_further(paths, most)
    assert folded.keys() == paths
    assert all(name.count("/") == folded[name].count("/") for name in paths)
    again = set(folded.values())
    assert len(set(fold_further(again, most).values())) <= max(len(again), 1)


def test_folding_begins_where_a_path_has_most_branches() -> None:
    people = [f"GET /people/{chr(97 + n % 26)}{n}x/edit" for n in range(600)]
    pages = [f"GET /pages/{word}" for word in ("home", "cart", "help")]
    folded = set(fold_further([*people, *pages]).values())
    assert folded == {"GET /people/{any}/edit", *pages}


@given(st.text(max_size=30))
def test_an_identifier_is_one_and_is_taken_once(text: str) -> None:
    first = identifier(text)
    assert first.isidentifier()
    assert not keyword.iskeyword(first)
    assert identifier(text, {first}) != first


@pytest.mark.parametrize("text", ["self", "class", "match", "GET /next/task", "quoted", "17"])
def test_names_that_the_scenario_needs_itself_are_left_to_it(text: str) -> None:
    assert identifier(text) not in {"self", "class", "match", "get_next_task", "quoted", "17"}


@pytest.mark.parametrize(
    ("text", "found"),
    [("Sample ERP", "sample_erp"), ("127.0.0.1:80", "x"), ("../../etc", "etc"), ("Ünï", "n"), ("", "x")],
)
def test_a_slug_is_a_folder_and_nothing_above_it(text: str, found: str) -> None:
    assert slug(text, "x") == found


def test_words_of_a_key_are_found_in_every_style() -> None:
    assert [words_of(key) for key in ("customerId", "customer-id", "CUSTOMER_ID", "XMLToken")] == [
        ["customer", "id"],
        ["customer", "id"],
        ["customer", "id"],
        ["xml", "token"],
    ]
