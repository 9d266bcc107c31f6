"""A run in the making: from its new folder to its final record. Knows the store; starts and reads nothing itself."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from perfkit import config as configs
from perfkit import files, provenance, store
from perfkit.errors import PerfkitError, ScenarioError
from perfkit.judge.failing import all_failed
from perfkit.judge.validity import validity
from perfkit.model import Config, PhaseMark, Run, RunRecord, RunStatus


@dataclass(slots=True)
class Draft:
    """What is known so far. `troubles` are what went wrong after the load began; each is also a note."""

    folder: Path
    record: RunRecord
    marks: list[PhaseMark] = field(default_factory=list)
    troubles: list[PerfkitError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_interrupted: bool = False

    def keep(self, mark: PhaseMark) -> None:
        """Put a phase, as far as it went, on disk: in place of what was known of it."""
        self.marks = [*(other for other in self.marks if other.name != mark.name), mark]
        _write(self, "running")

    def add(self, trouble: PerfkitError) -> None:
        self.troubles.append(trouble)
        self.notes.append(trouble.message)


def begin(config: Config, folder: Path, run_id: str, dsn: str | None) -> Draft:
    """Make the folder, with a record that says "running": whoever finds that later knows that the run was killed.

    Raises:
        StoreError: the folder cannot be written.
        DatabaseError: a `dsn` is given, and nobody answers there.
    """
    facts = provenance.of_this_machine(config.scenario.files)
    if dsn is not None:
        facts["database"] = provenance.of_server(dsn)
    store.create(folder)
    record = RunRecord(
        id=run_id,
        name=config.name,
        status="running",
        started_at=time.time(),
        ended_at=None,
        provenance=facts,
        config=configs.effective(config),
    )
    files.write_text(folder / "effective.toml", configs.to_toml(config))
    store.write_record(folder, record)
    return Draft(folder, record)


@contextlib.contextmanager
def finishing(draft: Draft) -> Iterator[None]:
    """Whatever ends the block early, what was measured is put on disk before it goes on."""
    try:
        yield
    except (KeyboardInterrupt, PerfkitError) as error:
        draft.is_interrupted = isinstance(error, KeyboardInterrupt)
        draft.notes.append(error.message if isinstance(error, PerfkitError) else "stopped at once by Ctrl-C")
        _write(draft, "interrupted" if draft.is_interrupted else "discarded")
        raise


def end(draft: Draft) -> Run:
    """Write the last record, with the validity of what was measured, and read the run back."""
    _write(draft, "interrupted" if draft.is_interrupted else "complete")
    run = store.load(draft.folder)
    told_in_reading = run.record.notes[len(draft.notes) :]
    draft.notes.extend(all_failed(run))
    if not draft.is_interrupted and not draft.troubles and (failed := _failure_of_the_scenario(run)):
        draft.add(failed)
    checks = validity(run)
    is_broken = bool(draft.troubles) or not checks.is_valid
    status: RunStatus = "interrupted" if draft.is_interrupted else "discarded" if is_broken else "complete"
    record = replace(run.record, validity=checks, status=status, notes=tuple(draft.notes))
    store.write_record(draft.folder, record)
    return replace(run, record=replace(record, notes=(*record.notes, *told_in_reading)))


def _failure_of_the_scenario(run: Run) -> ScenarioError | None:
    if not len(run.requests):
        hint = "see locust.log in the run folder; a task must use self.client, or fire events.request"
        return ScenarioError("the scenario ran but made no request", hint=hint)
    measured = sum(tally.measured for tally in run.requests.tallies.values())
    if not measured and any(mark.scenario_exceptions for mark in run.record.phases):
        hint = "mend what it raised, as told above and in locust.log; an exception in on_start ends the user"
        return ScenarioError("the scenario's users failed before anything was measured", hint=hint)
    return None


def _write(draft: Draft, status: RunStatus) -> None:
    draft.record = replace(
        draft.record, status=status, ended_at=time.time(), phases=tuple(draft.marks), notes=tuple(draft.notes)
    )
    store.write_record(draft.folder, draft.record)
