"""The load of a run, phase after phase, while the target is watched. Ends early when the target or the user does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from perfkit import files, store, target, units
from perfkit.errors import TargetError
from perfkit.load import engine
from perfkit.load.following import AtOnceError
from perfkit.model import Config, OwnShape, Phase, PhaseMark, Progress
from perfkit.rounds import run_rounds
from perfkit.samplers import refused
from perfkit.samplers.process import ProcessTree
from perfkit.trace import run_trace

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.draft import Draft
    from perfkit.load.orders import Status
    from perfkit.samplers.watch import Watch

GONE_S: Final = 3.0

Show = Callable[[Progress], None]
Note = Callable[[str], None]


def run_all(
    config: Config,
    draft: Draft,
    watch: Watch,
    show: Show,
    note: Note,
    dsn: str | None = None,
    log_folder: Path | None = None,
) -> None:
    """Run every phase, with a reading of idle memory before the first and after each; marks go to the draft.

    `dsn` and `log_folder` are for phases that trace the SQL.

    Raises:
        ScenarioError: Locust could not run the scenario.
        AtOnceError: the second Ctrl-C; the first one ends the run early.
    """
    trees = [sampler for sampler in watch.samplers if isinstance(sampler, ProcessTree)]

    def drive(phase: Phase) -> None:
        _run_one(config, phase, draft, watch, trees, show, note)

    def rest() -> None:
        """Let the target be, and read its idle memory; where none is watched there is nothing to rest for."""
        if trees:
            watch.floor(config.sampling.settle_s, config.sampling.period_s)

    _tell_what_is_hidden(trees, draft, note)
    with _keeping_what_is_finished(draft):
        rest()
        for phase in config.phases:
            _announce(config, phase, draft, note)
            if phase.is_trace and dsn is not None:
                run_trace(phase, dsn, draft, drive, note, log_folder)
            elif phase.leak is not None:
                run_rounds(phase, config, draft, watch, drive, note)
            else:
                drive(phase)
            if draft.is_interrupted or draft.troubles or _has_lost_workers(draft):
                return
            if not phase.is_trace:  # in which nothing is measured that a floor would be compared with
                rest()
    draft.notes.extend(f"not everything could be watched: {reason}" for reason in watch.unread)
    if watch.failure is not None:
        draft.add(files.unwritable(draft.folder / store.SAMPLES, watch.failure))


@contextmanager
def _keeping_what_is_finished(draft: Draft) -> Iterator[None]:
    """A Ctrl-C while no load is running ends the block, and the run with what was measured before."""
    try:
        yield
    except AtOnceError:
        raise
    except KeyboardInterrupt:
        draft.is_interrupted = True
        draft.notes.append("stopped by Ctrl-C while no load was running")


def _tell_what_is_hidden(trees: Sequence[ProcessTree], draft: Draft, note: Note) -> None:
    for said in refused.told(refused.refusals([pid for tree in trees for pid in tree.members()])):
        note(said)
        draft.notes.append(said)


def _announce(config: Config, phase: Phase, draft: Draft, note: Note) -> None:
    if phase.shape is None:  # else the scenario says, once it is loaded
        note(f"phase {phase.name}: {_size_of(phase)}{_crowd_of(config, phase)}")
    if config.scenario.workers.remote and not engine.is_shared(phase):
        said = f"phase {phase.name} is driven from the first machine alone; the workers of others wait meanwhile"
        note(said)
        draft.notes.append(said)


def _run_one(
    config: Config, phase: Phase, draft: Draft, watch: Watch, trees: Sequence[ProcessTree], show: Show, note: Note
) -> None:
    run = engine.run_phase(
        phase,
        config.scenario,
        config.target.url,
        draft.folder,
        on_status=_Teller(phase, watch, show, note),
        should_stop=_GoneFor(trees, GONE_S),
        note=note,
        is_last=phase is _last_shared(config.phases),
    )
    draft.keep(run.mark)
    draft.is_interrupted = run.is_interrupted
    for said in dict.fromkeys(run.end.notes):
        if said not in draft.notes:
            note(said)
            draft.notes.append(said)
    for said in (*_told_of_feeds(phase, run.end), *_told_of_workers(run.mark)):
        note(said)
        draft.notes.append(said)
    draft.notes.extend(f"phase {phase.name}: {said}" for said in _told_of_mishaps(run.mark))
    if _is_gone(config, trees):
        after_s = run.end.at - run.mark.started_at
        message = f"the target went away in phase {phase.name}, within {after_s:.0f} s of its start"
        draft.is_interrupted = False
        draft.add(TargetError(message, hint="see the target's own log; what was measured before is kept"))


def _last_shared(phases: Sequence[Phase]) -> Phase | None:
    """The last phase that workers of other machines have a part in."""
    return next((phase for phase in reversed(phases) if engine.is_shared(phase)), None)


def _has_lost_workers(draft: Draft) -> bool:
    """The run is discarded then: it need not go on, and the next phase might wait in vain."""
    return any(worker.lost_at_s is not None for mark in draft.marks for worker in mark.workers)


def _told_of_mishaps(mark: PhaseMark) -> Iterator[str]:
    if mark.scenario_exceptions:
        yield f"the scenario raised {units.count(mark.scenario_exceptions, 'exception')}"
    if mark.users_lost:
        yield f"{units.count(mark.users_lost, 'user')} ended before the phase did, by what was raised"
    if mark.dropped_warmup:
        yield f"{units.count(mark.dropped_warmup, 'arrival')} dropped in the warm-up"


def _told_of_workers(mark: PhaseMark) -> Iterator[str]:
    for worker in mark.workers:
        if worker.lost_at_s is not None:
            yield f"phase {mark.name}: worker {worker.name} was lost at second {worker.lost_at_s:.0f}"
        if worker.clock_ahead_s is not None:
            how = "ahead" if worker.clock_ahead_s > 0 else "behind"
            far = units.show(abs(worker.clock_ahead_s), "s")
            yield f"phase {mark.name}: the clock of worker {worker.name} was {far} {how}; its rows were shifted"


def _told_of_feeds(phase: Phase, end: Status) -> Iterator[str]:
    for name, (rows, users) in end.exhausted.items():
        stopped = f"{units.count(users, 'user')} stopped in phase {phase.name}"
        yield f"feed {name} ran out after {units.count(rows, 'row')}: {stopped}; add rows, or order = 'cycle'"


def _crowd_of(config: Config, phase: Phase) -> str:
    workers = engine.workers_of(phase, config.scenario.workers)
    number = workers.local + workers.remote
    return f", by {number} workers" if number > 1 else ""


def _size_of(phase: Phase) -> str:
    users = _load_of(phase)
    if phase.iterations is not None:
        over = f", {phase.leak.warmup_rounds + phase.leak.rounds} times over" if phase.leak else ""
        return f"{users}, {units.count(phase.iterations, 'round')} of every task{over}"
    return f"{users}, {phase.duration_s:g} s" + (f", {phase.warmup_s:g} s of it warm-up" if phase.warmup_s else "")


def _shape_of(shape: OwnShape) -> str:
    limit = "" if shape.limit_s is None else f", {shape.limit_s:g} s at most"
    warmup = f", {shape.warmup_s:g} s of it warm-up" if shape.warmup_s else ""
    return f"users and length as the scenario's own LoadTestShape says{limit}{warmup}"


def _load_of(phase: Phase) -> str:
    """ "50 users", "0 to 50 users", "200/s", "50/s to 200/s": the start and the peak."""
    start = phase.users if phase.rate_per_s is None else phase.rate_per_s
    if phase.is_open:
        values = dict.fromkeys(units.show(value, "per_s") for value in (start, phase.peak))
        return f"{' to '.join(values)} by at most {units.count(phase.max_users, 'user')}"
    values = dict.fromkeys(f"{value:,.0f}" for value in (start, phase.peak))
    return f"{' to '.join(values)} user{'' if phase.peak == 1 else 's'}"


def _is_gone(config: Config, trees: Sequence[ProcessTree]) -> bool:
    return not all(tree.is_alive for tree in trees) or not target.does_answer(config.target)


class _GoneFor:
    """True once a watched process has been gone for `seconds`; one replaced in time was restarted, not lost."""

    def __init__(self, trees: Sequence[ProcessTree], seconds: float) -> None:
        self._trees, self._seconds = trees, seconds
        self._seen_at = time.monotonic()

    def __call__(self) -> bool:
        if all(tree.is_alive for tree in self._trees):
            self._seen_at = time.monotonic()
        return time.monotonic() - self._seen_at > self._seconds


class _Teller:
    """Turns the load child's words into Progress."""

    def __init__(self, phase: Phase, watch: Watch, show: Show, note: Note) -> None:
        self._phase, self._watch, self._show, self._note = phase, watch, show, note
        self._has_told_size = phase.shape is None
        self._started = time.monotonic()

    def __call__(self, status: Status) -> None:
        elapsed = time.monotonic() - self._started
        shape = self._phase.shape if status.is_shaped else None
        limit = self._phase.duration_s if shape is None else shape.limit_s
        if not self._has_told_size:
            self._has_told_size = True
            self._note(f"phase {self._phase.name}: {_size_of(self._phase) if shape is None else _shape_of(shape)}")
        self._show(
            Progress(
                phase=self._phase.name,
                elapsed_s=elapsed,
                remaining_s=max(limit - elapsed, 0.0) if limit is not None else None,
                users=status.users,
                requests=status.requests,
                errors=status.errors,
                requests_per_s=status.requests_per_s,
                p50_ms=status.p50_ms,
                p95_ms=status.p95_ms,
                memory_bytes=self._watch.latest.get(("target", "anon_bytes")),
            )
        )
