"""`self.client` of the lean user: the verbs, redirects and cookies of one user. Its surface is FastHttpUser's client's.

Knows what a request is made of. Its bytes, its connection and its row are others' business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from time import perf_counter, time
from typing import Any

import gevent
from locust.exception import LocustError
from requests.structures import CaseInsensitiveDict

from perfkit.load.child.http import redirects
from perfkit.load.child.http.cookies import Cookies
from perfkit.load.child.http.facts import notable
from perfkit.load.child.http.failures import FAILURES, BadStatusError, MalformedReplyError, TooManyRedirectsError
from perfkit.load.child.http.heads import DEFAULTS, Auth, Header, Heads
from perfkit.load.child.http.messages import Headers, Message, Messages
from perfkit.load.child.http.pool import Limits, Pool
from perfkit.load.child.http.recording import Recording
from perfkit.load.child.http.response import Response


class Client:
    """One user's HTTP client. It reads every reply whole, and leaves one row for each request that could be sent.

    `base_url` may hold a user and a password. `event` is Locust's request event; `user.context()` goes with it.
    `intended_at` (unix seconds): when the schedule wants the next request; that request takes it up.

    Raises:
        ValueError: `base_url` is not one.
    """

    def __init__(
        self,
        base_url: str,
        event: Any = None,
        user: Any = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        max_redirects: int = 30,
        default_headers: Headers | None = None,
    ) -> None:
        self._messages = _shared_messages(base_url, tuple((default_headers or {}).items()))
        self._headers: DefaultHeaders | None = None
        self._cookies: Cookies | None = None
        self._pool = Pool()
        self._recording = Recording(event, user)
        self._limits = limits
        self._max_redirects = max_redirects
        self.base_url = self._messages.heads.base_url
        self.auth: Auth | None = self._messages.heads.credentials
        self.request_name: str | None = None
        self.intended_at: float | None = None

    def request(
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,
        headers: Headers | None = None,
        auth: Auth | None = None,
        json: Any = None,
        allow_redirects: bool = True,
        context: dict[str, Any] | None = None,
        **options: Any,
    ) -> Response:
        """Send a request and read its reply. What goes wrong is in the reply, not raised.

        `options`: params, files, cookies, timeout (seconds, or a pair for connecting and for the server's silence),
        verify. Bodies: see `bodies.body_of`. With `catch_response` the row waits for the end of the with statement.

        Raises:
            ValueError: the URL, a header or the body cannot be sent.
        """
        limits = self._limits
        if data is None and json is None and headers is None and auth is None and self.auth is None and not options:
            message, sent = self._messages.plain(method, url)
            if self._cookies is not None:
                sent = self._messages.bytes_of(message, self._cookies)
        else:
            limits = self._limits_for(options)
            given = {"data": data, "json": json, "headers": headers, "auth": auth, "own_auth": self.auth}
            message = self._messages.compose(method, url, self._cookies, **given, **options)
            sent = self._messages.bytes_of(message, self._cookies)
        intended_at, self.intended_at = self.intended_at, None
        occasion = (message.method, name or self.request_name or url, time(), intended_at, context)
        began = perf_counter()
        try:
            response = self._exchange(message, sent, limits, began)
            if response.status_code in redirects.STATUSES and allow_redirects and self._max_redirects:
                response = self._follow(response, message, limits, began)
        except gevent.Timeout as error:  # the scenario's own, which it will want to see
            response = _failed(message, sent, TimeoutError(f"the scenario gave up: {error}"), began)
            self._recording.leave(*occasion, response, response.error)
            raise
        if catch_response:
            response.wait_for_verdict(partial(self._recording.leave, *occasion, response))
        else:
            self._recording.leave(*occasion, response, response.error)
        return response

    def get(self, url: str, **options: Any) -> Response:
        return self.request("GET", url, **options)

    def options(self, url: str, **options: Any) -> Response:
        return self.request("OPTIONS", url, **options)

    def head(self, url: str, **options: Any) -> Response:
        return self.request("HEAD", url, **options)

    def post(self, url: str, data: Any = None, json: Any = None, **options: Any) -> Response:
        return self.request("POST", url, data=data, json=json, **options)

    def put(self, url: str, data: Any = None, **options: Any) -> Response:
        return self.request("PUT", url, data=data, **options)

    def patch(self, url: str, data: Any = None, **options: Any) -> Response:
        return self.request("PATCH", url, data=data, **options)

    def delete(self, url: str, **options: Any) -> Response:
        return self.request("DELETE", url, **options)

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Requests in the with statement that have no name of their own get this one."""
        self.request_name = name
        try:
            yield
        finally:
            self.request_name = None

    @property
    def cookies(self) -> Cookies:
        """The jar, which may be read and written: `client.cookies.set("session", "…", domain=…)`."""
        if self._cookies is None:
            self._cookies = Cookies()
        return self._cookies

    cookiejar = cookies

    @property
    def headers(self) -> CaseInsensitiveDict[Header]:
        """The headers of every request, which may be changed: `client.headers["Authorization"] = …`."""
        if self._headers is None:
            self._headers = DefaultHeaders(self._messages.heads.defaults, self._take_headers)
        return self._headers

    def _take_headers(self) -> None:
        self._messages = Messages(Heads(self.base_url, dict(self.headers)))

    @property
    def verify(self) -> bool:
        """Whether the server's certificate is checked."""
        return self._limits.is_verifying

    @verify.setter
    def verify(self, is_verifying: bool) -> None:
        self._limits = replace(self._limits, is_verifying=is_verifying)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()

    def _limits_for(self, options: dict[str, Any]) -> Limits:
        """Those of this request; takes its words out of `options`."""
        if options.pop("stream", False):
            raise LocustError("perfkit's HttpUser reads every reply whole; for endless ones take locust.FastHttpUser")
        timeout, verify = options.pop("timeout", None), options.pop("verify", None)
        return self._limits if timeout is None and verify is None else _narrowed(self._limits, timeout, verify)

    def _exchange(self, message: Message, sent: bytes, limits: Limits, began: float) -> Response:
        url = message.target.url
        try:
            reply = self._pool.exchange(message.target.address, sent, limits, is_head=message.method == "HEAD")
        except FAILURES as error:
            return _failed(message, sent, error, began)
        ttfb_s, service_s = reply.first_byte_at - began, reply.last_byte_at - began
        response = Response(reply.status, url, sent, reply.names, reply.values, reply.chunks, ttfb_s, service_s)
        facts = notable(tuple(reply.names))
        if facts.matters or reply.status == 304:
            response.note(facts, limits.reply_bytes)
            if facts.cookies:
                self.cookies.learn(url, [reply.values[at] for at in facts.cookies])
        if reply.status >= 400:
            response.error = BadStatusError(reply.status)
        elif reply.status < 200:
            response.error = MalformedReplyError(f"{reply.status} is not the status of a reply")
        return response

    def _follow(self, response: Response, message: Message, limits: Limits, began: float) -> Response:
        history: list[Response] = []
        while (location := response.location()) is not None:
            if len(history) == self._max_redirects:
                response.error = TooManyRedirectsError(f"more than {self._max_redirects} redirects")
                break
            try:
                message = self._messages.redirected(message, response.status_code, location)
                sent = self._messages.bytes_of(message, self._cookies)
            except (TooManyRedirectsError, ValueError) as error:
                response.error = error
                break
            history.append(response)
            response = self._exchange(message, sent, limits, began)
        response.history = tuple(history)
        return response


class DefaultHeaders(CaseInsensitiveDict[Header]):
    """Headers that tell when they are changed."""

    def __init__(self, headers: Headers, on_change: Callable[[], None]) -> None:
        self._on_change: Callable[[], None] = lambda: None
        super().__init__(headers)
        self._on_change = on_change

    def __setitem__(self, name: str, value: Header) -> None:
        super().__setitem__(name, value)
        self._on_change()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._on_change()


def _failed(message: Message, sent: bytes, error: Exception, began: float) -> Response:
    status = getattr(error, "status", 0)
    response = Response(status, message.target.url, sent, [], [], None, None, perf_counter() - began)
    response.error = error
    return response


@lru_cache(maxsize=64)
def _shared_messages(base_url: str, default_headers: tuple[tuple[str, Header], ...]) -> Messages:
    return Messages(Heads(base_url, {**DEFAULTS, **dict(default_headers)}))


@lru_cache(maxsize=64)
def _narrowed(limits: Limits, timeout: float | tuple[float, float] | None, verify: bool | None) -> Limits:
    connect_s, silence_s = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    return replace(
        limits,
        connect_s=limits.connect_s if connect_s is None else connect_s,
        silence_s=limits.silence_s if silence_s is None else silence_s,
        is_verifying=limits.is_verifying if verify is None else bool(verify),
    )
