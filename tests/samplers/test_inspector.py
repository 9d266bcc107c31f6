"""The inspector of real Node processes: opened from outside, asked, closed, and no other process ever signalled."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from perfkit.errors import TargetError
from perfkit.samplers.inspector import Inspector, is_node
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.runtime import RuntimeHeaps
from tests.leaks import targets

MB = 1_000_000


def ports_of(pid: int) -> set[int]:
    sockets = psutil.Process(pid).net_connections(kind="tcp")
    return {one.laddr.port for one in sockets if one.status == psutil.CONN_LISTEN}


def load(server: targets.Server, requests: int) -> None:
    with httpx.Client() as client:
        for _ in range(requests):
            client.get(server.url)


def test_the_heap_is_read_and_the_application_goes_on_without_an_open_port() -> None:
    with targets.a_leaky_server("node") as server:
        with Inspector(server.pid) as node:
            heap = node.heap()
        assert 1 * MB < heap.used_bytes < heap.limit_bytes
        assert ports_of(server.pid) == {server.port}
        assert httpx.get(server.url).text == "ok"


def test_it_can_be_opened_again_and_again() -> None:
    with targets.a_leaky_server("node") as server:
        for _ in range(3):
            with Inspector(server.pid) as node:
                assert node.evaluate("process.pid") == server.pid
        assert ports_of(server.pid) == {server.port}


def test_buffers_are_external_to_the_heap() -> None:
    """1,000 buffers of 20 kB are 20 MB that heapUsed alone would not show."""
    with targets.a_leaky_server("node", "buffer", 20_000) as server, Inspector(server.pid) as node:
        node.collect_garbage()
        before = node.heap()
        load(server, 1_000)
        node.collect_garbage()
        after = node.heap()
    assert after.external_bytes - before.external_bytes == pytest.approx(20 * MB, rel=0.05)
    assert after.used_bytes - before.used_bytes < 2 * MB


def test_garbage_can_be_collected_so_that_only_what_is_held_counts() -> None:
    with targets.a_leaky_server("node", "leak", 20_000) as server, Inspector(server.pid) as node:
        node.collect_garbage()
        before = node.heap().used_bytes
        load(server, 500)
        node.collect_garbage()
        assert node.heap().used_bytes - before == pytest.approx(10 * MB, rel=0.2)


def test_an_inspector_that_the_application_opened_itself_stays_open() -> None:
    with targets.a_leaky_server("node", "none", 1000, "--inspect=127.0.0.1:0") as server:
        before = ports_of(server.pid)
        with Inspector(server.pid) as node:
            assert node.heap().used_bytes > 0
        assert ports_of(server.pid) == before
        assert len(before) == 2


@pytest.mark.parametrize("code", ["pass", "import signal; signal.signal(signal.SIGUSR1, lambda *_: None)"])
def test_the_signal_is_never_sent_to_another_program(code: str) -> None:
    """It would end most of them; and one that handles it may do with it what it likes."""
    script = f"{code}\nprint('up', flush=True)\nimport time\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(TargetError, match="is no Node process"):
            Inspector(process.pid)
        time.sleep(0.1)
        assert process.poll() is None
        process.kill()


def test_a_node_process_that_gave_the_signal_its_default_back_is_not_signalled() -> None:
    """`--disable-sigusr1` (or an early start-up) leaves the signal uncaught: it would end the process."""
    with targets.a_leaky_server("node") as server:
        assert is_node(server.pid)
    with targets.a_leaky_server("node", "none", 1000, "--disable-sigusr1") as server:
        assert not is_node(server.pid)
        with pytest.raises(TargetError, match="is no Node process that handles SIGUSR1"):
            Inspector(server.pid)
        assert httpx.get(server.url).text == "ok"


def test_a_port_that_is_taken_is_said_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with targets.a_leaky_server("node", "none", 1000, f"--inspect-port={taken}") as server:
            with pytest.raises(TargetError, match="opens no inspector") as caught:
                Inspector(server.pid)
            assert "--inspect-port=0" in (caught.value.hint or "")
            assert httpx.get(server.url).text == "ok"


@contextlib.contextmanager
def a_cluster() -> Iterator[psutil.Process]:
    argv = [targets.node(), str(targets.HERE / "cluster.js")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        primary = psutil.Process(process.pid)
        try:
            yield primary
        finally:
            for child in primary.children(recursive=True):
                child.kill()
            process.kill()


def test_the_workers_of_a_cluster_are_asked_one_by_one() -> None:
    with a_cluster() as primary:
        heaps = RuntimeHeaps(ProcessTree((f"pid:{primary.pid}",)))
        reading = heaps.read_clean()
        heaps.close()
        one_limit = reading["heap_limit_bytes"] / 3
        assert one_limit > 100 * MB
        assert reading["heap_used_bytes"] > 3 * 2 * MB
        assert 0 < reading["heap_fullest_ratio"] < 1


def test_a_process_that_ends_while_it_is_watched_is_an_error_in_words() -> None:
    with targets.a_leaky_server("node") as server:
        node = Inspector(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(server.pid)], timeout=0.2)
        with pytest.raises(TargetError, match=r"does not answer its inspector|closed its inspector"):
            node.heap()
        node.close()
