"""A reply as a scenario sees it. Knows bodies, charsets and JSON; nothing is decoded before somebody asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import timedelta
from types import TracebackType
from typing import Any, Final

from locust.exception import (
    CatchResponseError,
    InterruptTaskSet,
    LocustError,
    RescheduleTask,
    RescheduleTaskImmediately,
    ResponseError,
    StopTest,
    StopUser,
)
from requests.structures import CaseInsensitiveDict

from perfkit.load.child.http.decoding import decode, promised_bytes
from perfkit.load.child.http.facts import Facts, notable
from perfkit.load.child.http.failures import FAILURES, BadStatusError, UndecodableBodyError
from perfkit.load.child.http.fields import SentRequest, charset, cookies_in, joined, sent_request
from perfkit.load.child.http.redirects import STATUSES
from perfkit.load.child.replies import cache_status
from perfkit.model import Request

_COLUMNS: Final = [field.name for field in fields(Request)]
DECODED_BYTES: Final = _COLUMNS.index("decoded_bytes")
ERROR: Final = _COLUMNS.index("error")
MESSAGE: Final = _COLUMNS.index("message")

_FLOW: Final = (StopUser, StopTest, InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately)
_NEEDS_WITH: Final = (
    "to say whether a request succeeded, pass catch_response=True and use the reply in a with statement: "
    "with self.client.get(…, catch_response=True) as response: …"
)


class Response:
    """One reply, or what came instead of it (`error`; then `content` is None, and `status_code` 0 unless a head came).

    In a with statement (`catch_response=True`) `success()` and `failure(…)` overrule the status.
    """

    # What most replies never need has its value here, which costs a request nothing.
    error: Exception | None = None
    encoding: str | None = None
    history: tuple[Response, ...] = ()
    _verdict: Exception | bool | None = None
    _report: Callable[[Exception | None], None] | None = None
    _is_entered = False
    _row: list[Any] | None = None
    _headers: CaseInsensitiveDict[str] | None = None
    _codings = ""
    _limit = 0
    is_packed = False
    cache: str | None = None
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
            self.is_packed = True
            self._codings = self._values[facts.coding].decode("latin-1")
            self._limit = limit
            self.decoded_bytes = promised_bytes(self._chunks, self._codings)
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
        self._report = report

    def keep(self, row: Sequence[Any]) -> list[Any]:
        """The row, open for what is known only when somebody reads the body."""
        self._row = list(row)
        return self._row

    @property
    def content(self) -> bytes | None:
        """The body, decoded; None when no reply came.

        Raises:
            UndecodableBodyError: it is not what its Content-Encoding says.
        """
        if self._chunks is None:
            return None
        if self.is_packed:
            self._chunks = [self._decoded(b"".join(self._chunks))]
            self.is_packed = False
        elif len(self._chunks) != 1:
            self._chunks = [b"".join(self._chunks)]
        return self._chunks[0]

    def _decoded(self, packed: bytes) -> bytes:
        """Decode, and mend the row that was left before anybody wanted to know."""
        try:
            body = decode(packed, self._codings, self._limit)
        except UndecodableBodyError as error:
            self.error = self.error or error
            if self._row is not None:
                self._row[ERROR], self._row[MESSAGE] = self._row[ERROR] or "other", self._row[MESSAGE] or str(error)
            raise
        self.decoded_bytes = len(body)
        if self._row is not None:
            self._row[DECODED_BYTES] = len(body)
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
            json.JSONDecodeError: it is none (a ValueError).
        """
        try:
            return json.loads(self.content or b"", **options)
        except (UnicodeDecodeError, RecursionError) as error:
            raise json.JSONDecodeError(f"no JSON: {error}", "", 0) from error

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
        failed_by = self._outcome()
        if failed_by is not None:
            raise failed_by

    def success(self) -> None:
        """Count the request as a success, whatever its status."""
        self._rule(True)

    def failure(self, reason: str | Exception) -> None:
        """Count the request as failed, of kind "validation" unless its status is 400 or more."""
        self._rule(reason if isinstance(reason, Exception) else CatchResponseError(reason))

    def _rule(self, verdict: Exception | bool) -> None:
        if not self._is_entered:
            raise LocustError(_NEEDS_WITH)
        self._verdict = verdict

    def _outcome(self) -> Exception | None:
        if self._verdict is None:
            return self.error
        return self._verdict if isinstance(self._verdict, Exception) else None

    def __enter__(self) -> Response:
        if self._report is None:
            raise LocustError(_NEEDS_WITH)
        self._is_entered = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        """Leave the row. What the block raised makes the request a failure, unless the block has said what it is.

        Locust's clients lose a request whose block raised. Here it is counted, and the exception goes on as there.
        """
        report, self._report = self._report, None
        is_said_here = self._verdict is None and isinstance(error, ResponseError)
        if self._verdict is None and isinstance(error, Exception) and not isinstance(error, _FLOW):
            is_ours = is_said_here or isinstance(error, FAILURES)
            self._verdict = error if is_ours else CatchResponseError(f"{type(error).__name__}: {error}")
        if report is not None:
            report(self._outcome())
        return is_said_here
