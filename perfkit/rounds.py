"""A phase that looks for leaks: equal rounds of load with rest in between, until the verdict stands.

Knows when to load and when to read; the load is driven and the verdict is reached elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from perfkit.errors import UsageError
from perfkit.load import engine
from perfkit.metrics.growth import MORE_ROUNDS
from perfkit.metrics.leak import is_decided
from perfkit.model import Config, Grown, LeakRounds, Phase, PhaseMark, Round, Rounds, Scenario
from perfkit.samplers.rest import AtRest
from perfkit.samplers.runtime import RuntimeHeaps
from perfkit.samplers.snapshot import Summary, grown

if TYPE_CHECKING:
    from perfkit.draft import Draft
    from perfkit.samplers.watch import Watch

IDLE_READINGS: Final = 6


def run_rounds(
    phase: Phase,
    config: Config,
    draft: Draft,
    watch: Watch,
    drive: Callable[[Phase], None],
    note: Callable[[str], None],
) -> None:
    """Drive the phase's load round after round; the draft gets one mark with all of them, or one for each task.

    Up to four rounds more are run where the planned ones decide nothing. What was measured when it is interrupted, or
    the target goes away, stays in the draft.

    Raises:
        UsageError: no process is watched.
        ScenarioError: the scenario cannot be loaded.
    """
    if not config.target.watch or phase.leak is None:
        raise UsageError("a leak phase needs to know whose memory", hint='write target.watch = ["port:8000"]')
    for part in _parts(phase, phase.leak, config.scenario):
        _run_part(part, phase.leak, config.target.watch, draft, watch, drive, note)
        if draft.is_interrupted or draft.troubles:
            return


def _parts(phase: Phase, leak: LeakRounds, scenario: Scenario) -> list[Phase]:
    """The phase, or one for each task of the scenario where it is to say which of them leaks."""
    if not leak.is_per_task:
        return [phase]
    return [replace(phase, name=f"{phase.name} {task}", only=task) for task in engine.list_tasks(scenario)]


def _run_part(
    phase: Phase,
    leak: LeakRounds,
    watched: tuple[str, ...],
    draft: Draft,
    watch: Watch,
    drive: Callable[[Phase], None],
    note: Callable[[str], None],
) -> None:
    heaps = next((sampler for sampler in watch.samplers if isinstance(sampler, RuntimeHeaps)), None)
    rest, contents = AtRest(watched, heaps), _Contents(heaps if leak.has_snapshots else None)
    _settle(rest, draft, phase)
    idle = tuple(rest.read() for _ in range(IDLE_READINGS))
    found = Rounds(idle, warmups=leak.warmup_rounds, is_collected=rest.collects_garbage)
    mark: PhaseMark | None = None
    while mark is None or _wants_more(found, leak):
        note(f"phase {phase.name}: round {len(found.rounds) + 1}")
        drive(phase)
        last = draft.marks.pop()
        if mark is not None:
            draft.marks.append(mark)  # what there is if it is stopped in the rest
        if draft.is_interrupted or draft.troubles:
            draft.keep(_joined(mark, last, found))
            return
        has_rested = _settle(rest, draft, phase)
        one = Round(last.requests, last.ended_at - last.measured_at, rest.read(), has_rested)
        found = replace(found, rounds=(*found.rounds, one))
        if len(found.rounds) == leak.warmup_rounds:
            contents.look()
        mark = _joined(mark, last, found)
        draft.keep(mark)
    found = replace(found, grown=contents.more())
    note(f"phase {phase.name}: a rest of {leak.cooldown_s:g} s, to see what is given back")
    time.sleep(leak.cooldown_s)
    draft.keep(replace(mark, rounds=replace(found, cooled=rest.read())))


def _wants_more(found: Rounds, leak: LeakRounds) -> bool:
    """Until as many rounds as planned were run; then a few more, as long as they decide nothing."""
    planned = leak.warmup_rounds + leak.rounds
    done = len(found.rounds)
    return done < planned or (done < planned + MORE_ROUNDS and not is_decided(found))


@dataclass(slots=True)
class _Contents:
    """What the heap holds, by constructor, type or class; of no heap, nothing."""

    heaps: RuntimeHeaps | None
    before: Summary = field(default_factory=dict)

    def look(self) -> None:
        if self.heaps is not None:
            self.before = self.heaps.contents()

    def more(self) -> tuple[Grown, ...]:
        """What there is more of since the look."""
        return () if self.heaps is None else grown(self.before, self.heaps.contents())


def _settle(rest: AtRest, draft: Draft, phase: Phase) -> bool:
    """Whether the target came to rest."""
    if rest.wait():
        return True
    said = f"phase {phase.name}: the target did not come to rest between rounds, so no growth can be called a leak"
    if said not in draft.notes:
        draft.notes.append(said)
    return False


def _joined(mark: PhaseMark | None, last: PhaseMark, found: Rounds) -> PhaseMark:
    """One mark for all rounds so far: from the first one's start, with the faults of all."""
    if mark is None:
        return replace(last, rounds=found)
    return replace(
        last,
        started_at=mark.started_at,
        measured_at=mark.measured_at,
        rounds=found,
        listener_exceptions=mark.listener_exceptions + last.listener_exceptions,
        scenario_exceptions=mark.scenario_exceptions + last.scenario_exceptions,
        rows_lost=mark.rows_lost + last.rows_lost,
        users_lost=mark.users_lost + last.users_lost,
        unfinished=mark.unfinished + last.unfinished,
    )
