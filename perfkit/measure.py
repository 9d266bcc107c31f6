"""The conductor of one run: start or find the target, watch it, load it, collect its slow SQL, explain it, record it.

Whatever goes wrong after the load has begun is noted beside what was measured, and nothing measured is lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from perfkit import draft as drafts
from perfkit import explain, net, phases, queries, samplers, store, target
from perfkit.draft import Draft
from perfkit.errors import DatabaseError, DiscardedError, PerfkitError
from perfkit.model import CapturedQuery, Config, NotExplained, QueryPlan, Run
from perfkit.phases import Note, Show
from perfkit.queries.lock_waits import waiting_name
from perfkit.queries.log_everything import left_behind_note
from perfkit.rolling import period_of, rolling
from perfkit.samplers.watch import watching


@dataclass(frozen=True, slots=True)
class Measurement:
    """A run, and the first thing that went wrong in it (None: nothing). The run is on disk either way."""

    run: Run
    trouble: PerfkitError | None

    @property
    def is_cut_short(self) -> bool:
        """Whether the load could not be ended as planned; an invalid measurement is at least a whole one."""
        is_broken = self.trouble is not None and not isinstance(self.trouble, DiscardedError)
        return is_broken or self.run.record.status == "interrupted"


def measure(
    config: Config,
    folder: Path,
    *,
    show: Show,
    note: Note,
    run_id: str | None = None,
    log_folder: Path | None = None,
    report_every_s: float | None = None,
) -> Measurement:
    """Measure once, as `config` says, into a new `folder`, whose name is the run's id unless another is given.

    `show` gets the figures of the running load once a second, `note` a line for each step that takes long. `log_folder`
    is where the server's log lies, if perfkit started the server itself. While the load goes on the reports are made
    anew every `report_every_s`: None as `period_of` says, 0 never.

    Raises:
        PerfkitError: before any load: the target does not answer, the database refuses, a process is not there, the
            folder cannot be written; or the scenario never got going.
        KeyboardInterrupt: the second Ctrl-C; the run is on disk as interrupted.
    """
    net.require_allowed_host(config.target.url, config.target.allow_hosts)
    if config.target.start:
        note("starting the target")
    with target.running(config.target) as live:
        config = replace(config, target=live)
        capture = _open_capture(config, log_folder)
        readers = samplers.from_config(config, named=waiting_name)
        draft = drafts.begin(config, folder, run_id or folder.name, dsn_of(config))
        _note_what_is_left_behind(config, draft)
        with drafts.finishing(draft), _ending(capture):
            every_s = period_of(config) if report_every_s is None else report_every_s
            with (
                watching(readers, draft.folder / store.SAMPLES) as watch,
                rolling(draft.folder, every_s, draft.notes.append),
            ):
                phases.run_all(config, draft, watch, show, note, dsn_of(config), log_folder)
            captured, plans = _explain_slow_sql(config, capture, draft, note)
            store.write_queries(draft.folder, captured, plans)
    run = drafts.end(draft)
    return Measurement(run, _first_trouble(draft, run))


def dsn_of(config: Config) -> str | None:
    """The DSN from the environment variable that the config names; None where nothing is to be captured.

    Raises:
        DatabaseError: the variable is not set.
    """
    if config.database is None or config.database.capture == "off":
        return None
    dsn = os.environ.get(config.database.dsn_env)
    if not dsn:
        raise DatabaseError(
            f"the environment variable {config.database.dsn_env} is not set",
            hint=f'export {config.database.dsn_env}=postgresql://…, or set database.capture = "off"',
        )
    return dsn


def _note_what_is_left_behind(config: Config, draft: Draft) -> None:
    """By an earlier run that was killed in the middle of a trace."""
    dsn = dsn_of(config)
    if dsn is not None and (told := left_behind_note(dsn)) is not None:
        draft.notes.append(told)


def _open_capture(config: Config, log_folder: Path | None) -> queries.Capture | None:
    dsn = dsn_of(config)
    if dsn is None or config.database is None:
        return None
    database = config.database
    return queries.open_capture(dsn, database.slower_than_ms, log_folder, source=database.capture)


@contextmanager
def _ending(capture: queries.Capture | None) -> Iterator[None]:
    """A capture that reads meanwhile ends with the block, however that ends."""
    try:
        yield
    finally:
        if capture is not None:
            capture.close()


def _explain_slow_sql(
    config: Config, capture: queries.Capture | None, draft: Draft, note: Note
) -> tuple[tuple[CapturedQuery, ...], tuple[QueryPlan | NotExplained, ...]]:
    dsn = dsn_of(config)
    if capture is None or config.database is None or dsn is None:
        return (), ()
    note("collecting slow SQL")
    try:
        captured = capture.collect(draft.marks)
    except DatabaseError as error:
        draft.add(error)
        return (), ()
    draft.notes.extend(captured.notes)
    told_by = {"source": captured.source, "fingerprints": captured.fingerprints}
    draft.record = replace(draft.record, provenance={**draft.record.provenance, "capture": told_by})
    if draft.is_interrupted or not captured.queries:
        return captured.queries, ()
    note(f"explaining the worst {min(len(captured.queries), config.database.explain_worst)} queries")
    plans = explain.explain(
        dsn,
        captured.queries,
        worst=config.database.explain_worst,
        statement_timeout_s=config.database.statement_timeout_s,
    )
    return captured.queries, plans


def _first_trouble(draft: Draft, run: Run) -> PerfkitError | None:
    if draft.troubles:
        return draft.troubles[0]
    if run.record.status == "discarded":
        check = run.record.validity.failed[0]
        message = f"the measurement is discarded: {check.name} was {check.observed}, wanted {check.limit}"
        return DiscardedError(message, hint=check.remedy)
    return None
