"""A body that came packed: what it says of its size, and what it is once somebody reads it. Knows rows by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from perfkit.load.child.http.decoding import decode, promised_bytes
from perfkit.load.child.http.failures import UndecodableBodyError
from perfkit.model import Request

_COLUMNS: Final = [field.name for field in fields(Request)]
_DECODED_BYTES: Final = _COLUMNS.index("decoded_bytes")
_ERROR: Final = _COLUMNS.index("error")
_MESSAGE: Final = _COLUMNS.index("message")


class PackedBody:
    """`codings` is the Content-Encoding, `limit` how many bytes it may unpack to.

    The request's row may have been left before anybody reads the body; it is mended then.
    """

    __slots__ = ("_chunks", "_codings", "_limit", "_row", "promised_bytes")

    def __init__(self, chunks: Sequence[bytes], codings: str, limit: int) -> None:
        self._chunks = chunks
        self._codings = codings
        self._limit = limit
        self._row: list[Any] | None = None
        self.promised_bytes = promised_bytes(chunks, codings)

    def keep(self, row: Sequence[Any]) -> list[Any]:
        """The row, open for what is not known yet."""
        self._row = list(row)
        return self._row

    def unpacked(self) -> bytes:
        """The body as it was meant.

        Raises:
            UndecodableBodyError: it is not what its Content-Encoding says, or too large.
        """
        try:
            body = decode(b"".join(self._chunks), self._codings, self._limit)
        except UndecodableBodyError as error:
            if self._row is not None:
                self._row[_ERROR], self._row[_MESSAGE] = self._row[_ERROR] or "other", self._row[_MESSAGE] or str(error)
            raise
        if self._row is not None:
            self._row[_DECODED_BYTES] = len(body)
        return body
