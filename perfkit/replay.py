"""One iteration of a scenario against its target, to see what does not answer. Writes nothing that stays."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from perfkit import net, redact, target
from perfkit.errors import TargetError, UsageError
from perfkit.load import engine
from perfkit.model import Phase, Request, Scenario, Target
from perfkit.recorded.rows import read_rows
from perfkit.scaffold.names import one_line

LIMIT_S: Final = 120.0
DRAIN_S: Final = 5.0
PACE: Final = "SCENARIO_PACE"  # what a written scenario multiplies its pauses by


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An endpoint that did not answer 2xx: the first such reply, and how many there were."""

    name: str
    status: int | None
    error: str | None
    message: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What one iteration came to. `reason` says why there was none, or why it was cut short; `not_asked` are names."""

    requests: int = 0
    unanswered: tuple[Unanswered, ...] = ()
    not_asked: tuple[str, ...] = ()
    reason: str | None = None


def replay_once(
    scenario: Path, url: str, names: Collection[str], *, allow_hosts: Sequence[str] = (), variables: Sequence[str] = ()
) -> Replay:
    """Let one user do everything once, without pauses, for 120 s at most; `names` are the endpoints to be heard of.

    The values of the environment `variables` are kept out of what is returned. Where the host is not allowed, or does
    not answer, nothing is sent and the reason says so.

    Raises:
        ScenarioError: Locust cannot run it.
    """
    try:
        net.require_allowed_host(url, allow_hosts)
        target.require_answer(Target(url))
    except (TargetError, UsageError) as error:
        return Replay(not_asked=tuple(names), reason=error.message)
    phase = Phase("replay", users=1, iterations=1, duration_s=LIMIT_S, drain_s=DRAIN_S)
    with tempfile.TemporaryDirectory(prefix="perfkit-replay-") as folder, _without_pauses():
        done = engine.run_phase(phase, Scenario(scenario), url, Path(folder), lambda status: None)
        rows = read_rows(sorted(Path(folder, "requests").glob("*.arrow")), Request).to_pylist()
    secrets = [value for name in variables if (value := os.environ.get(name))]
    asked = {row["endpoint"] for row in rows}
    missing = tuple(name for name in names if name not in asked)
    cut = "stopped before its end" if done.is_interrupted else None
    if missing and done.mark.ended_at - done.mark.started_at >= LIMIT_S:
        cut = f"stopped after {LIMIT_S:.0f} s"
    return Replay(len(rows), tuple(_unanswered(rows, secrets)), missing, cut)


@contextlib.contextmanager
def _without_pauses() -> Iterator[None]:
    before = os.environ.get(PACE)
    os.environ[PACE] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[PACE]
        else:
            os.environ[PACE] = before


def _unanswered(rows: Sequence[dict[str, Any]], secrets: Sequence[str]) -> Iterator[Unanswered]:
    """One for each endpoint, in the order in which they were asked."""
    bad: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["error"] is not None or not 200 <= (row["status"] or 0) < 300:
            bad.setdefault(row["endpoint"], []).append(row)
    for name, found in bad.items():
        message = found[0]["message"]
        shown = None if message is None else one_line(redact.redact_secrets(message, secrets))
        yield Unanswered(name, found[0]["status"], found[0]["error"], shown, len(found))
