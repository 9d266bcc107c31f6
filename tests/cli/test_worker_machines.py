"""Runs over machines that differ: a clock that is wrong, a network that is cut, one file of data for all of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from perfkit import store
from perfkit.model import Request, Run
from perfkit.recorded.rows import read_rows
from tests.builders import rows_of
from tests.cli.perfkit import TIMEOUT_S, Done, start, strays
from tests.cli.workers import SECRET, TOKEN, a_free_port, a_worker, end_of
from tests.netns import OtherMachine, another_machine
from tests.servers import Answer, a_server

pytestmark = pytest.mark.timeout(240)  # the first test waits for both runs

ROOT = Path(__file__).parents[2]
EVERYWHERE = "0.0.0.0"  # noqa: S104 (each machine has an address of its own for this one)
AHEAD_S = 3600.2
ROWS = 200
# In Python's own clock, for libfaketime makes its sleep fail.
WRONG_CLOCK = f"""
import time

right = time.time
time.time = lambda: right() + {AHEAD_S}
"""
SCENARIO = """
from locust import constant, task
from perfkit.load import HttpUser, feed

people = feed("people.csv", order="unique")

class Reader(HttpUser):
    wait_time = constant(0.02)

    @task
    def read(self):
        self.client.get("/" + people.next()["id"])
"""
SUITE = """
name = "shared"
[target]
url = "{url}"
[scenario]
file = "locustfile.py"
[sampling]
settle = "0s"
[[phase]]
name = "first"
rate = "40/s"
duration = "4s"
max_users = 300
[[phase]]
name = "second"
users = 4
duration = "2s"
"""


def a_suite(folder: Path, url: str) -> None:
    (folder / "perfkit.toml").write_text(SUITE.format(url=url))
    (folder / "locustfile.py").write_text(SCENARIO)
    (folder / "people.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(ROWS)))


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a run and of its workers; when the target was asked for which path, by this machine's clock."""

    folder: Path
    bench: Done
    workers: tuple[Done, ...]
    asked: dict[str, list[float]]

    @property
    def run(self) -> Run:
        return store.load(store.find("latest", self.folder / "reports"))


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that waits for its workers, and those that were begun on other machines."""

    folder: Path
    port: int
    bench: subprocess.Popen[str]
    asked: dict[str, list[float]]
    ends: contextlib.ExitStack
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def worker(
        self, machine: OtherMachine, *suite: str, token: str = SECRET, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        where = ("--master", f"{machine.here}:{self.port}")
        begun = a_worker(*suite, *where, at=self.folder, machine=machine, token=token, env=env)
        self.ends.enter_context(begun)
        self.ends.callback(begun.kill)
        if not suite and token == SECRET:
            self.workers.append(begun)
        return begun

    def await_load(self, requests: int) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while len(self.asked) < requests:
            assert time.monotonic() < deadline
            assert self.bench.poll() is None, end_of(self.bench)
            time.sleep(0.02)

    def end(self) -> Told:
        workers = tuple(map(end_of, self.workers))
        return Told(self.folder, end_of(self.bench), workers, self.asked)


@contextlib.contextmanager
def a_run(folder: Path, machines: Sequence[OtherMachine], *options: str) -> Iterator[Begun]:
    """`perfkit bench` here, which expects a worker on each of these machines."""
    asked: dict[str, list[float]] = {}

    def answer(path: str) -> Answer:
        if path != "/":  # perfkit looks whether there is a target
            asked.setdefault(path, []).append(time.time())
        return 200, {}, b"{}"

    with a_server(answer, delay_s=0.02, host=EVERYWHERE) as url, contextlib.ExitStack() as ends:
        a_suite(folder, f"http://{machines[0].here}:{url.rpartition(':')[2]}")
        port = a_free_port()
        expected = ("--expect-workers", str(len(machines)), "--bind", f"*:{port}")
        bench = start("bench", *expected, *options, at=folder, env={TOKEN: SECRET})
        ends.enter_context(bench)
        ends.callback(bench.kill)
        yield Begun(folder, port, bench, asked, ends)
    assert strays(folder) == []


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    """A run by a worker here and one elsewhere, whose network is gone for good. That takes long to be sure of."""
    folder = tmp_path_factory.mktemp("lost")
    with another_machine() as machine, a_run(folder, [machine], "--workers", "1") as begun:
        begun.worker(machine)
        begun.await_load(40)
        machine.cut()
        yield begun


@dataclass(frozen=True, slots=True)
class Joined:
    """A run that waits for two workers, and who tried to be one of them before those came."""

    told: Told
    stranger: Done
    other_scenario: Done


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, cut_off: Begun) -> Joined:
    """By two machines, of which one is an hour fast, and the other without network for two seconds."""
    folder, clock = tmp_path_factory.mktemp("joined"), tmp_path_factory.mktemp("clock")
    (clock / "sitecustomize.py").write_text(WRONG_CLOCK)
    (folder / "changed.py").write_text(SCENARIO + "\n# changed\n")
    with another_machine() as fast, another_machine() as cut, a_run(folder, [fast, cut]) as begun:
        stranger = begun.worker(fast, token=SECRET + "!")
        changed = end_of(begun.worker(fast, "changed.py"))
        begun.worker(fast, env={"PYTHONPATH": os.pathsep.join((str(clock), str(ROOT)))})
        begun.worker(cut)
        begun.await_load(40)
        cut.cut()
        time.sleep(2.0)
        cut.mend()
        return Joined(begun.end(), end_of(stranger), changed)


@pytest.fixture(scope="module")
def lost(cut_off: Begun, joined: Joined) -> Told:
    """The end of the run that was begun first; meanwhile there was the other one."""
    return cut_off.end()


# Who joins


def test_the_workers_make_the_load_of_all_phases_and_their_rows_are_fetched(joined: Joined) -> None:
    told = joined.told
    assert (told.bench.code, [worker.code for worker in told.workers]) == (0, [0, 0]), told.bench.err
    run = told.run
    assert [mark.name for mark in run.record.phases] == ["first", "second"]
    assert [worker.is_fetched for mark in run.record.phases for worker in mark.workers] == [True] * 4
    assert [sum(worker.requests for worker in mark.workers) for mark in run.record.phases] == [160, ROWS - 160]
    assert rows_of(run)["phase"].value_counts().to_dict() == {"first": 160, "second": ROWS - 160}
    assert not list(run.folder.rglob("*.part"))


def test_both_sides_say_how_it_goes(joined: Joined) -> None:
    run, workers = joined.told.bench, joined.told.workers
    assert "2 of 2 workers are there" in run.err
    assert "somebody without the token of this run tries to join it" in run.err
    assert all("phase second: loading http://" in worker.err for worker in workers)
    assert all("their rows were fetched" in worker.err for worker in workers)


def test_a_worker_with_another_token_does_not_get_in(joined: Joined) -> None:
    assert joined.stranger.code == 3
    assert "answers nobody with this worker's token" in joined.stranger.complaint


def test_a_worker_with_another_scenario_is_refused(joined: Joined) -> None:
    assert joined.other_scenario.code == 4
    assert "refuses this worker: its scenario is not the one of this run" in joined.other_scenario.complaint


def test_nobody_tells_the_token(joined: Joined) -> None:
    told = joined.told
    assert not [file for file in told.run.folder.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert SECRET not in "".join(done.err + done.out for done in (told.bench, *told.workers))


# Two clocks


def test_rows_of_a_clock_that_is_an_hour_fast_lie_where_the_target_saw_them(joined: Joined) -> None:
    """Each between its start and its end; the uncertainty is half a way there and back, here well below 20 ms."""
    told = joined.told
    rows = rows_of(told.run)
    asked_at = rows["endpoint"].astype(str).map(lambda path: told.asked[path][0])
    assert ((asked_at - rows["started_at"]).between(-0.02, rows["service_s"] + 0.02)).all()


def test_the_times_of_a_phase_are_the_first_machines(joined: Joined) -> None:
    """Else it would have lasted for an hour, and a rate be a thousandth of what it was."""
    run = joined.told.run
    for mark in run.record.phases:
        started_at = rows_of(run)["started_at"][rows_of(run)["phase"] == mark.name]
        assert mark.measured_at - 0.05 <= started_at.min()
        assert started_at.max() <= mark.ended_at + 0.05
        assert mark.ended_at - mark.started_at < 60


def test_a_clock_that_is_wrong_is_told(joined: Joined) -> None:
    notes = [note for note in joined.told.run.record.notes if "the clock of worker" in note]
    assert [note.partition(" was ")[2] for note in notes] == ["1h ahead; its rows were shifted"] * 2
    ahead = [worker.clock_ahead_s for mark in joined.told.run.record.phases for worker in mark.workers]
    assert [one for one in ahead if one is not None] == pytest.approx([AHEAD_S] * 2, abs=0.02)


# A network that is cut


def test_a_network_that_is_away_for_two_seconds_costs_no_row(joined: Joined) -> None:
    """What was on its way comes late, and that is what its row says."""
    run = joined.told.run
    assert all(worker.lost_at_s is None for mark in run.record.phases for worker in mark.workers)
    assert rows_of(run)["service_s"].max() > 1.0


def test_a_worker_whose_network_is_gone_is_named_and_discards_the_run(lost: Told) -> None:
    """The other one goes on to the end of the phase, and no other phase follows."""
    (mark,) = lost.run.record.phases
    (gone,) = [worker for worker in mark.workers if worker.lost_at_s is not None]
    (stayed,) = [worker for worker in mark.workers if worker.lost_at_s is None]
    assert lost.bench.code == 6
    assert f"lost 1 of 2 in phase first: {gone.name} at second" in lost.bench.complaint
    assert f"no rows of {gone.name}" in lost.bench.complaint
    assert (stayed.requests, len(lost.run.requests)) == (80, 80)


def test_it_costs_the_figures_no_more_than_its_last_second(lost: Told) -> None:
    """20 arrivals a second were its part; what it had told until then counts."""
    (gone,) = [worker for worker in lost.run.record.phases[0].workers if worker.lost_at_s is not None]
    assert gone.lost_at_s == pytest.approx(gone.requests / 20, abs=1.5)


def test_a_worker_without_its_master_ends_and_says_where_its_rows_are(lost: Told) -> None:
    (worker,) = lost.workers
    assert worker.code == 3
    assert "went away, or the network to it, before it had this worker's rows" in worker.complaint
    (shard,) = lost.folder.glob("perfkit-worker-*/requests/*.arrow")
    assert f"rows that were not fetched lie in {shard.parent}" in worker.err
    assert len(read_rows([shard], Request)) >= 40 // 2


# One file of data


def test_no_row_of_a_unique_feed_is_used_twice_over_machines_and_phases(joined: Joined) -> None:
    """And none is left out."""
    asked = joined.told.asked
    assert {path: len(times) for path, times in asked.items()} == {f"/{number}": 1 for number in range(ROWS)}


def test_a_feed_that_runs_out_is_told_with_the_users_of_all_machines(joined: Joined) -> None:
    said = f"feed people.csv ran out after {ROWS} rows: 4 users stopped in phase second; add rows, or order = 'cycle'"
    assert said in joined.told.run.record.notes
    assert said in joined.told.bench.err
