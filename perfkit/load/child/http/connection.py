"""One keep-alive connection: a request's bytes go out, one reply comes back. Knows HTTP/1.1 framing through llhttp;
knows no URLs, redirects, cookies or rows.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from perfkit.load.child.http.failures import (
    ConnectionClosedError,
    MalformedReplyError,
    ReadTimeoutError,
    ReplyError,
    ReplyTooLargeError,
)
from perfkit.load.child.http.tls import Channel

MAX_HEAD_BYTES: Final = 1 << 20


class Connection:
    """After `exchange` the reply is in `status`, `names`, `values` and `chunks` (the body as sent) until the next.

    `first_byte_at` and `last_byte_at` are on perf_counter's clock. `keeps_alive`: another exchange may follow;
    `is_quiet()`: meanwhile the server neither left nor sent what nobody asked for.
    """

    __slots__ = (
        "_channel",
        "_has_extra",
        "_has_head",
        "_is_complete",
        "_is_head_request",
        "_parser",
        "chunks",
        "first_byte_at",
        "is_quiet",
        "keeps_alive",
        "last_byte_at",
        "names",
        "status",
        "values",
        "was_used",
    )

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.is_quiet = channel.is_quiet
        self._parser: Any = HttpResponseParser(self)
        self.was_used = False
        self.keeps_alive = True

    def close(self) -> None:
        self._channel.close()
        self._parser = None  # it holds this connection's methods: no need to wait for the cycle collector

    def exchange(self, request: bytes, silence_s: float, max_reply_bytes: int, *, is_head: bool) -> None:
        """Send the request and read its whole reply; the server may be silent for `silence_s`.

        Raises:
            OSError: the connection broke, or a time limit passed.
            ReplyError: what came is no reply, too much, or not whole.
        """
        self._begin(is_head)
        deadline = perf_counter() + silence_s
        try:
            self._channel.send(request, deadline)
        except (BrokenPipeError, ConnectionResetError):
            if self.was_used:
                raise ConnectionClosedError("the server closed the connection", is_silent=True) from None
            # A server may answer and leave before it has read all of a request; what it said is worth more.
        try:
            self._read_reply(deadline, silence_s, max_reply_bytes)
        except (ConnectionClosedError, ReadTimeoutError, ReplyError) as error:
            error.status = self.status if self._has_head else 0
            raise
        self.was_used = True
        if self._has_extra:
            self.keeps_alive = False
        elif is_head:
            self._parser = HttpResponseParser(self)  # the old one waits for a body

    def _begin(self, is_head: bool) -> None:
        self.names: list[bytes] = []
        self.values: list[bytes] = []
        self.chunks: list[bytes] = []
        self.status = 0
        self._has_head = self._is_complete = self._has_extra = False
        self._is_head_request = is_head

    def _read_reply(self, deadline: float, silence_s: float, max_reply_bytes: int) -> None:
        received = 0
        while not self._is_complete:
            try:
                came = self._channel.receive(deadline)
            except ConnectionResetError:
                raise ConnectionClosedError("the server reset the connection", is_silent=not received) from None
            self.last_byte_at = perf_counter()
            if not came:
                return self._end_of_stream(is_silent=not received)
            received += len(came)
            self._feed(came)
            if not self._is_complete:
                self._refuse_if_too_large(received, max_reply_bytes)
                deadline = self.last_byte_at + silence_s
        return None

    def _feed(self, came: memoryview) -> None:
        try:
            self._parser.feed_data(came)
        except HttpParserUpgrade as error:
            raise MalformedReplyError("the server switched protocols, which nobody asked for") from error
        except HttpParserError as error:
            if not self._is_complete:
                raise MalformedReplyError(f"not HTTP/1.1: {error}") from error
            self._has_extra = True

    def _end_of_stream(self, *, is_silent: bool) -> None:
        """The server closed. That ends a reply that says neither its length nor its chunks; any other is cut off."""
        if not self._has_head or self._declared(b"content-length") or self._declared(b"transfer-encoding"):
            where = "before its reply" if is_silent else "in the middle of its reply"
            raise ConnectionClosedError(f"the server closed the connection {where}", is_silent=is_silent)
        self.keeps_alive = False

    def _declared(self, name: bytes) -> bytes:
        """The value of a header, "" without it. A transfer coding other than chunked ends at the close, too."""
        value = next((v for n, v in zip(self.names, self.values, strict=True) if n.lower() == name), b"")
        return value if name != b"transfer-encoding" or value.lower().endswith(b"chunked") else b""

    def _refuse_if_too_large(self, received: int, max_reply_bytes: int) -> None:
        if not self._has_head:
            if received > MAX_HEAD_BYTES:
                raise MalformedReplyError(f"the reply's headers are larger than {MAX_HEAD_BYTES} bytes")
        elif received > max_reply_bytes or (len(self.chunks) <= 1 and self._declared_bytes() > max_reply_bytes):
            raise ReplyTooLargeError(f"the reply is larger than max_reply_bytes ({max_reply_bytes})")

    def _declared_bytes(self) -> int:
        return int(self._declared(b"content-length") or 0)  # llhttp lets digits through only

    # What llhttp calls while it is fed

    def on_message_begin(self) -> None:
        if self._is_complete:
            self._has_extra = True
        else:
            self.first_byte_at = self.last_byte_at

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # else a trailer
            self.names.append(name)
            self.values.append(value)

    def on_headers_complete(self) -> None:
        if self._is_complete:
            return
        self.status = status = self._parser.get_status_code()
        if status >= 200 or status < 100:
            self._has_head = True
            if self._is_head_request:  # llhttp cannot be told, and waits for a body
                self._finish_without_body()

    def on_body(self, chunk: bytes) -> None:
        if self._is_complete:
            self._has_extra = True
        else:
            self.chunks.append(chunk)

    def on_message_complete(self) -> None:
        if self._has_head:
            if not self._is_complete:
                self._is_complete = True
                self.keeps_alive = self._parser.should_keep_alive()
        else:  # an interim reply, such as 103 Early Hints: the real one follows
            self.names.clear()
            self.values.clear()

    def _finish_without_body(self) -> None:
        self._is_complete = True
        is_told_to_close = b"close" in self._declared(b"connection").lower()
        self.keeps_alive = self._parser.get_http_version() == "1.1" and not is_told_to_close
