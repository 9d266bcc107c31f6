"""Cache status and error kinds of replies."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from perfkit.load.child.replies import cache_status, error_kind


@pytest.mark.parametrize(
    ("expected", "headers"),
    [
        ("hit", {"cache-status": "app; hit; ttl=30"}),
        ("miss", {"cache-status": "app; fwd=uri-miss; stored"}),
        ("stale", {"cache-status": "app; fwd=stale"}),
        ("revalidated", {"cache-status": "app; fwd=stale; fwd-status=304"}),
        ("bypass", {"cache-status": "app; fwd=bypass"}),
        ("miss", {"cache-status": "origin; hit, edge; fwd=miss"}),  # the last cache is the nearest
        ("miss", {"cache-status": "edge; fwd=miss", "x-cache": "HIT"}),  # the standard header wins
        ("hit", {"cf-cache-status": "HIT", "x-cache": "MISS"}),
        ("hit", {"x-cache": "Hit from cloudfront"}),
        ("miss", {"x-cache": "TCP_MISS from proxy"}),
        ("bypass", {"x-cache-status": "BYPASS"}),
        ("hit", {"age": "17"}),
        (None, {"age": "0"}),
        (None, {"x-cache": "something else"}),
        (None, {}),
    ],
)
def test_the_most_exact_header_decides(expected: str | None, headers: dict[str, str]) -> None:
    assert cache_status(headers, 200) == expected


def test_a_304_without_headers_is_a_revalidation() -> None:
    assert cache_status({}, 304) == "revalidated"


class CatchResponseError(Exception):
    """Named as Locust's own."""


class RetriesError(Exception):
    """Wraps what went wrong, as geventhttpclient does."""

    def __init__(self, original: BaseException) -> None:
        super().__init__("retries exceeded")
        self.original = original


@pytest.mark.parametrize(
    ("expected", "error", "status"),
    [
        ("http_5xx", CatchResponseError("no data"), 503),
        ("http_4xx", Exception("bad"), 422),
        ("validation", CatchResponseError("no data"), 200),
        ("connect", RetriesError(ConnectionRefusedError(111, "refused")), None),
        ("connect", socket.gaierror(-2, "name unknown"), None),
        ("timeout", RetriesError(TimeoutError("timed out")), None),
        ("closed", ConnectionResetError(104, "reset"), None),
        ("tls", ssl.SSLCertVerificationError("hostname mismatch"), None),
        ("generator", OSError(errno.EMFILE, "too many open files"), None),
        ("other", KeyError("x"), None),
    ],
)
def test_errors_are_told_apart_by_what_went_wrong_underneath(
    expected: str, error: BaseException, status: int | None
) -> None:
    assert error_kind(error, status) == expected


def test_an_exception_that_causes_itself_is_not_followed_for_ever() -> None:
    error = RetriesError(ValueError())
    error.original = error
    assert error_kind(error, None) == "other"
