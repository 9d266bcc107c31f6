"""Locust files as people publish them: measured unchanged, every request once, under the name that Locust gives it.

What they hold is in tests/load/wild; none of it knows of perfkit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from perfkit.load.engine import PhaseRun, run_phase
from perfkit.model import OwnShape, Phase, Request, Scenario, Workers
from perfkit.recorded.rows import read_rows
from tests.servers import Answer, a_server

WILD = Path(__file__).parent / "wild"
ONCE = Phase("once", users=1, iterations=1)
BOTH = (False, True)


@dataclass
class Shop:
    """A server for all of them, and what it was asked for: method and path without the query."""

    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> Answer:
        path = path.partition("?")[0]
        self.asked.append(path)
        json = {"Content-Type": "application/json"}
        answers: dict[str, Answer] = {
            "/500": (500, {}, b"no"),
            "/missing": (404, {}, b"no"),
            "/moved": (302, {"Location": "/there"}, b""),
            "/text": (200, {}, b"plain"),
        }
        return answers.get(path, (200, json, b'{"token": "t", "rows": [1]}'))


@contextmanager
def a_shop() -> Iterator[Shop]:
    shop = Shop()
    with a_server(shop.answer, delay_s=0.01, echo="/echo") as shop.url:
        yield shop


@dataclass(frozen=True)
class Wild:
    """How a file is run, and the endpoints that it measures with the kinds of error that each has ("": none)."""

    files: str
    phase: Phase
    endpoints: dict[str, set[str]]
    arguments: tuple[str, ...] = ()
    lean: tuple[bool, ...] = (False,)


def fine(*endpoints: str) -> dict[str, set[str]]:
    return {endpoint: {""} for endpoint in endpoints}


QUICKSTART = fine("/hello", "/world", "/item", "/login", "/logout")
STEPS = ("/index", "/basket", "/pay", "/confirm", "/once")
WAITS = ("/quick", "/steady", "/any")
CORPUS = (
    Wild("quickstart.py", ONCE, QUICKSTART, lean=(True,)),
    Wild(
        "folder quickstart.py steps.py waits.py",
        Phase("once", users=8, iterations=1),
        QUICKSTART | fine("/read", "/write", *STEPS, *WAITS),
    ),
    Wild(
        "erp.py",
        ONCE,
        fine("/api/login", "/orders", "POST /orders", "Reports", "Report by id", "Missing, as it should be"),
        lean=BOTH,
    ),
    Wild("erp.py", ONCE, fine("/api/login", "Reports", "Report by id"), ("--tags", "reports")),
    Wild("own_options.py", ONCE, fine("/acme/0", "/acme/1", "/acme/2"), ("--tenant", "acme", "--depth", "3")),
    Wild(
        "many_kinds.py",
        Phase("once", users=5, iterations=1),
        fine("start Visitor", "start Buyer", "/", "checkout", "/admin"),
        lean=(True,),
    ),
    Wild(
        "many_kinds.py",
        Phase("once", users=5, iterations=1),
        fine("start Visitor", "/"),
        ("--tags", "read", "--exclude-tags", "slow"),
    ),
    Wild("many_kinds.py steps.py", ONCE, fine("/admin"), ("Admin",)),
    Wild(
        "rest_calls.py",
        ONCE,
        {**fine("/json", "/json/stamp?_=...", "elsewhere"), "asserted": {"validation"}, "no JSON": {"validation"}},
        lean=BOTH,
    ),
    Wild(
        "parallel.py",
        Phase("once", users=2, iterations=1),
        fine("/page", "/asset/a", "/asset/b", "/asset/c", "/poll"),
        lean=(True,),
    ),
    Wild("package/locustfile.py", Phase("once", users=2, iterations=1), fine("/home", "/search", "/read")),
    Wild(
        "session_features.py",
        Phase("once", users=3, iterations=1),
        {**fine("/adapted", "/stream", "/echo?q=a+b", "/upload", "/text", "/moved"), "tolerated": {"http_5xx"}},
        lean=BOTH,
    ),
)


def load(wild: Wild, shop: Shop, folder: Path, *, is_lean: bool = False) -> tuple[PhaseRun, pd.DataFrame]:
    first, *more = (WILD / name for name in wild.files.split())
    scenario = Scenario(first, wild.arguments, tuple(more), is_lean=is_lean)
    run = run_phase(wild.phase, scenario, shop.url, folder, on_status=lambda status: None)
    return run, read_rows(sorted((folder / "requests").glob("*.arrow")), Request).to_pandas()


def seen_in(rows: pd.DataFrame) -> dict[str, set[str]]:
    errors = rows["error"].astype(object).fillna("")
    return {str(endpoint): set(errors[rows["endpoint"] == endpoint]) for endpoint in rows["endpoint"].unique()}


@pytest.mark.parametrize(
    ("wild", "is_lean"),
    [
        pytest.param(wild, is_lean, id=" ".join((wild.files, *wild.arguments, *["--lean"] * is_lean)))
        for wild in CORPUS
        for is_lean in wild.lean
    ],
)
def test_each_request_of_a_file_of_the_wild_is_measured_once(tmp_path: Path, wild: Wild, is_lean: bool) -> None:
    """Under the same names with perfkit's client as with Locust's; nothing is raised that the file does not raise."""
    with a_shop() as shop:
        run, rows = load(wild, shop, tmp_path, is_lean=is_lean)
    assert seen_in(rows) == wild.endpoints
    assert len(rows) == len(shop.asked)
    assert (run.mark.scenario_exceptions, run.mark.listener_exceptions) == (0, 0), (tmp_path / "locust.log").read_text()


def test_requests_of_another_protocol_are_rows_too(tmp_path: Path) -> None:
    """A start time that is none of the wall clock, a text for an exception, no length: none of it stops the others."""
    with a_shop() as shop:
        run, rows = load(Wild("own_client.py", Phase("once", users=2, iterations=3), {}), shop, tmp_path)
    assert seen_in(rows) == {"get_time": {""}, "broken": {"other"}, "measured": {""}, "careless": {"other"}}
    assert rows["endpoint"].value_counts().unique().tolist() == [6]
    assert rows["started_at"].between(run.mark.started_at, run.end.at).all()
    assert rows.set_index("endpoint")["message"].dropna().to_dict() == {"broken": "Fault 17", "careless": "UNAVAILABLE"}
    assert run.mark.listener_exceptions == 0
    assert "never timed: requests without a response_time are in no figure" in run.end.notes


def test_a_file_that_judges_itself_reads_all_requests_from_locusts_statistics(tmp_path: Path) -> None:
    """Also with perfkit's client. Its exit code is told and does not count; what its listener printed is in the log."""
    with a_shop() as shop:
        run, rows = load(Wild("verdict.py", Phase("once", users=2, iterations=4), {}), shop, tmp_path, is_lean=True)
    assert len(rows) == len(shop.asked) == 16
    assert "seen 16, counted 16" in (tmp_path / "locust.log").read_text()
    assert "phase once: the scenario itself ended with exit code 3, which perfkit does not judge by" in run.end.notes


def test_a_file_may_end_the_load_itself(tmp_path: Path) -> None:
    with a_shop() as shop:
        run, rows = load(Wild("ends_itself.py", Phase("load", users=1, duration_s=30.0), {}), shop, tmp_path)
    assert len(rows) == 40
    assert run.mark.ended_at - run.mark.started_at < 25.0
    (note,) = run.end.notes
    assert note.startswith("phase load: the scenario itself ended the load, after ")


# LoadTestShape


def test_a_shape_decides_users_and_end(tmp_path: Path) -> None:
    """Not the users and the duration that are there for a file without a shape."""
    users = []
    phase = Phase("load", users=30, duration_s=60.0, shape=OwnShape())
    with a_shop() as shop:
        scenario = Scenario(WILD / "shaped.py")
        run = run_phase(phase, scenario, shop.url, tmp_path, on_status=lambda status: users.append(status.users))
    assert 2 in users
    assert 5 in users
    assert max(users) == 5
    assert 2.0 < run.mark.ended_at - run.mark.started_at < 30.0
    assert (run.mark.users, run.end.is_shaped) == (None, True)
    assert run.end.notes == [
        "phase load: the scenario's StagesShape (a LoadTestShape) decided how many users there were"
    ]


def test_a_shape_may_name_the_users_of_each_stage(tmp_path: Path) -> None:
    with a_shop() as shop:
        _, rows = load(Wild("shaped_by_kind.py", Phase("load", shape=OwnShape()), {}), shop, tmp_path)
    assert seen_in(rows) == fine("/read", "/write")
    assert rows[rows["endpoint"] == "/write"]["started_at"].min() > rows["started_at"].min() + 0.9


def test_a_duration_is_a_cap_on_a_shape(tmp_path: Path) -> None:
    phase = Phase("load", duration_s=1.5, shape=OwnShape(limit_s=1.5, warmup_s=0.5))
    with a_shop() as shop:
        run, rows = load(Wild("shaped.py", phase, {}), shop, tmp_path)
    assert run.mark.ended_at - run.mark.measured_at < 1.4
    assert rows["is_warmup"].any()
    assert not rows["is_warmup"].all()


@pytest.mark.parametrize(
    "phase",
    [
        Phase("own", users=3, duration_s=1.2),
        Phase("own", rate_per_s=20.0, duration_s=1.2, max_users=50),
    ],
    ids=["users", "rate"],
)
def test_a_phase_that_says_its_load_does_not_ask_the_shape(tmp_path: Path, phase: Phase) -> None:
    """And never in silence."""
    with a_shop() as shop:
        run, rows = load(Wild("shaped.py", phase, {}), shop, tmp_path)
    assert run.end.notes == ["phase own says its load itself: the scenario's StagesShape (a LoadTestShape) was ignored"]
    assert not run.end.is_shaped
    assert len(rows) > 0


def test_a_shape_made_for_the_usual_options_gets_them(tmp_path: Path) -> None:
    """Half of the users, then all of them, for the duration of the phase."""
    users = []
    with a_shop() as shop:
        phase = Phase("load", users=4, duration_s=4.0)
        scenario = Scenario(WILD / "shaped_by_options.py")
        run = run_phase(phase, scenario, shop.url, tmp_path, on_status=lambda status: users.append(status.users))
    assert set(users) - {0} == {2, 4}
    assert run.end.is_shaped


def test_several_workers_share_a_shape(tmp_path: Path) -> None:
    with a_shop() as shop:
        scenario = Scenario(WILD / "shaped.py", workers=Workers(local=2))
        run = run_phase(Phase("load", shape=OwnShape()), scenario, shop.url, tmp_path, on_status=lambda status: None)
    assert (run.mark.users, run.end.is_shaped, len(run.mark.workers)) == (None, True, 2)
    assert len(run.end.notes) == 1
    assert min(worker.requests for worker in run.mark.workers) > 10


# The surroundings


def test_a_run_time_of_locusts_own_configuration_does_not_shorten_a_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What else stands there holds, as under Locust: an option of the scenario's own."""
    (tmp_path / "locust.conf").write_text("run-time = 1s\ntenant = conf\nusers = 7\n")
    monkeypatch.chdir(tmp_path)
    with a_shop() as shop:
        run, rows = load(Wild("own_options.py", Phase("load", users=1, duration_s=2.5), {}), shop, tmp_path)
    assert run.mark.ended_at - run.mark.started_at > 2.0
    assert seen_in(rows) == fine("/conf/0", "/conf/1")
    assert (
        "phase load says itself how long it takes: a run time of Locust's own configuration was ignored"
        in run.end.notes
    )


def test_the_scenario_sees_its_own_files_only(tmp_path: Path) -> None:
    """As under plain Locust, whatever is loaded beside them."""
    file = tmp_path / "locustfile.py"
    file.write_text((WILD / "quickstart.py").read_text() + SEEN)
    with a_shop() as shop:
        run_phase(ONCE, Scenario(file), shop.url, tmp_path, on_status=lambda status: None)
    assert f"seen locustfile.py of {[os.fspath(file)]}" in (tmp_path / "locust.log").read_text()


SEEN = """
from locust import events

@events.init.add_listener
def seen(environment, **_):
    print("seen", environment.locustfile, "of", environment.parsed_locustfiles)
"""
