"""A reply as a scenario sees it. Knows bodies, charsets and JSON; nothing is decoded before somebody asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any, Final

from locust.exception import CatchResponseError
from requests import JSONDecodeError
from requests.structures import CaseInsensitiveDict

from perfkit.load.child.http.facts import Facts, notable
from perfkit.load.child.http.failures import BadStatusError, UndecodableBodyError
from perfkit.load.child.http.fields import SentRequest, charset, cookies_in, joined, sent_request
from perfkit.load.child.http.packed import PackedBody
from perfkit.load.child.http.redirects import STATUSES
from perfkit.load.child.http.verdict import Verdict
from perfkit.load.child.replies import cache_status

_NOT_ASKED: Final = Verdict()


class Response:
    """One reply, or what came instead of it (`error`; then `content` is None, and `status_code` 0 unless a head came).

    In a with statement (`catch_response=True`) `success()` and `failure(…)` overrule the status.
    """

    # What most replies never need has its value here, which costs a request nothing.
    error: Exception | None = None
    encoding: str | None = None
    history: tuple[Response, ...] = ()
    packed: PackedBody | None = None
    cache: str | None = None
    _verdict = _NOT_ASKED
    _headers: CaseInsensitiveDict[str] | None = None
    wire_bytes: int | None
    decoded_bytes: int | None
    leaves_own_row = True  # for the recorder, which then does not take one from Locust's event

    def __init__(
        self,
        status_code: int,
        url: str,
        sent: bytes,
        names: list[bytes],
        values: list[bytes],
        chunks: list[bytes] | None,
        ttfb_s: float | None,
        service_s: float,
    ) -> None:
        self.status_code = status_code
        self.url = url
        self.ttfb_s = ttfb_s
        self.service_s = service_s
        self._sent = sent
        self._names = names
        self._values = values
        self._chunks = chunks
        self.wire_bytes = self.decoded_bytes = None
        if chunks is not None:
            self.wire_bytes = self.decoded_bytes = len(chunks[0]) if len(chunks) == 1 else sum(map(len, chunks))

    def note(self, facts: Facts, limit: int) -> None:
        """Take up the headers that say how the body is packed and which cache it came from."""
        if facts.coding is not None and self._chunks is not None and self.wire_bytes:
            self.packed = PackedBody(self._chunks, self._values[facts.coding].decode("latin-1"), limit)
            self.decoded_bytes = self.packed.promised_bytes
        if facts.cache or self.status_code == 304:
            told = {name: self._values[at].decode("latin-1") for name, at in facts.cache}
            self.cache = cache_status(told, self.status_code)

    def location(self) -> bytes | None:
        """Where a redirect leads, if this is one."""
        if self.status_code not in STATUSES or self.error is not None:
            return None
        at = notable(tuple(self._names)).location
        return None if at is None else self._values[at]

    def wait_for_verdict(self, report: Callable[[Exception | None], None]) -> None:
        """Leave the row at the end of the with statement: `report` is told what made the request fail."""
        self._verdict = Verdict(report)

    @property
    def content(self) -> bytes | None:
        """The body, decoded; None when no reply came.

        Raises:
            UndecodableBodyError: it is not what its Content-Encoding says.
        """
        if self._chunks is None:
            return None
        if self.packed is not None:
            self._chunks = [self._unpacked(self.packed)]
            self.packed = None
        elif len(self._chunks) != 1:
            self._chunks = [b"".join(self._chunks)]
        return self._chunks[0]

    def _unpacked(self, packed: PackedBody) -> bytes:
        try:
            body = packed.unpacked()
        except UndecodableBodyError as error:
            self.error = self.error or error
            raise
        self.decoded_bytes = len(body)
        return body

    @property
    def text(self) -> str | None:
        """The body as text: by `encoding` when set, else by its Content-Type's charset, else as UTF-8 or Latin-1."""
        body = self.content
        if body is None:
            return None
        named = self.encoding or charset(self.headers.get("Content-Type", ""))
        for encoding, errors in ((named, "replace"), ("utf-8-sig", "strict")):
            try:
                if encoding is not None:
                    return body.decode(encoding, errors)
            except (LookupError, ValueError):  # no such charset; or not UTF-8
                continue
        return body.decode("latin-1")

    def json(self, **options: Any) -> Any:
        """The body as JSON; `options` are those of json.loads.

        Raises:
            requests.JSONDecodeError: it is none (a json.JSONDecodeError, and a ValueError).
        """
        try:
            return json.loads(self.content or b"", **options)
        except json.JSONDecodeError as error:
            raise JSONDecodeError(error.msg, error.doc, error.pos) from error
        except (UnicodeDecodeError, RecursionError) as error:
            raise JSONDecodeError(f"no JSON: {error}", "", 0) from error

    @property
    def headers(self) -> CaseInsensitiveDict[str]:
        """Names in any case; a header that came more than once is joined with commas."""
        if self._headers is None:
            self._headers = joined(zip(self._names, self._values, strict=True))
        return self._headers

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that this reply set, by name."""
        return cookies_in(self._names, self._values)

    @property
    def elapsed(self) -> timedelta:
        """From the start to the first byte of the reply."""
        return timedelta(seconds=self.ttfb_s or 0.0)

    @property
    def ok(self) -> bool:
        """Whether a reply came and its status is below 400."""
        return self.error is None

    @property
    def reason(self) -> str:
        """The usual phrase for the status: "Not Found"."""
        return str(BadStatusError(self.status_code)).partition(f"{self.status_code} ")[2]

    @property
    def request(self) -> SentRequest:
        """What was sent."""
        return sent_request(self._sent, self.url)

    def iter_content(self, chunk_size: int = 1024) -> Iterator[bytes]:
        """The body in pieces. It was read whole, so this saves no memory."""
        body = self.content or b""
        for start in range(0, len(body), chunk_size):
            yield body[start : start + chunk_size]

    def iter_lines(self) -> Iterator[str]:
        """The lines of the body."""
        yield from (self.text or "").splitlines()

    def raise_for_status(self) -> None:
        """Raise what made the request fail, if anything did.

        Raises:
            BadStatusError: the status is 400 or more.
            OSError, ReplyError: no reply came.
            Exception: what was given to `failure`.
        """
        failed_by = self._verdict.outcome(self.error)
        if failed_by is not None:
            raise failed_by

    def success(self) -> None:
        """Count the request as a success, whatever its status."""
        self._verdict.rule(None)

    def failure(self, reason: str | Exception) -> None:
        """Count the request as failed, of kind "validation" unless its status is 400 or more."""
        self._verdict.rule(reason if isinstance(reason, Exception) else CatchResponseError(reason))

    def __enter__(self) -> Response:
        self._verdict.enter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        return self._verdict.leave(error, self.error)
