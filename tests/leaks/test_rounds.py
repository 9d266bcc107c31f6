"""The verdict on real processes. The long form, which counts how often it is right: tests.benchmarks.leaks."""

from __future__ import annotations

import pytest

from tests.leaks.rounds import Case, verdicts
from tests.leaks.targets import Runtime

QUICK = {"rounds": 5, "quiet_s": 0.3}
KEPT = {"node": 1150, "java": 1040, "python3.14": 1100}  # bytes a request: 1 kB, and the object that holds it


@pytest.mark.parametrize("runtime", ["node", "python"])
@pytest.mark.parametrize("defect", ["none", "bounded", "burst"])
def test_what_does_not_leak_is_not_called_a_leak(runtime: Runtime, defect: str) -> None:
    found = verdicts(Case(runtime, defect, **QUICK))
    assert "LEAK" not in {verdict.outcome for verdict in found.values()}


@pytest.mark.parametrize("runtime", ["node", "python"])
@pytest.mark.parametrize("defect", ["leak", "listener", "buffer"])
def test_1_kb_a_request_is_found_with_its_size(runtime: Runtime, defect: str) -> None:
    found = verdicts(Case(runtime, defect, **QUICK))
    assert found["memory"].outcome == "LEAK"
    assert found["fds"].outcome == "OK"
    if runtime == "node":
        assert found["heap"].per_request == pytest.approx(KEPT[runtime], rel=0.15)


@pytest.mark.parametrize("runtime", ["node", "python"])
def test_files_that_stay_open_are_found_where_memory_shows_nothing(runtime: Runtime) -> None:
    found = verdicts(Case(runtime, "descriptor", **QUICK))
    assert found["fds"].outcome == "LEAK"
    assert found["fds"].per_request == pytest.approx(1.0, rel=0.01)
    assert found["memory"].outcome != "LEAK"


@pytest.mark.parametrize("runtime", ["java", "python3.14"])
def test_the_collected_heap_of_other_runtimes_leaks_as_it_does(runtime: Runtime) -> None:
    heap = verdicts(Case(runtime, "leak", **QUICK))["heap"]
    assert (heap.outcome, heap.confidence) == ("LEAK", "high")
    assert heap.per_request == pytest.approx(KEPT[runtime], rel=0.1)


def test_a_full_cache_of_a_jvm_is_not_called_a_leak() -> None:
    """Its process grows on the way, as the heap is let grow."""
    found = verdicts(Case("java", "bounded", **QUICK))
    assert found["heap"].outcome == "OK"
    assert "LEAK" not in {verdict.outcome for verdict in found.values()}
