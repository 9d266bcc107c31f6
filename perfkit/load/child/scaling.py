"""Asks some endpoints for pages of other sizes, after the last round of a trace: does the SQL grow with the page?

Runs inside the load child. Repeats nothing but GET requests of the scenario, with the number of rows changed; who asks
for it has seen that their SQL only reads. Knows addresses and the event of Locust; knows no SQL.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from perfkit.scaled import scaled_name

PAGE_SIZES: Final = ("limit", "page_size", "pagesize", "per_page", "perpage", "take", "size", "count", "top", "$top")
FACTORS: Final = (0.5, 1.0)  # what was asked for is known to be allowed, and so is less; twice as much may be refused


class Scaling:
    """Listens for the first GET of each of `endpoints` that has a page size; `run` asks for others."""

    def __init__(self, endpoints: Collection[str], page_size: str | None) -> None:
        self._endpoints = endpoints
        self._names = (page_size,) if page_size else PAGE_SIZES
        self._seen: dict[str, tuple[str, str, int]] = {}

    def on_request(self, request_type: str, name: str, url: str = "", exception: Any = None, **_: Any) -> None:
        """Remember it. Called by Locust for every request."""
        if request_type == "GET" and exception is None and name in self._endpoints and name not in self._seen:
            found = find_page_size(url, self._names)
            if found is not None:
                self._seen[name] = (url, *found)

    def run(self, user: Any) -> None:
        """Ask once for each size, as the user that made the request: with its cookies and headers."""
        for name, (url, parameter, rows) in self._seen.items():
            for size in sorted({max(round(rows * factor), 1) for factor in FACTORS}):
                with contextlib.suppress(Exception):  # a refusal is a row like any other, and tells as much
                    user.client.get(with_page_size(url, parameter, size), name=scaled_name(name, size))
        self._seen.clear()


def find_page_size(url: str, names: Collection[str]) -> tuple[str, int] | None:
    """The query parameter that says how many rows a page has, and how many; None where there is none."""
    for key, value in parse_qsl(urlsplit(url).query):
        if key.lower() in {name.lower() for name in names} and value.isascii() and value.isdigit() and int(value) > 0:
            return key, int(value)
    return None


def with_page_size(url: str, parameter: str, size: int) -> str:
    """The same address with another page size."""
    parts = urlsplit(url)
    query = [(key, str(size) if key == parameter else value) for key, value in parse_qsl(parts.query, True)]
    return urlunsplit(parts._replace(query=urlencode(query)))
