"""Patterns of addresses, and names for files and for Python."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.scaffold.names import identifier, pattern_of, slug, words_of


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
