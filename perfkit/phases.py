"""The load of a run, phase after phase, while the target is watched. Ends early when the target or the user does."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from perfkit import files, store, target, units
from perfkit.errors import TargetError
from perfkit.load import engine
from perfkit.model import Config, Phase, Progress
from perfkit.samplers.process import ProcessTree

if TYPE_CHECKING:
    from perfkit.draft import Draft
    from perfkit.load.orders import Status
    from perfkit.samplers.watch import Watch

GONE_S: Final = 3.0

Show = Callable[[Progress], None]
Note = Callable[[str], None]


def run_all(config: Config, draft: Draft, watch: Watch, show: Show, note: Note) -> None:
    """Run every phase, with a reading of idle memory before the first and after each; marks go to the draft.

    Raises:
        ScenarioError: Locust could not run the scenario.
    """
    trees = [sampler for sampler in watch.samplers if isinstance(sampler, ProcessTree)]
    watch.floor(config.sampling.settle_s, config.sampling.period_s)
    for phase in config.phases:
        note(f"phase {phase.name}: {_size_of(phase)}")
        _run_one(config, phase, draft, watch, trees, show)
        if draft.is_interrupted or draft.troubles:
            return
        watch.floor(config.sampling.settle_s, config.sampling.period_s)
    if watch.failure is not None:
        draft.add(files.unwritable(draft.folder / store.SAMPLES, watch.failure))


def _run_one(
    config: Config, phase: Phase, draft: Draft, watch: Watch, trees: Sequence[ProcessTree], show: Show
) -> None:
    run = engine.run_phase(
        phase,
        config.scenario,
        config.target.url,
        draft.folder,
        on_status=_Teller(phase, watch, show),
        should_stop=_GoneFor(trees, GONE_S),
    )
    draft.marks.append(run.mark)
    draft.is_interrupted = run.is_interrupted
    if run.mark.scenario_exceptions:
        draft.notes.append(f"phase {phase.name}: the scenario raised {run.mark.scenario_exceptions} exceptions")
    if run.mark.dropped_warmup:
        draft.notes.append(f"phase {phase.name}: {run.mark.dropped_warmup:,} arrivals were dropped in the warm-up")
    if _is_gone(config, trees):
        after_s = run.end.at - run.mark.started_at
        message = f"the target went away in phase {phase.name}, within {after_s:.0f} s of its start"
        draft.is_interrupted = False
        draft.add(TargetError(message, hint="see the target's own log; what was measured before is kept"))


def _size_of(phase: Phase) -> str:
    users = _load_of(phase)
    if phase.iterations is not None:
        return f"{users}, {phase.iterations} rounds of every task"
    return f"{users}, {phase.duration_s:g} s" + (f", {phase.warmup_s:g} s of it warm-up" if phase.warmup_s else "")


def _load_of(phase: Phase) -> str:
    """ "50 users", "0 to 50 users", "200/s", "50/s to 200/s": the start and the peak."""
    start = phase.users if phase.rate_per_s is None else phase.rate_per_s
    if phase.is_open:
        values = dict.fromkeys(units.show(value, "per_s") for value in (start, phase.peak))
        return f"{' to '.join(values)} by at most {phase.max_users:,} users"
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

    def __init__(self, phase: Phase, watch: Watch, show: Show) -> None:
        self._phase, self._watch, self._show = phase, watch, show
        self._started = time.monotonic()

    def __call__(self, status: Status) -> None:
        elapsed = time.monotonic() - self._started
        limit = self._phase.duration_s
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
                memory_bytes=self._watch.latest.get(("target", "rss_bytes")),
            )
        )
