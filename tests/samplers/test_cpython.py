"""What a CPython process says of its own objects: the script in any interpreter, the way to it in a real 3.14."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import httpx
import pytest

from perfkit.errors import TargetError
from perfkit.samplers import cpython, cpython_script
from perfkit.samplers.cpython import CPython, is_cpython, version_of
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.runtime import RuntimeHeaps
from perfkit.samplers.snapshot import grown
from tests.leaks import targets

MB = 1_000_000


def told(application: str, what: str, folder: Path) -> dict[str, Any]:
    """The answer of the script in a real interpreter, where the application runs first."""
    script = f"{Path(cpython_script.__file__).read_text()}\nanswer(7, {what!r}, {str(folder / 'answer')!r})\n"
    bring = f"{application}\nexec({script!r}, {{}})"
    subprocess.run([sys.executable, "-c", bring], check=True)
    answer = ast.literal_eval((folder / "answer").read_text())
    assert answer["number"] == 7
    return dict(answer)


def test_objects_are_counted_by_type_with_the_text_that_they_hold(tmp_path: Path) -> None:
    """100 objects in a list, each with 1 kB of text, which no collector tracks."""
    held = "class Order:\n def __init__(self, n): self.text = f'{n:0>953}'\nkept = [Order(n) for n in range(100)]"
    before, after = (told(code, "objects", tmp_path)["types"] for code in ("", held))
    assert after["__main__.Order"][0] == 100
    assert after["str"][1] - before["str"][1] == pytest.approx(100 * 1_002, rel=0.02)


def test_an_object_that_many_hold_counts_once_and_one_in_a_tuple_too(tmp_path: Path) -> None:
    """A tuple of plain numbers and text is not tracked either."""
    held = "text = 'y' * 500_000\nkept = [('a', (text,)) for _ in range(100)]"
    before, after = (told(code, "objects", tmp_path)["types"] for code in ("", held))
    assert after["str"][1] - before["str"][1] == pytest.approx(500_049, rel=0.02)


def test_garbage_does_not_count(tmp_path: Path) -> None:
    cycle = "import gc; gc.disable()\nclass Node: pass\nfor _ in range(50): n = Node(); n.self = n\ndel n"
    assert "__main__.Node" not in told(cycle, "objects", tmp_path)["types"]


def test_what_a_class_says_of_its_own_size_is_not_asked_for(tmp_path: Path) -> None:
    endless = "class Frame:\n def __sizeof__(self):\n  while True: pass\nkept = Frame()"
    assert told(endless, "objects", tmp_path)["types"]["__main__.Frame"][0] == 1


def test_blocks_are_told_and_bytes_where_the_application_traces_them(tmp_path: Path) -> None:
    assert told("", "blocks", tmp_path)["traced_bytes"] is None
    traced = told("import tracemalloc; tracemalloc.start(); kept = bytes(3_000_000)", "blocks", tmp_path)
    assert traced["traced_bytes"] == pytest.approx(3 * MB, rel=0.15)
    assert traced["blocks"] > 1_000


def test_what_goes_wrong_in_it_is_told_and_does_not_reach_the_application(tmp_path: Path) -> None:
    assert told("", "nonsense", tmp_path)["error"] == "KeyError: 'nonsense'"


def test_it_loads_nothing_that_the_application_has_not_loaded(tmp_path: Path) -> None:
    """`__future__` has to be loaded; it loads nothing else."""
    at_end = f"open({str(tmp_path / 'loaded')!r}, 'w').write(repr(sorted(set(sys.modules) - known)))"
    told(f"import atexit, sys; known = set(sys.modules); atexit.register(lambda: {at_end})", "objects", tmp_path)
    assert (tmp_path / "loaded").read_text() == "['__future__', 'gc']"


def test_a_version_is_known_of_python_only() -> None:
    with targets.a_leaky_server("python") as server, subprocess.Popen(["sleep", "60"]) as other:
        assert version_of(server.pid) == sys.version_info[:2]
        assert version_of(other.pid) is None
        other.kill()


@pytest.mark.skipif(sys.version_info >= cpython.OLDEST, reason="this interpreter is new enough to be asked")
def test_an_older_cpython_is_refused_by_name() -> None:
    with targets.a_leaky_server("python") as server:
        heaps = RuntimeHeaps(ProcessTree((f"pid:{server.pid}",)))
        with pytest.raises(TargetError, match=rf"CPython 3\.14 or newer.*: python3\.{sys.version_info[1]}"):
            heaps.read()


@contextmanager
def a_314(code: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A CPython 3.14 that has printed "up"."""
    argv = [targets.python314(), *options, "-c", f"{code}\nprint('up', flush=True)\nimport time\n{WAIT}"]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout is not None
        one.stdout.readline()
        try:
            yield one
        finally:
            one.kill()


WAIT = "while True: time.sleep(0.01)"


def test_a_real_leak_is_measured_and_named_and_nothing_is_left_behind() -> None:
    """500 requests of 2 kB leave 500 `Forgotten` behind."""
    folders = set(Path(gettempdir()).glob("perfkit-heap-*"))
    with targets.a_leaky_server("python3.14", "leak", 2_000) as server, httpx.Client() as client:
        heaps = RuntimeHeaps(ProcessTree((f"pid:{server.pid}",)))
        client.get(server.url)
        before, held_before = heaps.read_clean(), heaps.contents()
        for _ in range(500):
            client.get(server.url)
        after, held_after = heaps.read_clean(), heaps.contents()
        reading = heaps.read()
        heaps.close()
        assert client.get(server.url).text == "ok"
    found = {one.constructor: one.count for one in grown(held_before, held_after)}
    assert found["__main__.Forgotten"] == 500
    assert after["heap_used_bytes"] - before["heap_used_bytes"] == pytest.approx(500 * 2_150, rel=0.05)
    assert set(reading) == {"heap_blocks_count"}
    assert set(Path(gettempdir()).glob("perfkit-heap-*")) <= folders


def test_a_process_that_waits_is_given_up_and_runs_nothing_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpython, "FIRST_LIMIT_S", 0.3)
    wait = "import sys; sys.stdin.readline(); print('woken', flush=True)"
    with a_314(f"print('up', flush=True); {wait}") as process:
        door = CPython(process.pid)
        with pytest.raises(TargetError, match=r"has not answered within 0\.3 s"):
            door.heap()
        door.close()
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "woken\n"
        time.sleep(0.1)
        process.kill()
        assert process.stderr.read() == ""


def test_one_that_forbids_it_is_said_so_with_the_way_out() -> None:
    with a_314("pass", "-X", "disable-remote-debug") as process:
        assert is_cpython(process.pid)
        door = CPython(process.pid)
        with pytest.raises(TargetError, match="not enabled") as caught:
            door.heap()
        door.close()
        assert process.poll() is None
    assert "PYTHON_DISABLE_REMOTE_DEBUG" in (caught.value.hint or "")


def test_what_the_application_traces_itself_is_its_heap_under_load() -> None:
    with a_314("import tracemalloc; tracemalloc.start(); kept = bytes(3_000_000)") as process:
        door = CPython(process.pid)
        assert door.heap().used_bytes == pytest.approx(3 * MB, rel=0.1)
        door.close()
