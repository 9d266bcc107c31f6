"""Keeps Locust's own statistics small: an entry costs 3 kB and a line of its log, and each address may have a name.

perfkit reads none of them, but a scenario may. Knows Locust's statistics; what is recorded is not touched.
"""

from __future__ import annotations

from typing import Any

from locust.stats import RequestStats, StatsError

from perfkit.endpoints import OTHER
from perfkit.patterns import MOST_NAMES


def bound(statistics: RequestStats, most: int = MOST_NAMES) -> None:
    """From now on names beyond the first `most`, and errors beyond as many, are counted together as "(other)"."""
    log_request, log_error = statistics.log_request, statistics.log_error

    def few(method: str, name: str) -> str:
        is_known = len(statistics.entries) < most or (name, method) in statistics.entries
        return name if is_known else OTHER

    def request(method: str, name: str, *figures: Any) -> None:
        log_request(method, few(method, name), *figures)

    def error(method: str, name: str, error: Any) -> None:
        name = few(method, name)
        is_known = len(statistics.errors) < most or StatsError.create_key(method, name, error) in statistics.errors
        log_error(method, name, error if is_known else OTHER)

    statistics.log_request, statistics.log_error = request, error
