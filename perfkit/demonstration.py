"""The whole story on services of its own: seed, measure before, apply the fixes, measure after, tell what changed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from perfkit import config as configs
from perfkit import metrics
from perfkit.demo.fixes import apply_indexes, drop_indexes
from perfkit.demo.scenario import scenario_folder
from perfkit.demo.seed import seed
from perfkit.demo.server import Erp, require_free, running_erp
from perfkit.demo.services import Services, running_services
from perfkit.measure import Measurement, measure
from perfkit.model import Config, Run
from perfkit.phases import Note, Show
from perfkit.redact import redact_dsn

SUITE: Final = "perfkit.toml"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked of the demonstration."""

    fixes: frozenset[str]
    is_quick: bool = False
    is_kept: bool = False
    database_url: str | None = None
    redis_url: str | None = None


@dataclass(frozen=True, slots=True)
class Demonstration:
    """Both sides; `after` is None when the first was interrupted or went wrong."""

    folder: Path
    config: Config
    before: Measurement
    after: Measurement | None


def demonstrate(wish: Wish, folder: Path, *, show: Show, note: Note) -> Demonstration:
    """Measure the sample ERP as it is, then with the fixes, into `folder/before` and `folder/after`.

    Raises:
        PerfkitError: the services cannot be started, or a side cannot be measured.
    """
    suite = _suite(wish)
    with _prepared(wish, note) as services:
        before = _side("before", frozenset(), suite, services, folder, show, note)
        if before.is_cut_short:
            return Demonstration(folder, suite, before, None)
        after = _side("after", wish.fixes, suite, services, folder, show, note)
        return Demonstration(folder, suite, before, after)


@contextmanager
def serving(wish: Wish, port: int | None, note: Note) -> Iterator[Erp]:
    """The sample ERP alone, to play with or to measure by other means."""
    if port is not None:
        require_free(port)
    with _prepared(wish, note) as services:
        _set_indexes(services.dsn, wish.fixes)
        with running_erp(services.dsn, services.redis_url, wish.fixes, port=port) as erp:
            for line in _how_to_bench(_suite(wish), erp, services.dsn):
                note(line)
            yield erp


def _how_to_bench(suite: Config, erp: Erp, dsn: str) -> Iterator[str]:
    """With the whole suite where the ERP has the address that stands in it, else with its load alone."""
    shown = redact_dsn(dsn)
    variable = suite.database.dsn_env if suite.database is not None else "DATABASE_URL"
    yield f"its database: export {variable}={shlex.quote(shown)}"
    if suite.target.url == erp.url and suite.database is not None:
        yield f"then bench it: perfkit bench {shlex.quote(str(scenario_folder() / SUITE))}"
    else:
        yield f"bench it: perfkit bench {shlex.quote(str(suite.scenario.file))} --host {erp.url}"
        port = urlsplit(suite.target.url).port
        whole = f"perfkit bench {shlex.quote(str(scenario_folder() / SUITE))}"
        yield f"served with --port {port}, the whole suite: {whole}"


def runs_of(demonstration: Demonstration) -> tuple[Run | None, Run]:
    """(before, after), or (None, the only run)."""
    if demonstration.after is None:
        return None, demonstration.before.run
    return demonstration.before.run, demonstration.after.run


def _suite(wish: Wish) -> Config:
    suite = configs.load(scenario_folder() / SUITE, metrics=metrics.names())
    return configs.quick(suite) if wish.is_quick else suite


@contextmanager
def _prepared(wish: Wish, note: Note) -> Iterator[Services]:
    note("starting PostgreSQL and Valkey" if wish.database_url is None else "connecting to your database")
    with running_services(database_url=wish.database_url, redis_url=wish.redis_url, is_kept=wish.is_kept) as services:
        note("seeding the sample ERP: 200,000 quotation items from one fixed random seed")
        seed(services.dsn)
        try:
            yield services
        finally:
            if wish.is_kept and services.folder is not None:
                note(f"kept, with PostgreSQL's data and log: {services.folder}")


def _side(
    name: str, fixes: frozenset[str], suite: Config, services: Services, folder: Path, show: Show, note: Note
) -> Measurement:
    note(f"{name}: the ERP with {'fixes ' + ', '.join(sorted(fixes)) if fixes else 'every defect of the plans'}")
    _set_indexes(services.dsn, fixes)
    with running_erp(services.dsn, services.redis_url, fixes) as erp:
        config = aimed(suite, erp, services.dsn)
        return measure(
            config,
            folder / name,
            run_id=f"{folder.name}/{name}",
            show=show,
            note=lambda text: note(f"{name}: {text}"),
            log_folder=services.log_folder,
        )


def _set_indexes(dsn: str, fixes: frozenset[str]) -> None:
    if "indexes" in fixes:
        apply_indexes(dsn)
    else:
        drop_indexes(dsn)


def aimed(suite: Config, erp: Erp, dsn: str) -> Config:
    """The suite, pointed at this ERP. The DSN travels in the environment variable that the suite names."""
    if suite.database is not None:
        os.environ[suite.database.dsn_env] = dsn
    return replace(suite, target=replace(suite.target, url=erp.url, watch=(f"pid:{erp.pid}",)))
