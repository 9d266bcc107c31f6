"""Two layers of cache: in process for 100 ms, Valkey for 5 minutes. The fix `cache` is decided where it is opened.

Knows names, tables and values that are JSON; does not know what a value means. Without Valkey it goes on without.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import valkey.asyncio
from valkey.exceptions import ValkeyError

MEMORY_S: Final = 0.1
VALKEY_S: Final = 300
PREFIX: Final = "pharma-erp:dashboard:"

Layer = Literal["memory", "valkey"]


@dataclass(frozen=True, slots=True)
class Entry:
    """How to make a value, and the tables it is made of: a write to one of them makes it old."""

    make: Callable[[], Awaitable[Any]]
    tables: frozenset[str]


@dataclass(slots=True)
class Cache:
    """Values by name. `epochs` counts the writes to a table: what was made before a write is not kept after it."""

    link: valkey.asyncio.Valkey
    hits: int = 0
    misses: int = 0
    memory: dict[str, tuple[float, Any]] = field(default_factory=dict)
    epochs: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def get_all(self, entries: Mapping[str, Entry]) -> tuple[dict[str, Any], Layer | None]:
        """All values, and the farthest layer that had to be asked; None when one of them had to be made."""
        layer: Layer | None = "memory"
        known = self._in_memory(entries)
        if missing := {name: entry for name, entry in entries.items() if name not in known}:
            layer = "valkey"
            known |= await self._in_valkey(missing)
        for name in entries.keys() - known.keys():
            layer = None
            known[name] = await self._made_once(name, entries[name])
        self.hits += layer is not None
        self.misses += layer is None
        return {name: known[name] for name in entries}, layer

    async def make_all(self, entries: Mapping[str, Entry]) -> None:
        """Make every value anew, whatever is kept: at the start nobody knows what was written meanwhile."""
        for name, entry in entries.items():
            await self._make(name, entry)

    async def refresh(self, table: str, entries: Mapping[str, Entry]) -> None:
        """Make anew what is made of a table, after a write to it and before the write is answered.

        Until then others may see the values before the write; from then on nobody does. What fails is raised, and the
        old values must then be dropped.
        """
        self.epochs[table] += 1
        for name in _made_of(table, entries):
            async with self.locks[name]:
                text = await _made(entries[name])
                await self._put_into_valkey(name, text)
                self.epochs[table] += 1  # for who has just read the old value out of Valkey
                self._put_into_memory(name, json.loads(text))

    async def drop(self, table: str, entries: Mapping[str, Entry]) -> None:
        """Forget what is made of a table."""
        old = _made_of(table, entries)
        self.epochs[table] += 1
        with suppress(ValkeyError):
            await self.link.delete(*(PREFIX + name for name in old))
        self.epochs[table] += 1
        for name in old:
            self.memory.pop(name, None)

    def report(self) -> dict[str, Any]:
        """What `/health/performance` says of it."""
        asked = self.hits + self.misses
        return {"hits": self.hits, "misses": self.misses, "hit_ratio": self.hits / asked if asked else 0.0}

    def _in_memory(self, names: Iterable[str]) -> dict[str, Any]:
        now = time.monotonic()
        kept = {name: self.memory[name] for name in names if name in self.memory}
        return {name: value for name, (until, value) in kept.items() if until >= now}

    async def _in_valkey(self, entries: Mapping[str, Entry]) -> dict[str, Any]:
        """What Valkey has of them, in one round trip; from now on it is in memory too."""
        before = {name: self._epoch(entry.tables) for name, entry in entries.items()}
        try:
            texts = await self.link.mget([PREFIX + name for name in entries])
        except ValkeyError:
            return {}
        found = {name: json.loads(text) for name, text in zip(entries, texts, strict=True) if text is not None}
        current = {name: value for name, value in found.items() if self._epoch(entries[name].tables) == before[name]}
        for name, value in current.items():
            self._put_into_memory(name, value)
        return current

    async def _made_once(self, name: str, entry: Entry) -> Any:
        """Of many who miss at once, one makes it and the others wait for that."""
        async with self.locks[name]:
            known = self._in_memory([name])
            return known[name] if known else await self._make(name, entry)

    async def _make(self, name: str, entry: Entry) -> Any:
        before = self._epoch(entry.tables)
        text = await _made(entry)
        value = json.loads(text)
        if self._epoch(entry.tables) == before:
            self._put_into_memory(name, value)
            await self._put_into_valkey(name, text)
        return value

    def _put_into_memory(self, name: str, value: Any) -> None:
        self.memory[name] = (time.monotonic() + MEMORY_S, value)

    async def _put_into_valkey(self, name: str, text: str) -> None:
        with suppress(ValkeyError):
            await self.link.set(PREFIX + name, text, ex=VALKEY_S)

    def _epoch(self, tables: Collection[str]) -> int:
        return sum(self.epochs[table] for table in tables)


def _made_of(table: str, entries: Mapping[str, Entry]) -> list[str]:
    return [name for name, entry in entries.items() if table in entry.tables]


async def _made(entry: Entry) -> str:
    """The value as it is kept: text, so that it is the same whichever layer it comes from."""
    return json.dumps(await entry.make(), default=str)


@asynccontextmanager
async def open_cache(redis_url: str, is_fixed: bool) -> AsyncIterator[Cache | None]:
    """The cache for the block; None where there is none."""
    if not is_fixed:
        yield None
        return
    link = valkey.asyncio.Valkey.from_url(redis_url)
    try:
        yield Cache(link)
    finally:
        await link.aclose()
