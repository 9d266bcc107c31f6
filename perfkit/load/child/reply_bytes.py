"""What a reply of Locust's HTTP clients tells of its size and its headers' time; makes both count what they read.

Knows geventhttpclient's and urllib3's insides; perfkit's own client counts for itself.
"""

from __future__ import annotations

from typing import Any

import urllib3
from geventhttpclient.response import HTTPResponse


def headers_after_s(response: Any) -> float | None:
    """Seconds from sending to the reply's headers: FastHttpUser keeps a float, requests a timedelta."""
    elapsed = getattr(response, "_elapsed", None)
    if elapsed is None and (delta := getattr(response, "elapsed", None)) is not None:
        elapsed = delta.total_seconds()
    return elapsed


def wire_bytes(response: Any) -> int | None:
    """The body's bytes before decoding, as counted while they were read."""
    counted = getattr(getattr(response, "_response", None), "perfkit_wire_bytes", None)
    if counted is not None:
        return int(counted)
    raw = getattr(response, "raw", None)
    return int(raw.tell()) if raw is not None and hasattr(raw, "tell") else None


def count_bodies() -> None:
    """Make both HTTP clients count what they read: a chunked gzip reply says its size nowhere else."""
    feed = HTTPResponse._on_body

    def on_body(self: Any, chunk: bytearray) -> None:
        self.perfkit_wire_bytes += len(chunk)
        feed(self, chunk)

    HTTPResponse.perfkit_wire_bytes = 0
    HTTPResponse._on_body = on_body

    handle = urllib3.HTTPResponse._handle_chunk

    def handle_chunk(self: Any, amount: int | None) -> bytes:
        chunk: bytes = handle(self, amount)
        self._fp_bytes_read += len(chunk)  # urllib3 counts only bodies of known length
        return chunk

    urllib3.HTTPResponse._handle_chunk = handle_chunk
