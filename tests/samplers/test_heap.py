"""Heaps that an application tells of itself."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from perfkit.errors import TargetError
from perfkit.model import Heap
from perfkit.samplers.heap import HeapEndpoint, point
from perfkit.samplers.watch import watching
from tests.servers import a_server

HEAP = Heap(url="/health/performance", used="/memory/used", limit="/memory/limit")


def test_used_and_limit_are_read_by_their_pointers() -> None:
    body = json.dumps({"memory": {"used": 70, "limit": 100}}).encode()
    with a_server(lambda path: (200, {}, body)) as url:
        assert HeapEndpoint(url, HEAP).read() == {"heap_used_bytes": 70.0, "heap_limit_bytes": 100.0}


@pytest.mark.parametrize("body", [b"[]", b'{"memory": "much"}', b'{"memory": {"used": "70 MB"}}'])
def test_a_document_without_the_number_says_which_is_missing(body: bytes) -> None:
    missing = pytest.raises(TargetError, match="/health/performance has no number at /memory/used")
    with a_server(lambda path: (200, {}, body)) as url, missing:
        HeapEndpoint(url, HEAP).read()


@pytest.mark.parametrize("body", [b"<html><body>Sign in</body></html>", b""])
def test_html_is_said_to_be_html(body: bytes) -> None:
    """An application behind a login answers 200 with its form."""
    headers = {"Content-Type": "text/html; charset=utf-8"}
    refused = pytest.raises(TargetError, match="answers 200 with text/html, which is no JSON")
    with a_server(lambda path: (200, headers, body)) as url, refused as caught:
        HeapEndpoint(url, HEAP).read()
    assert caught.value.hint == "name the endpoint that tells the heap in heap.url"


def test_a_target_that_does_not_answer_is_said_not_to() -> None:
    with pytest.raises(TargetError, match="does not answer within 2 s"):
        HeapEndpoint("http://127.0.0.1:1", HEAP).read()


def test_what_the_heap_does_not_tell_is_noted_once(tmp_path: Path) -> None:
    """The run goes on; its notes say why there is no heap in it."""
    with a_server(lambda path: (200, {"Content-Type": "text/html"}, b"<html>")) as url:
        endpoint = HeapEndpoint(url, HEAP)
        endpoint.period_s = 0.01
        with watching([endpoint], tmp_path / "samples.arrow") as watch:
            time.sleep(0.3)
    assert list(watch.unread) == [f"{url}/health/performance answers 200 with text/html, which is no JSON"]


@pytest.mark.parametrize(
    ("expected", "pointer"),
    [(1, "/a~1b"), (2, "/m~0n"), (3, "/list/1"), (None, "/list/9"), (None, "/list/x"), (None, "/a")],
)
def test_pointers_are_those_of_rfc_6901(expected: int | None, pointer: str) -> None:
    assert point({"a/b": 1, "m~n": 2, "list": [0, 3]}, pointer) == expected
