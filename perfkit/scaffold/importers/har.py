"""A HAR recording → a journey: the requests of one visit in their order, with think times and values correlated.

Knows how a recorded request becomes a step; what is load and what is secret in a recording others know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from perfkit.errors import UsageError
from perfkit.patterns import MOST_NAMES, fold_further
from perfkit.scaffold import addresses, loose, names, source
from perfkit.scaffold.recording import bodies
from perfkit.scaffold.recording.correlate import correlated
from perfkit.scaffold.recording.exchange import Exchange, read_exchange
from perfkit.scaffold.recording.kept import Kept, is_said, is_sendable, kept_of, main_origin
from perfkit.scaffold.recording.secrets import cookies_from_before, learn_exchange
from perfkit.scaffold.script import Imported, Journey, Skipped, Step, Text, Wishes
from perfkit.scaffold.secrecy.vault import Vault

LONGEST_PAUSE_S: Final = 60.0
SHORTEST_PAUSE_S: Final = 0.05
_REASONS_SHOWN: Final = 20


def read(file: Path, wishes: Wishes) -> tuple[Imported, Vault]:
    """The journey that a HAR file recorded; it still holds the secrets that the vault knows.

    Raises:
        UsageError: it cannot be read, or is no HAR, or no request of it can be replayed.
    """
    recorded = _entries_of(file)
    origin = main_origin(recorded)
    kept = kept_of(recorded, origin)
    if not kept.exchanges or origin is None:
        why = "; ".join(f"{count:,} {reason}" for reason, count in kept.left_out.most_common())
        raise UsageError(f"no request of {file} can be replayed: {why}", hint="record the pages while they are loaded")
    host = origin.partition("//")[2]
    slug = names.slug(host, "recorded")
    vault = Vault(slug)
    for exchange in recorded:
        learn_exchange(exchange, vault)
    steps, exchanges, skipped = _steps(kept.exchanges)
    if not steps:
        raise UsageError(f"no request of {file} can be replayed: {skipped[0].reason}")
    strangers = cookies_from_before(kept.exchanges)
    cookies = vault.use("cookies", what='cookies of a session: "name=value; name=value"') if strangers else None
    imported = Imported(
        slug=slug,
        origin=f"{file.name}, a recording of {host}",
        url=origin,
        load=Journey(correlated(steps, exchanges), in_order=True, cookies=cookies),
        skipped=skipped,
        notes=tuple(_notes(kept, steps, strangers)),
    )
    return imported, vault


def _entries_of(file: Path) -> list[Exchange]:
    document = source.json_of(file)
    log = loose.table(loose.table(document).get("log"))
    entries = log.get("entries")
    if not isinstance(entries, list):
        hint = "in the browser's developer tools: Network, then “Save all as HAR with content”"
        raise UsageError(f"{file} is no HAR file: it has no log.entries", hint=hint)
    exchanges = [read_exchange(entry) for entry in loose.tables(entries)]
    if not exchanges:
        raise UsageError(f"{file} recorded nothing: log.entries is empty", hint="record while the pages are loaded")
    if all(exchange.started_at is not None for exchange in exchanges):
        exchanges.sort(key=lambda exchange: exchange.started_at or 0.0)
    return exchanges


def _steps(exchanges: Sequence[Exchange]) -> tuple[list[Step], list[Exchange], tuple[Skipped, ...]]:
    """A literal step for each exchange that has one, those exchanges, and what could not be written."""
    steps: list[Step] = []
    written: list[Exchange] = []
    skipped: list[Skipped] = []
    ended_at: float | None = None
    for exchange in exchanges:
        name = _name_of(exchange)
        try:
            step = _step(exchange, name)
        except bodies.NotWritableError as error:
            skipped.append(Skipped(name, str(error)))
            continue
        steps.append(replace(step, think_s=_pause(ended_at, exchange)))
        written.append(exchange)
        if exchange.started_at is not None:
            ended_at = max(exchange.started_at + exchange.took_s, ended_at or 0.0)
    folded = fold_further({step.name for step in steps})
    return [replace(step, name=folded[step.name]) for step in steps], written, tuple(skipped)


def _name_of(exchange: Exchange) -> str:
    return f"{exchange.method} {names.pattern_of(addresses.clean(exchange.url.path if exchange.url else ''))}"


def _step(exchange: Exchange, name: str) -> Step:
    url: Any = exchange.url
    body = bodies.body_of(exchange)
    if body and body.kind == "json":
        name += names.one_line(_operation_of(body.value))
    headers = [(key, Text((value,))) for key, value in exchange.headers if is_said(key, value)]
    if content_type := bodies.content_type_of(exchange, body):
        headers += [("Content-Type", Text((content_type,)))] if is_sendable(content_type) else []
    address = addresses.clean(url.path + (f"?{url.query}" if url.query else ""))
    return Step(name, exchange.method, Text((address,)), tuple(headers), body, recorded_status=exchange.status)


def _operation_of(tree: Any) -> str:
    """What a GraphQL request is called: all of them have one address."""
    said = loose.table(tree)
    operation = loose.text(said.get("operationName")) if "query" in said or "extensions" in said else ""
    return f" {operation}"[:100] if operation else ""


def _pause(ended_at: float | None, exchange: Exchange) -> float:
    """Seconds between the end of all replies so far and this request; requests in parallel have none."""
    if ended_at is None or exchange.started_at is None:
        return 0.0
    pause = min(exchange.started_at - ended_at, LONGEST_PAUSE_S)
    return round(pause, 2) if pause >= SHORTEST_PAUSE_S else 0.0


def _notes(kept: Kept, steps: Sequence[Step], strangers: Sequence[str]) -> list[str]:
    shown = kept.left_out.most_common(_REASONS_SHOWN)
    notes = [f"left out: {count:,} {reason}" for reason, count in shown]
    if rest := kept.left_out.total() - sum(count for _, count in shown):
        notes.append(f"left out: {rest:,} for {len(kept.left_out) - len(shown):,} more reasons")
    patterns = {_name_of(exchange) for exchange in kept.exchanges}
    if len(patterns) > MOST_NAMES:
        notes.append(f"{len(patterns):,} patterns of addresses were folded into {len({s.name for s in steps}):,} names")
    if strangers:
        notes.append(
            f"the recording begins inside a session, with cookies that nothing in it set ({', '.join(strangers[:5])}): "
            "record from the login on, or give them in the environment"
        )
    return notes
