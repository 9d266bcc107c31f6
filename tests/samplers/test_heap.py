"""Heaps that an application tells of itself."""

from __future__ import annotations

import json

import pytest

from perfkit.model import Heap
from perfkit.samplers.heap import HeapEndpoint, point
from tests.servers import a_server

HEAP = Heap(url="/health/performance", used="/memory/used", limit="/memory/limit")


def test_used_and_limit_are_read_by_their_pointers() -> None:
    body = json.dumps({"memory": {"used": 70, "limit": 100}}).encode()
    with a_server(lambda path: (200, {}, body)) as url:
        assert HeapEndpoint(url, HEAP).read() == {"heap_used_bytes": 70.0, "heap_limit_bytes": 100.0}


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"memory": "much"}', b'{"memory": {"used": "70 MB"}}', b""])
def test_an_answer_of_another_kind_is_no_reading(body: bytes) -> None:
    with a_server(lambda path: (200, {}, body)) as url:
        assert HeapEndpoint(url, HEAP).read() == {}


def test_a_target_that_does_not_answer_is_no_reading() -> None:
    assert HeapEndpoint("http://127.0.0.1:1", HEAP).read() == {}


@pytest.mark.parametrize(
    ("expected", "pointer"),
    [(1, "/a~1b"), (2, "/m~0n"), (3, "/list/1"), (None, "/list/9"), (None, "/list/x"), (None, "/a")],
)
def test_pointers_are_those_of_rfc_6901(expected: int | None, pointer: str) -> None:
    assert point({"a/b": 1, "m~n": 2, "list": [0, 3]}, pointer) == expected
