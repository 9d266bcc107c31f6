"""Feeds: rows in their order, shared out over workers, and every mistake in a file said with its line."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import ScenarioError
from perfkit.load.child.feed_files import FeedError, read_feed
from perfkit.load.child.feeds import ExhaustedError, Feed
from perfkit.load.child.workers.summing import summed
from perfkit.load.engine import run_phase
from perfkit.load.histogram import Histogram
from perfkit.load.orders import Status
from perfkit.model import Phase, Scenario
from tests.load import scenarios

ROWS = [{"n": number} for number in range(10)]

SCENARIO = """
import os
from locust import User, constant, task
from perfkit.load import feed

rows = feed("data/rows.csv", order="{order}")

class Taker(User):
    wait_time = constant(0.01)

    @task
    def take(self):
        row = rows.next()
        with open("{out}", "a") as file:
            print(os.getpid(), row["n"], file=file)
"""


def numbers(feed: Feed, count: int) -> list[int]:
    return [feed.next()["n"] for _ in range(count)]


def test_cycle_begins_again_with_the_workers_own_rows() -> None:
    assert numbers(Feed("f", ROWS, "cycle", lambda: (1, 3)), 5) == [1, 4, 7, 1, 4]


def test_fewer_rows_than_workers_are_shared_by_all() -> None:
    assert numbers(Feed("f", ROWS[:2], "cycle", lambda: (2, 3)), 3) == [0, 1, 0]


def test_random_is_the_same_in_every_run_and_another_for_each_worker() -> None:
    drawn = [numbers(Feed("f", ROWS, "random", lambda: (0, 1)), 200) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == set(range(10))
    assert set(numbers(Feed("f", ROWS, "random", lambda: (1, 2)), 200)) == {1, 3, 5, 7, 9}


@given(st.integers(0, 30), st.integers(1, 5), st.integers(0, 12))
def test_unique_rows_are_handed_out_once_over_all_workers(count: int, workers: int, before: int) -> None:
    """Each row from where the phases before stopped, none twice, none left."""
    rows = [{"n": number} for number in range(count)]
    taken: list[int] = []
    for index in range(workers + 1):  # one joined late, in place of a lost one: it has no rows
        feed = Feed("f", rows, "unique", lambda index=index: (index, workers), lambda: before)
        with contextlib.suppress(ExhaustedError):
            taken.extend(row["n"] for row in feed)
    assert sorted(taken) == list(range(before, count))


def test_exhaustion_is_said_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    feed = Feed("users.csv", ROWS, "unique")
    numbers(feed, 10)
    for _ in range(3):
        with pytest.raises(ExhaustedError):
            feed.next()
    assert caplog.messages == ["users.csv is exhausted after 10 rows; add rows, or order = 'cycle'"]
    assert feed.refused == 3


def test_a_row_belongs_to_who_took_it() -> None:
    feed = Feed("f", [{"n": 1}], "cycle")
    feed.next()["n"] = 2
    assert next(iter(feed)) == {"n": 1}


def test_threads_share_a_feed_without_a_row_twice() -> None:
    feed = Feed("f", [{"n": number} for number in range(4000)], "unique")
    taken: list[int] = []
    threads = [threading.Thread(target=lambda: taken.extend(numbers(feed, 1000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(4000))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", '\ufeffn,name\r\n1,Ä\r\n\r\n2,"x,\ny"\r\n'),
        ("a.json", '[{"n": "1", "name": "Ä"}, {"n": "2", "name": "x,\\ny"}]'),
        ("a.jsonl", '{"n": "1", "name": "Ä"}\n\n{"n": "2", "name": "x,\\ny"}\n'),
    ],
)
def test_each_format_gives_the_same_rows(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode())
    assert read_feed(file, name) == [{"n": "1", "name": "Ä"}, {"n": "2", "name": "x,\ny"}]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"n,m\n", "a.csv has no rows"),
        ("a.csv", b"n,m\n1,2\n\n3\n", "a.csv, line 4: 1 value where the header has 2"),
        ("a.csv", b'n,m\n"a\nb",2\n1,2,3\n', "a.csv, line 4: 3 values where the header has 2"),
        ("a.csv", b"n,m\n1,\xe4\n", "a.csv, line 2: not UTF-8; save the file as UTF-8"),
        ("a.csv", b"n;m\n1;2\n", "a.csv, line 1: the columns are not separated by commas"),
        ("a.csv", b"n,n\n1,2\n", "a.csv, line 1: two columns are called 'n'"),
        ("a.csv", b"n,\n1,2\n", "a.csv, line 1: column 2 has no name"),
        ("a.csv", b'n,m\n"1,2\n', "a.csv, line 2: unexpected end of data"),
        ("a.json", b" ", "a.json is empty"),
        ("a.json", b'[{"n": 1},\n]', "a.json, line 2: not JSON: Expecting value"),
        ("a.json", b'{"n": 1}', "a.json, line 1: not an array of objects; for an object a line call the file .jsonl"),
        ("a.json", b'[{"n": 1}, 2]', "a.json, element 2: not an object"),
        ("a.jsonl", b'{"n": 1}\n{"n": \n', "a.jsonl, line 2: not JSON: Expecting value"),
        ("a.jsonl", b"1\n", "a.jsonl, line 1: not an object"),
        ("a.txt", b"n\n1\n", "a.txt: a feed is a .csv, .json, .jsonl, .ndjson file"),
    ],
)
def test_a_mistake_is_said_with_file_and_line(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FeedError) as caught:
        read_feed(tmp_path / name, name)
    assert str(caught.value).startswith(said)


@given(st.binary(max_size=200), st.sampled_from([".csv", ".json", ".jsonl"]))
def test_any_bytes_are_rows_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str) -> None:
    file = tmp_path_factory.getbasetemp() / f"any{suffix}"
    file.write_bytes(data)
    try:
        assert all(isinstance(row, dict) for row in read_feed(file, file.name))
    except FeedError as error:
        assert file.name in str(error)  # noqa: PT017 (either way is fine)


def test_a_mistake_in_a_feed_is_the_scenarios(tmp_path: Path) -> None:
    """Told before any load, with the line of the scenario and that of the file."""
    file = scenarios.write(tmp_path, SCENARIO.format(order="cycle", out="out"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("n,m\n1\n")
    phase = Phase("single", users=1, iterations=1)
    with pytest.raises(ScenarioError) as caught:
        run_phase(phase, Scenario(file), "http://127.0.0.1:1", tmp_path, on_status=lambda status: None)
    assert caught.value.message.endswith(
        "locustfile.py, line 6: FeedError: data/rows.csv, line 2: 1 value where the header has 2"
    )


def test_unique_holds_over_the_phases_of_a_run(tmp_path: Path) -> None:
    """The second phase goes on where the first stopped; without a row users stop, told once, without error."""
    out = tmp_path / "out"
    file = scenarios.write(tmp_path, SCENARIO.format(order="unique", out=out))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(10)))
    for name, exhausted in (("first", {}), ("second", {"rows.csv": [10, 2]})):
        phase = Phase(name, users=3, iterations=2)
        run = run_phase(phase, Scenario(file), "http://127.0.0.1:1", tmp_path, on_status=lambda status: None)
        assert run.mark.scenario_exceptions == 0
        assert run.end.exhausted == exhausted
    assert [int(line.split()[1]) for line in out.read_text().splitlines()] == list(range(10))
    assert (tmp_path / "locust.log").read_text().count("rows.csv is exhausted after 10 rows") == 1


def test_who_stopped_in_which_worker_is_added_up() -> None:
    """The rows are those of the file, which every worker reads."""
    nothing: dict[str, Any] = dict.fromkeys((one.name for one in fields(Status) if one.default is MISSING), 0)
    words = [{"a.csv": [10, 2]}, {}, {"a.csv": [10, 3], "b.csv": [1, 1]}]
    told = [Status(**nothing | {"exhausted": word}) for word in words]
    whole = summed(told, [], Histogram(), Histogram(), is_final=True)
    assert whole.exhausted == {"a.csv": (10, 5), "b.csv": (1, 1)}


def test_workers_have_rows_of_their_own(tmp_path: Path) -> None:
    """Locust's own master and two forked workers: every row once, and both workers had some."""
    out = tmp_path / "out"
    file = scenarios.write(tmp_path, SCENARIO.format(order="unique", out=out))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(40)))
    argv = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--processes", "2", "--host", "http://x"]
    argv += ["--users", "4", "--spawn-rate", "4", "--run-time", "3s", "--only-summary", "--master-bind-port", "0"]
    argv[-1] = str(_free_port())
    argv += ["--master-port", argv[-1]]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    taken = [line.split() for line in out.read_text().splitlines()]
    assert sorted(int(number) for _, number in taken) == list(range(40)), done.stderr
    assert len({pid for pid, _ in taken}) == 2


def _free_port() -> int:

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
