"""The heap of real JVMs, asked over their own socket; SIGQUIT, which opens it, goes to nothing that would die of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from perfkit.errors import TargetError
from perfkit.model import Grown
from perfkit.samplers import attach, jvm
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.runtime import RuntimeHeaps
from perfkit.samplers.snapshot import grown
from tests.leaks import targets
from tests.samplers.other_user import as_nobody

MB = 1_000_000
KIB = 1024

G1 = """ garbage-first heap   total 262144K, used 14219K [0x00000000f0000000, 0x0000000100000000)
  region size 1024K, 12 young (12288K), 2 survivors (2048K)
 Metaspace       used 9634K, committed 9920K, reserved 1114112K
  class space    used 1156K, committed 1280K, reserved 1048576K
"""
G1_OF_25 = """
garbage-first heap   total reserved 262144K, committed 131072K, used 2754K [0x00000000f0000000, 0x0000000100000000)
 region size 1024K, 2 young (2048K), 0 survivors (0K)
"""
SERIAL_OF_25 = """
DefNew     total 78656K, used 6995K [0x00000000f0000000, 0x00000000f5550000, 0x00000000f5550000)
 eden space 69952K,  10% used [0x00000000f0000000, 0x00000000f06d4d90, 0x00000000f4450000)
Tenured    total 174784K, used 1156K [0x00000000f5550000, 0x0000000100000000, 0x0000000100000000)
 the  space 174784K,   0% used [0x00000000f5550000, 0x00000000f5671278, 0x0000000100000000)
"""
SERIAL = """ def new generation   total 78656K, used 29645K [0x00000000f0000000, 0x00000000f5550000, 0x00000000f5550000)
  eden space 69952K,  42% used [0x00000000f0000000, 0x00000000f1cf3508, 0x00000000f4450000)
  from space 8704K,   0% used [0x00000000f4450000, 0x00000000f4450000, 0x00000000f4cd0000)
 tenured generation   total 174784K, used 1000K [0x00000000f5550000, 0x0000000100000000, 0x0000000100000000)
   the space 174784K,   0% used [0x00000000f5550000, 0x00000000f5550000, 0x00000000f5550200, 0x0000000100000000)
 Metaspace       used 9634K, committed 9920K, reserved 1114112K
"""
PARALLEL = """ PSYoungGen      total 76288K, used 28837K [0x00000000fab00000, 0x0000000100000000, 0x0000000100000000)
  eden space 65536K, 44% used [0x00000000fab00000,0x00000000fc729490,0x00000000feb00000)
 ParOldGen       total 175104K, used 7K [0x00000000f0000000, 0x00000000fab00000, 0x00000000fab00000)
  object space 175104K, 0% used [0x00000000f0000000,0x00000000f0000000,0x00000000fab00000)
 Metaspace       used 9634K, committed 9920K, reserved 1114112K
"""
Z_OF_25 = """
ZHeap            used 4M, capacity 256M, max capacity 256M
 Cache           252M (1)
  size classes   128M (1)
"""
Z = """ ZHeap           used 32M, capacity 256M, max capacity 256M
 Metaspace       used 9634K, committed 9856K, reserved 1114112K
"""
SHENANDOAH = """Shenandoah Heap
 256M max, 256M soft max, 256M committed, 22912K used
 1024 x 256K regions
 Metaspace       used 9634K, committed 9920K, reserved 1114112K
"""


@pytest.mark.parametrize(
    ("used", "text"),
    [
        (14219 * KIB, G1),
        (2754 * KIB, G1_OF_25),
        ((29645 + 1000) * KIB, SERIAL),
        ((28837 + 7) * KIB, PARALLEL),
        ((6995 + 1156) * KIB, SERIAL_OF_25),
        (32 * KIB * KIB, Z),
        (4 * KIB * KIB, Z_OF_25),
        (22912 * KIB, SHENANDOAH),
        (None, "Epsilon Heap\n"),
    ],
    ids=["G1", "G1 of 25", "Serial", "Parallel", "Serial of 25", "ZGC", "ZGC of 25", "Shenandoah", "unknown"],
)
def test_the_use_is_that_of_all_generations_without_the_metaspace(used: int | None, text: str) -> None:
    assert jvm.used(text) == used
    assert jvm.metaspace(text) == (9634 * KIB if "Metaspace" in text else None)


def test_classes_are_written_as_in_java_and_those_of_one_name_are_summed() -> None:
    text = (
        " num     #instances         #bytes  class name (module)\n"
        "-------------------------------------------------------\n"
        "   1:         10409         859600  [B (java.base@17.0.21.1)\n"
        "   2:             7            112  [[Ljava.lang.Object; (java.base@17.0.21.1)\n"
        "   3:             2             64  erp.Order\n"
        "   4:             1             32  erp.Order\n"
        "Total         10419         859808\n"
    )
    found = {"byte[]": (10409, 859600), "java.lang.Object[][]": (7, 112), "erp.Order": (3, 96)}
    assert jvm.histogram(text) == found


def heaps_of(*pids: int) -> RuntimeHeaps:
    return RuntimeHeaps(ProcessTree(tuple(f"pid:{pid}" for pid in pids)))


def load(server: targets.Server, requests: int) -> None:
    with httpx.Client() as client:
        for _ in range(requests):
            client.get(server.url)


@pytest.fixture(scope="module")
def leaky() -> Iterator[targets.Server]:
    """Its own `System.gc()` does nothing; what is asked of it from outside is done all the same."""
    with targets.a_leaky_server("java", "leak", 20_000, "-XX:+DisableExplicitGC") as server:
        yield server


def test_what_a_jvm_holds_is_read_after_a_collection_with_its_limit(leaky: targets.Server) -> None:
    heaps = heaps_of(leaky.pid)
    before = heaps.read_clean()
    load(leaky, 500)
    after = heaps.read_clean()
    assert after["heap_used_bytes"] - before["heap_used_bytes"] == pytest.approx(10 * MB, rel=0.1)
    assert after["heap_limit_bytes"] == 64 * KIB * KIB
    assert after["heap_fullest_ratio"] == after["heap_used_bytes"] / after["heap_limit_bytes"]
    assert after["heap_external_bytes"] > 1 * MB
    assert httpx.get(leaky.url).text == "ok"
    assert not list(Path("/tmp").glob(f".attach_pid{leaky.pid}"))  # noqa: S108 (where the JVM looks)


def test_what_leaks_is_named_by_its_class(leaky: targets.Server) -> None:
    heaps = heaps_of(leaky.pid)
    before = heaps.contents()
    load(leaky, 200)
    found = {one.constructor: one for one in grown(before, heaps.contents())}
    assert found["Server$Forgotten"] == Grown("Server$Forgotten", 200, 200 * 16)
    assert found["byte[]"].bytes == pytest.approx(4 * MB, rel=0.02)


def test_a_tree_of_several_runtimes_is_asked_process_by_process(leaky: targets.Server) -> None:
    """Of Node and a JVM the sum; the CPython between them is too old to be asked, and left out."""
    with targets.a_leaky_server("node") as node, targets.a_leaky_server("python") as python:
        both = heaps_of(leaky.pid, node.pid, python.pid)
        total, alone = both.read_clean(), heaps_of(node.pid)
        of_node = alone.read_clean()
        both.close()
        alone.close()
    assert total["heap_limit_bytes"] == of_node["heap_limit_bytes"] + 64 * KIB * KIB
    assert total["heap_used_bytes"] > of_node["heap_used_bytes"] + 2 * MB


def test_another_users_jvm_is_not_asked_and_is_said_to_be_theirs(leaky: targets.Server) -> None:
    def look() -> str:
        with pytest.raises(TargetError) as caught:
            heaps_of(leaky.pid).read()
        return caught.value.message

    assert "one of another user, which only that user and root can ask" in as_nobody(look)


@pytest.mark.parametrize("code", ["pass", "import signal; signal.signal(signal.SIGQUIT, lambda *_: None)"])
def test_the_signal_is_never_sent_to_another_program(code: str) -> None:
    """It would end most of them; and one that handles it may do with it what it likes."""
    script = f"{code}\nprint('up', flush=True)\nimport time\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(TargetError, match="is no JVM that handles SIGQUIT"):
            attach.ask(process.pid, "VM.version")
        time.sleep(0.1)
        assert process.poll() is None
        process.kill()


def test_a_jvm_that_leaves_the_signal_to_the_system_is_not_signalled() -> None:
    """`-Xrs` alone opens the door from the start, so that no signal is needed."""
    with targets.a_leaky_server("java", "none", 1000, "-Xrs", "-XX:+DisableAttachMechanism") as server:
        with pytest.raises(TargetError, match="is no JVM that handles SIGQUIT"):
            attach.ask(server.pid, "VM.version")
        assert httpx.get(server.url).text == "ok"


def test_a_jvm_that_lets_nobody_in_goes_on_and_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "OPEN_LIMIT_S", 0.5)
    with targets.a_leaky_server("java", "none", 1000, "-XX:+DisableAttachMechanism") as server:
        with pytest.raises(TargetError, match="opens no door") as caught:
            heaps_of(server.pid).read()
        assert "DisableAttachMechanism" in (caught.value.hint or "")
        assert httpx.get(server.url).text == "ok"
