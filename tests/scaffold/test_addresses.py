"""Where requests may go: to the target, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import UsageError
from perfkit.scaffold.addresses import clean, origin_or_none, target_of


@given(st.text(max_size=40))
def test_an_address_is_a_path_of_the_target_whatever_it_was(text: str) -> None:
    """One slash first, then ASCII without blanks: no scheme and no host can be in it."""
    address = clean(text)
    assert address.startswith("/")
    assert not address.startswith("//")
    assert address.isascii()
    assert not any(letter.isspace() or letter in '"<>\\^`{}|#' for letter in address)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("//evil.example/x", "/evil.example/x"),
        ("/a b", "/a%20b"),
        ("/a%20b?q=ä#top", "/a%20b?q=%C3%A4"),
        ("/a;jsessionid=0123?b=1", "/a?b=1"),
    ],
)
def test_addresses_are_cleaned(text: str, address: str) -> None:
    assert clean(text) == address


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:8000", ("http://127.0.0.1:8000", "")),
        ("https://Shop.example/v1/", ("https://shop.example", "/v1")),
        ("http://[::1]:80/", ("http://[::1]:80", "")),
    ],
)
def test_a_target_is_an_origin_and_a_path(url: str, target: tuple[str, str]) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1 :80", "has a space in it"),
        ("127.0.0.1:80", "is no http or https URL"),
        ("ftp://h", "is no http or https URL"),
        ("http://", "is no http or https URL"),
        ("http://h:99999", "is no http or https URL"),
        ("http://[::1", "is no http or https URL"),
        ("http://me:pw@h", "has a user or a password in it"),
        ("http://h/?a=1", "no [?] and no #"),
        ("", "is no http or https URL"),
    ],
)
def test_a_host_that_is_none_is_refused(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        target_of(url)
    assert "pw" not in refused.value.message


def test_an_origin_in_a_source_loses_its_password_and_may_be_none() -> None:
    assert origin_or_none("https://me:pw@shop.example:8443/x?y") == "https://shop.example:8443"
    assert [origin_or_none(url) for url in ("/v1", "{scheme}://h", "http://a b/", "data:x")] == [None] * 4
