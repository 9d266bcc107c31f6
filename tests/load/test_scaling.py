"""Pages of other sizes: the parameter that is recognised, the address that is asked for, and that only GETs are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from perfkit.load.child.scaling import PAGE_SIZES, Scaling, find_page_size, with_page_size
from perfkit.scaled import read_scaled_name, scaled_name

URL = "http://127.0.0.1:8000/api/quotations?customer_id=7&limit=20"


def asked(
    *seen: tuple[str, str, str], endpoints: tuple[str, ...] = ("List",), page_size: str | None = None
) -> list[str]:
    """What is asked for after requests (method, name, url)."""
    scaling, found = Scaling(endpoints, page_size), list[str]()
    client: Any = SimpleNamespace(get=lambda url, name: found.append(f"{name}: {url}"))
    for method, name, url in seen:
        scaling.on_request(method, name, url)
    scaling.run(SimpleNamespace(client=client))
    return found


def test_half_the_page_and_the_page_are_asked_for() -> None:
    assert asked(("GET", "List", URL)) == [
        f"List (page of {size}): {URL.removesuffix('20')}{size}" for size in (10, 20)
    ]


def test_only_gets_of_the_named_endpoints_are_repeated() -> None:
    assert asked(("POST", "List", URL), ("GET", "Other", URL), ("GET", "List", "http://h/x?page=3")) == []


def test_an_endpoint_is_asked_once_whatever_it_was_asked_before() -> None:
    assert len(asked(("GET", "List", URL), ("GET", "List", URL.replace("20", "30")))) == 2


def test_the_suite_may_name_the_parameter() -> None:
    assert len(asked(("GET", "List", "http://h/x?rows=8"), page_size="rows")) == 2
    assert asked(("GET", "List", URL), page_size="rows") == []


@pytest.mark.parametrize("name", PAGE_SIZES)
def test_the_usual_names_are_known(name: str) -> None:
    assert find_page_size(f"http://h/x?{name}=5", PAGE_SIZES) == (name, 5)


@pytest.mark.parametrize("query", ["", "limit=", "limit=all", "limit=-1", "limit=0", "page=2", "limit=١٢"])
def test_what_is_no_page_size(query: str) -> None:
    assert find_page_size(f"http://h/x?{query}", PAGE_SIZES) is None


def test_the_rest_of_the_address_stays() -> None:
    """Empty values and characters that must be written with a percent sign too."""
    assert with_page_size("http://h/x?q=a%26b&e=&take=5#f", "take", 10) == "http://h/x?q=a%26b&e=&take=10#f"


def test_the_name_of_a_row_is_read_back() -> None:
    assert read_scaled_name(scaled_name("List (all)", 40)) == ("List (all)", 40)
    assert read_scaled_name("List") is None
