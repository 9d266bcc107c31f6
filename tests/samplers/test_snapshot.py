"""What a heap holds more of, from real snapshots of Node and from made-up ones."""

from __future__ import annotations

import json

import httpx
import pytest

from perfkit.model import Grown
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.runtime import RuntimeHeaps
from perfkit.samplers.snapshot import grown, summed, summed_apart
from tests.leaks import targets

META = {"node_fields": ["type", "name", "id", "self_size"], "node_types": [["hidden", "object", "string", "closure"]]}
STRINGS = ["", "Order", "onClick"]


def a_snapshot(*nodes: tuple[int, int, int]) -> str:
    """Of nodes that are (type, name, size)."""
    flat = [number for kind, name, size in nodes for number in (kind, name, 0, size)]
    return json.dumps({"snapshot": {"meta": META}, "nodes": flat, "strings": STRINGS})


def test_objects_are_summed_by_constructor_and_strings_together() -> None:
    snapshot = a_snapshot((1, 1, 40), (1, 1, 60), (2, 2, 7), (2, 1, 8), (3, 2, 32), (0, 0, 999))
    assert summed(snapshot) == {"Order": (2, 100), "(string)": (2, 15), "onClick()": (1, 32)}


def test_the_same_in_a_process_of_its_own() -> None:
    snapshot = a_snapshot((1, 1, 40), (3, 0, 8))
    assert (
        summed_apart([snapshot[:20], snapshot[20:]]) == summed(snapshot) == {"Order": (1, 40), "(anonymous)()": (1, 8)}
    )


def test_what_there_is_more_of_comes_by_size() -> None:
    before, after = {"A": (10, 100), "B": (5, 50)}, {"A": (12, 140), "B": (5, 50), "C": (1, 900), "D": (9, 0)}
    assert grown(before, after) == (Grown("C", 1, 900), Grown("A", 2, 40))


@pytest.mark.parametrize("text", ["[]", "{}", '{"snapshot": {"meta": {}}}'])
def test_what_is_no_snapshot_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="no heap snapshot"):
        summed(text)


def test_a_real_leak_is_named_by_its_constructor() -> None:
    """500 requests leave 500 `Forgotten` behind."""
    with targets.a_leaky_server("node", "leak") as server, httpx.Client() as client:
        heaps = RuntimeHeaps(ProcessTree((f"pid:{server.pid}",)))
        client.get(server.url)
        before = heaps.contents()
        for _ in range(500):
            client.get(server.url)
        found = grown(before, heaps.contents())
        heaps.close()
    assert {one.constructor: one.count for one in found}["Forgotten"] == 500
