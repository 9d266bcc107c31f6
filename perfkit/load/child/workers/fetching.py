"""Brings the rows of other machines here, a part at a time: the whole never lies in memory. Knows a shard's times.

Where a worker's clock differs from this one's by more than the uncertainty, its rows are shifted.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import Any, Final

import gevent
import pyarrow as pa
from gevent.event import AsyncResult

from perfkit.load.child.workers import calls
from perfkit.load.child.workers.roster import Member

CHUNK_LIMIT_S: Final = 10.0
_TIMES: Final = ("intended_at", "started_at")

logger = logging.getLogger(__name__)


class FetchError(Exception):
    """What came is not what was sent, or nothing came."""


class Fetcher:
    """Puts shards into `folder`, whole or not at all."""

    def __init__(self, runner: Any, folder: Path) -> None:
        self._runner = runner
        self._folder = folder
        self._awaited: dict[str, AsyncResult] = {}

    def fetch(self, members: list[Member]) -> None:
        """All at once, each from its own; who could not be asked keeps its rows, and is marked."""
        gevent.joinall([gevent.spawn(self._fetch_one, member) for member in members])

    def on_chunk(self, sender: str, data: Any) -> None:
        """A part has come."""
        if (awaited := self._awaited.get(sender)) is not None:
            awaited.set(data)

    def _fetch_one(self, member: Member) -> None:
        part = self._folder / f".{member.client_id}.part"
        try:
            name = self._receive(member, part)
            member.shifted_s = member.ahead_s
            if member.shifted_s is not None:
                shift(part, -member.shifted_s)
            part.replace(self._folder / name)
        except (FetchError, OSError, pa.ArrowInvalid) as error:
            logger.error("the rows of %s could not be fetched: %s", member.name, error)
            member.is_fetched = False
            part.unlink(missing_ok=True)
            return
        self._runner.send_message(calls.FETCHED, {}, member.client_id)

    def _receive(self, member: Member, part: Path) -> str:
        """The name that the shard is to have."""
        digest = hashlib.sha256()
        with part.open("wb") as file:
            while True:
                chunk = self._ask(member, file.tell())
                file.write(chunk["data"])
                digest.update(chunk["data"])
                if chunk["digest"] is not None:
                    break
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        if (size, digest.hexdigest()) != (chunk["size"], chunk["digest"]):
            raise FetchError(f"{size} bytes came, and other ones than the {chunk['size']} that were sent")
        return Path(chunk["name"]).name

    def _ask(self, member: Member, at: int) -> Any:
        awaited = self._awaited[member.client_id] = AsyncResult()
        self._runner.send_message(calls.FETCH, {"at": at}, member.client_id)
        try:
            return awaited.get(timeout=CHUNK_LIMIT_S)
        except gevent.Timeout as error:
            raise FetchError(f"no answer within {CHUNK_LIMIT_S:.0f} s") from error


def shift(shard: Path, by_s: float) -> None:
    """Move the absolute times of all rows, a batch at a time."""
    import pyarrow.compute as pc  # clocks differ seldom

    shifted = shard.with_suffix(".shifted")
    with (
        shard.open("rb") as source,
        pa.ipc.open_stream(source) as rows,
        shifted.open("wb") as target,
        pa.ipc.new_stream(target, rows.schema) as stream,
    ):
        for batch in rows:
            columns = [
                pc.add(column, by_s) if field.name in _TIMES else column
                for field, column in zip(rows.schema, batch.columns, strict=True)
            ]
            stream.write_batch(pa.record_batch(columns, schema=rows.schema))
    shifted.replace(shard)
