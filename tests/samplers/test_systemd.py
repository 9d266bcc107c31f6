"""Units of a real systemd, and control groups of the kernel: which processes are meant, and what their group tells."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfkit.errors import TargetError
from perfkit.samplers.cgroup import ControlGroup
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.whom import find
from tests.samplers.systemd import Systemd, a_group, a_systemd

TWO = "/bin/sh -c 'sleep 600 & exec sleep 601'"
WATCHED = """
import json, subprocess, time
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.whom import find
names = lambda tree: sorted(open(f"/proc/{pid}/cmdline").read().replace("\\0", " ").strip() for pid in tree.members())
unit, group = ProcessTree(("unit:erp.service",)), ProcessTree(("cgroup:/system.slice/erp.service",))
told = {"unit": names(unit), "group": names(group), "reading": dict(unit.read())}
subprocess.run(["systemctl", "restart", "erp.service"], check=True)
while not unit.is_alive or len(unit.members()) < 2:
    unit.find_again()
    time.sleep(0.01)
told["after"] = dict(unit.read())
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systemd]:
    with a_systemd(tmp_path_factory.mktemp("units"), erp=TWO) as found:
        found.ctl("start", "erp.service")
        yield found


def inside(systemd: Systemd, *argv: str) -> subprocess.CompletedProcess[str]:
    command = [*systemd.prefix, sys.executable, *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_unit_is_its_main_process_and_a_group_all_of_its_processes_also_after_a_restart(systemd: Systemd) -> None:
    done = inside(systemd, "-c", WATCHED)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["unit"] == ["sleep 600", "sleep 601"]
    assert told["group"] == ["sleep 600", "sleep 601"]
    assert (told["reading"]["processes_count"], told["reading"]["restarts_count"]) == (2, 0)
    assert (told["after"]["processes_count"], told["after"]["restarts_count"]) == (2, 1)


def test_perfkit_memory_watches_a_unit(systemd: Systemd) -> None:
    watched = ("memory", "unit:erp.service", "--until", "300ms", "--period", "100ms", "--json")
    done = inside(systemd, "-m", "perfkit", *watched)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["watch"] == ["unit:erp.service"]
    assert told["metrics"]["processes_count"]["last"] == 2
    assert told["metrics"]["anon_bytes"]["least"] > 0


def test_a_unit_that_does_not_run_is_no_process(systemd: Systemd) -> None:
    done = inside(systemd, "-m", "perfkit", "memory", "unit:shop.service", "--until", "1s")
    assert done.returncode == 3
    assert "no process to watch for 'unit:shop.service'" in done.stderr


def test_without_systemd_that_is_said() -> None:
    """Its programs may be installed all the same, as in most containers."""
    if Path("/run/systemd/system").exists():
        pytest.skip("this machine is run by systemd")
    with pytest.raises(TargetError, match="this machine is not run by systemd"):
        find("unit:erp.service")


def test_processes_of_a_real_control_group_are_found() -> None:
    """Beside groups of version 1, version 2 lies in a folder of its own."""
    with a_group() as group:
        below = group / "worker"
        below.mkdir()
        with subprocess.Popen(["sleep", "60"]) as process:
            (below / "cgroup.procs").write_text(str(process.pid))
            try:
                assert find(f"cgroup:/{group.name}").pid == process.pid
                assert ProcessTree((f"cgroup:/{group.name}",)).members() == [process.pid]
                told = ControlGroup(below).read()
                assert {name.rpartition("_")[2] for name in told} <= {"bytes", "ratio"}
                assert ("cgroup_cpu_pressure_ratio" in told) == (below / "cpu.pressure").exists()
            finally:
                process.kill()
