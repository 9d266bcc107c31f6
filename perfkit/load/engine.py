"""Runs one phase: Locust as a child process, from its command line to its end or the reason why it failed.

Knows processes, pipes and Locust's log; never imports Locust. A phase that is interrupted still returns what it did.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from perfkit.load import access, children, failure, open_files
from perfkit.load.child_log import ChildLog
from perfkit.load.children import LocalWorkers
from perfkit.load.following import START_LIMIT_S, Ear, follow
from perfkit.load.orders import Orders, Status
from perfkit.load.pipe import Lines, status_pipe
from perfkit.model import Phase, PhaseMark, Scenario, Workers

STOP_GRACE_S: Final = 10.0
SHARD: Final = "{phase}-{pid}.arrow"


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """What became of one phase. `end` is the child's last word; `is_interrupted`: Ctrl-C, or the watcher said stop."""

    mark: PhaseMark
    end: Status
    is_interrupted: bool


def run_phase(
    phase: Phase,
    scenario: Scenario,
    url: str,
    folder: Path,
    on_status: Callable[[Status], None],
    should_stop: Callable[[], bool] = lambda: False,
    note: Callable[[str], None] = lambda text: None,
    *,
    is_last: bool = True,
) -> PhaseRun:
    """Load the target as the phase says; rows go to `folder/requests/`, Locust's log to `folder/locust.log`.

    With several workers one more child is their master, and `note` gets a line when one comes from elsewhere. After the
    phase that `is_last` those go. The first Ctrl-C ends the phase gently, a second one at once. No child outlives this
    call, and nothing that one has started in its session.

    Raises:
        KeyboardInterrupt: the first Ctrl-C came while no load was running; AtOnceError: the second one came.
        ScenarioError: the scenario could not be loaded, or Locust ended before its load began, or workers are missing,
            or so many users need more open files than there may be.
        UsageError: workers of other machines may come, and there is no token.
    """
    started_at = time.time()
    log = ChildLog(folder / "locust.log")
    workers = workers_of(phase, scenario.workers)
    open_files.require(phase, workers)
    token = access.token_to_bind(workers) if _are_many(workers) else None
    with status_pipe() as (reader, writer):
        facts = {"is_lean": scenario.is_lean, "is_last": is_last, **_crowd(scenario, workers)}
        orders = replace(_orders(phase, folder, writer.fileno()), **facts)
        argv = [*_argv(phase, scenario, url), *_master(workers)]
        with (
            children.running(argv, orders, log.path, writer.fileno(), token) as child,
            LocalWorkers(scenario, workers.host, workers.local, orders, log.path, token) as crew,
        ):
            writer.close()
            ear = Ear(on_status, crew, workers, note)
            is_interrupted = follow(child, Lines(reader), ear, should_stop, log)
            code = children.finish(child, STOP_GRACE_S)
            crew.join(STOP_GRACE_S)
    log.cut(0)
    last = ear.last
    if last is None or not last.is_final:
        raise failure.explain(log.text(), scenario.files, code, has_begun=ear.has_begun)
    if code > 0:
        said = f"phase {phase.name}: the scenario itself ended with exit code {code}, which perfkit does not judge by"
        last = replace(last, notes=(*last.notes, said))
    return PhaseRun(_mark(phase, started_at, last), last, is_interrupted)


def list_users(scenario: Scenario) -> list[str]:
    """The names of the User classes, found by loading the scenario in a child that makes no request.

    Raises:
        ScenarioError: it cannot be loaded.
    """
    names = [line.strip() for line in _asked(scenario, "--list").splitlines() if line.startswith("    ")]
    if not names:
        raise failure.explain("", scenario.files, 0, has_begun=False)
    return names


def list_tasks(scenario: Scenario) -> list[str]:
    """The tasks of its users as "User.task", found in the same way; a nested task set is one of them.

    Raises:
        ScenarioError: it cannot be loaded.
    """
    told = _asked(scenario, "--show-task-ratio-json")
    users = json.loads(told[told.index("{") :])["per_class"]
    return [f"{user}.{task}" for user, facts in users.items() for task in facts.get("tasks", ())]


def _asked(scenario: Scenario, option: str) -> str:
    """What Locust prints of a scenario that it only loads."""
    argv = [*children.locust(scenario), option, *scenario.arguments]
    done = subprocess.run(
        argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=START_LIMIT_S, check=False
    )
    if done.returncode:
        raise failure.explain(done.stderr + done.stdout, scenario.files, done.returncode, has_begun=False)
    return done.stdout


def _orders(phase: Phase, folder: Path, writer: int) -> Orders:
    (folder / "requests").mkdir(parents=True, exist_ok=True)
    return Orders(
        phase=phase.name,
        shard=str(folder / "requests" / SHARD.format(phase=_file_name(phase.name), pid="{pid}")),
        status_fd=writer,
        parent_pid=os.getpid(),
        users=phase.users,
        warmup_s=phase.warmup_s,
        duration_s=phase.duration_s,
        iterations=phase.iterations,
        drain_s=phase.drain_s,
        rate_per_s=phase.rate_per_s,
        arrivals=phase.arrivals,
        max_users=phase.max_users,
        stages=tuple((stage.to, stage.over_s) for stage in phase.stages),
        pacing_s=phase.pacing_s,
        think_s=phase.think_s,
        page_size=phase.page_size,
        scaled=phase.scaled,
        only=phase.only,
        shape=(phase.shape.limit_s, phase.shape.warmup_s) if phase.shape else None,
    )


def _file_name(phase: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in phase)


def _argv(phase: Phase, scenario: Scenario, url: str) -> list[str]:
    """Locust's command line; failed requests are data.

    In the open model Locust starts without users: the child makes them when they are needed.
    """
    rate = ["--users", str(0 if phase.is_open else phase.users), "--spawn-rate", str(max(phase.users, 1))]
    return [*children.locust(scenario), "--headless", "--host", url, *rate, "--only-summary", *scenario.arguments]


def is_shared(phase: Phase) -> bool:
    """Whether workers of other machines have a part in it: a trace and leak rounds are driven from the first alone."""
    return not phase.is_trace and phase.leak is None


def workers_of(phase: Phase, workers: Workers) -> Workers:
    """No more processes of this machine than the phase has users; no others where they have no part in it."""
    if not is_shared(phase):
        workers = replace(workers, remote=0)
    if workers.remote or phase.shape is not None:
        return workers
    users = phase.max_users if phase.is_open else round(phase.peak)
    return replace(workers, local=max(min(workers.local, users), 1))


def _are_many(workers: Workers) -> bool:
    """Whether there is a master; one process of this machine needs none."""
    return workers.local + workers.remote > 1 or workers.remote > 0


def _crowd(scenario: Scenario, workers: Workers) -> dict[str, Any]:
    if not _are_many(workers):
        return {}
    number = workers.local + workers.remote
    return {"role": "master", "workers": number, "scenario_hash": children.hash_of(scenario)}


def _master(workers: Workers) -> list[str]:
    """At a port of its own choice where nobody comes from elsewhere, who would have to know it."""
    if not _are_many(workers):
        return []
    port, number = workers.port if workers.remote else 0, workers.local + workers.remote
    bind = ["--master-bind-host", children.for_zmq(workers.host), "--master-bind-port", str(port)]
    return ["--master", *bind, "--expect-workers", str(number)]


def _mark(phase: Phase, started_at: float, end: Status) -> PhaseMark:
    return PhaseMark(
        name=phase.name,
        users=None if phase.is_open or end.is_shaped else round(phase.peak),
        started_at=started_at,
        measured_at=end.measured_at,
        ended_at=end.ended_at or end.at,
        is_warmup_only=not phase.gives_figures,
        requests=end.requests,
        generator_cpu_ratio=end.generator_cpu_ratio,
        listener_exceptions=end.listener_exceptions,
        scenario_exceptions=end.scenario_exceptions,
        rows_lost=end.rows_lost,
        users_lost=end.users_lost,
        unfinished=end.unfinished,
        loop_lag_p99_ms=end.loop_lag_p99_ms,
        arrivals=end.arrivals,
        started=end.started,
        dropped=end.dropped,
        dropped_warmup=end.dropped_warmup,
        busiest_users=end.busiest_users,
        max_users=phase.max_users if phase.is_open else None,
        workers=tuple(end.workers),
    )
