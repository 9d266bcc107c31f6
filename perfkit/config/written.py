"""A Config in the shape of perfkit.toml again: as a plain dict for run.json, as TOML text for effective.toml.

Everything is written out, defaults too, except passwords in commands; reading it gives an equal Config. Writes no
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import tomli_w

from perfkit import grammar, redact
from perfkit.model import (
    Config,
    Database,
    Expectation,
    Heap,
    LeakRounds,
    OwnShape,
    Phase,
    Sheet,
    SheetCell,
    SheetRow,
    Stage,
    Target,
)

_SENSITIVE: Final = r"[\w-]*(?:password|passwd|secret|token|api[_-]?key)"
_SECRET_OPTION: Final = re.compile(rf"--{_SENSITIVE}", re.IGNORECASE)
_SECRET_SETTING: Final = re.compile(rf"^({_SENSITIVE}=).+", re.IGNORECASE | re.DOTALL)


def effective(config: Config) -> dict[str, Any]:
    """The config as merged: plain values for JSON or TOML, keys and shapes of perfkit.toml, absent facts left out."""
    return _without_none(
        {
            "name": config.name,
            "target": _target(config.target),
            "database": config.database and _database(config.database),
            "scenario": _scenario(config),
            "sampling": {"period": _s(config.sampling.period_s), "settle": _s(config.sampling.settle_s)},
            "compare": {
                "relative": _number(config.tolerance.relative),
                "absolute": _ms(config.tolerance.absolute_ms),
            },
            "phase": [_phase(phase) for phase in config.phases],
            "expect": [_expectation(expectation) for expectation in _own_expectations(config)],
            "sheet": [_sheet(sheet) for sheet in config.sheets],
        }
    )


def _scenario(config: Config) -> dict[str, Any]:
    scenario = config.scenario
    files = [_relative(file, config) for file in scenario.files]
    named = {"file": files[0]} if len(files) == 1 else {"files": files}
    load = {"lean": scenario.is_lean, "workers": scenario.workers.local}
    return {**named, "arguments": _words(scenario.arguments), **load}


def _relative(file: Path, config: Config) -> str:
    """What lies beside perfkit.toml without the machine's own path."""
    folder = (config.file.parent if config.file else Path()).absolute()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()


def _words(command: Iterable[str]) -> list[str]:
    """A command line without the passwords that stand in it; secrets belong in the environment, but who knows."""
    words: list[str] = []
    for word in command:
        is_value = bool(words) and _SECRET_OPTION.fullmatch(words[-1]) is not None
        words.append(redact.MASK if is_value else redact.redact_dsn(_SECRET_SETTING.sub(rf"\1{redact.MASK}", word)))
    return words


def _target(target: Target) -> dict[str, Any]:
    heap = _without_none(asdict(target.heap)) if isinstance(target.heap, Heap) else target.heap
    return _without_none(
        {
            "url": target.url,
            "watch": list(target.watch),
            "allow_hosts": list(target.allow_hosts),
            "start": _words(target.start),
            "ready": target.ready,
            "heap": heap,
        }
    )


def _database(database: Database) -> dict[str, Any]:
    return {
        "dsn_env": database.dsn_env,
        "capture": database.capture,
        "slower_than": _ms(database.slower_than_ms),
        "explain_worst": database.explain_worst,
        "statement_timeout": _s(database.statement_timeout_s),
    }


def _phase(phase: Phase) -> dict[str, Any]:
    if phase.is_trace:
        return _trace(phase)
    return _without_none(
        {
            "name": phase.name,
            "users": phase.users,
            "iterations": phase.iterations,
            "duration": None if phase.duration_s is None or phase.stages else _s(phase.duration_s),
            "warmup": _s(phase.warmup_s),
            "drain": _s(phase.drain_s),
            **_open(phase),
            "pacing": None if phase.pacing_s is None else _s(phase.pacing_s),
            "think": phase.think_s and "-".join(map(_s, dict.fromkeys(phase.think_s))),
            "stages": [_stage(stage, is_open=phase.is_open) for stage in phase.stages] or None,
            "shape": phase.shape and _shape(phase.shape),
            "leak": phase.leak and _leak(phase.leak),
        }
    )


def _trace(phase: Phase) -> dict[str, Any]:
    return _without_none(
        {
            "name": phase.name,
            "trace": True,
            "iterations": phase.iterations,
            "duration": _s(phase.duration_s or 0.0),
            "drain": _s(phase.drain_s),
            "page_size": phase.page_size,
        }
    )


def _open(phase: Phase) -> dict[str, Any]:
    if phase.rate_per_s is None:
        return {}
    return {"rate": _per_s(phase.rate_per_s), "arrivals": phase.arrivals, "max_users": phase.max_users}


def _shape(shape: OwnShape) -> dict[str, Any]:
    limit = None if shape.limit_s is None else _s(shape.limit_s)
    return _without_none({"limit": limit, "warmup": _s(shape.warmup_s)})


def _leak(leak: LeakRounds) -> dict[str, Any]:
    lengths = {"rounds": leak.rounds, "warmup_rounds": leak.warmup_rounds, "cooldown": _s(leak.cooldown_s)}
    return lengths | {"snapshots": leak.has_snapshots, "per_task": leak.is_per_task}


def _stage(stage: Stage, *, is_open: bool) -> dict[str, Any]:
    return {"to": _per_s(stage.to) if is_open else round(stage.to), "over": _s(stage.over_s)}


def _own_expectations(config: Config) -> Iterable[Expectation]:
    """Those of `[[expect]]`: the sheets' cells bring theirs themselves."""
    of_sheets = [c.expectation for sheet in config.sheets for row in sheet.rows for c in row.cells if c.expectation]
    return (expectation for expectation in config.expectations if expectation not in of_sheets)


def _expectation(expectation: Expectation) -> dict[str, Any]:
    return _without_none(
        {
            "that": expectation.that,
            "optional": expectation.is_optional,
            "advisory": expectation.is_advisory,
            "priority": expectation.priority,
            "milestone": expectation.milestone,
            "documented": expectation.documented,
        }
    )


def _sheet(sheet: Sheet) -> dict[str, Any]:
    return _without_none(
        {
            "title": sheet.title,
            "header": sheet.header,
            "source": sheet.source,
            "columns": list(sheet.columns),
            "row": [_row(row) for row in sheet.rows],
        }
    )


def _row(row: SheetRow) -> dict[str, Any]:
    asked = [cell.expectation for cell in row.cells if cell.expectation]
    return _without_none(
        {
            "name": row.name,
            "cells": [grammar.show_select(cell.metric, cell.select) for cell in row.cells],
            "documented": [cell.documented or "" for cell in row.cells],
            "target": [_comparison(cell) for cell in row.cells],
            "priority": row.priority,
            "milestone": next((expectation.milestone for expectation in asked), None),
            "optional": any(expectation.is_optional for expectation in asked),
            "advisory": any(expectation.is_advisory for expectation in asked),
        }
    )


def _comparison(cell: SheetCell) -> str:
    """The target as it was written: what `that` has after the selector."""
    selector = grammar.show_select(cell.metric, cell.select)
    return cell.expectation.that.removeprefix(selector).strip() if cell.expectation else ""


def to_toml(config: Config) -> str:
    """`effective(config)` as TOML text."""
    return tomli_w.dumps(effective(config))


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _number(value: float) -> str:
    """All digits of a number, none in exponents: 250.0 → "250", 1e-05 → "0.00001"."""
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def _s(seconds: float) -> str:
    return f"{_number(seconds)}s"


def _per_s(rate: float) -> str:
    return f"{_number(rate)}/s"


def _ms(milliseconds: float) -> str:
    return f"{_number(milliseconds)}ms"
