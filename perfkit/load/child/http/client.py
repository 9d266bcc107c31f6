"""`self.client` of the lean user: its verbs and its settings. Its surface is that of FastHttpUser's client.

Knows what a request is made of. Its bytes, its way to the server and its row are others' business.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from time import perf_counter, time
from typing import Any

import gevent
from locust.exception import LocustError
from requests.structures import CaseInsensitiveDict

from perfkit.load.child.http.cookies import Cookies
from perfkit.load.child.http.fields import WatchedHeaders
from perfkit.load.child.http.heads import DEFAULTS, Auth, Header, Heads
from perfkit.load.child.http.limits import Limits, narrowed
from perfkit.load.child.http.messages import Headers, Messages
from perfkit.load.child.http.proxies import DIRECT, Route
from perfkit.load.child.http.recording import Recording
from perfkit.load.child.http.response import Response
from perfkit.load.child.http.session import Session, failed
from perfkit.load.child.http.tls import USUAL, Certificate, Verify, trusting


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
        route: Route = DIRECT,
    ) -> None:
        self._session = Session(_shared_messages(base_url, tuple((default_headers or {}).items()), route))
        self._headers: WatchedHeaders | None = None
        self._recording = Recording(event, user)
        self._limits = limits
        self._max_redirects = max_redirects
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
        verify, cert. Bodies: see `bodies.body_of`. With `catch_response` the row waits for the with statement's end.

        Raises:
            ValueError: the URL, a header or the body cannot be sent, or a file for TLS is not there.
        """
        limits = self._limits
        if data is None and json is None and headers is None and auth is None and self.auth is None and not options:
            message, sent = self._session.plain(method, url)
        else:
            limits = self._limits_for(options)
            given = {"data": data, "json": json, "headers": headers, "auth": auth, "own_auth": self.auth}
            message, sent = self._session.compose(method, url, **given, **options)
        occasion = (message.method, name or self.request_name or url, time(), self.intended_at, context)
        if self.intended_at is not None:
            self.intended_at = None
        began = perf_counter()
        try:
            response = self._session.fetch(message, sent, limits, self._max_redirects if allow_redirects else 0, began)
        except gevent.Timeout as error:  # the scenario's own, which it will want to see
            response = failed(message, sent, TimeoutError(f"the scenario gave up: {error}"), began)
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
    def base_url(self) -> str:
        """What paths are put behind; it may be changed."""
        return self._messages.heads.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._remake(base_url=url)

    @property
    def cookies(self) -> Cookies:
        """The jar, which may be read and written: `client.cookies.set("session", "…", domain=…)`."""
        return self._session.cookies

    cookiejar = cookies

    @property
    def headers(self) -> CaseInsensitiveDict[Header]:
        """The headers of every request, which may be changed: `client.headers["Authorization"] = …`."""
        if self._headers is None:
            self._headers = WatchedHeaders(self._messages.heads.defaults, self._take_headers)
        return self._headers

    @headers.setter
    def headers(self, headers: Headers) -> None:
        kept = self.headers
        kept.clear()
        kept.update(headers)

    def _take_headers(self) -> None:
        self._remake(defaults=dict(self.headers))

    def _remake(self, **changed: Any) -> None:
        """Requests are made anew, as what they have in common is another."""
        heads = self._messages.heads
        kept = {"base_url": heads.base_url, "defaults": heads.defaults, "route": heads.route}
        self._messages = Messages(Heads(**{**kept, **changed}))

    @property
    def _messages(self) -> Messages:
        return self._session.messages

    @_messages.setter
    def _messages(self, messages: Messages) -> None:
        self._session.messages = messages

    @property
    def verify(self) -> Verify:
        """Whether the server's certificate is checked; a text is the file or folder of who may have signed it."""
        return (self._limits.trust or USUAL).verify

    @verify.setter
    def verify(self, verify: Verify) -> None:
        self._limits = replace(self._limits, trust=trusting(verify, self.cert))

    @property
    def cert(self) -> Certificate:
        """The certificate that servers are shown: a file with it and its key, or one with each."""
        return (self._limits.trust or USUAL).cert

    @cert.setter
    def cert(self, cert: Certificate) -> None:
        self._limits = replace(self._limits, trust=trusting(self.verify, cert))

    def close(self) -> None:
        """Close the connections that are kept."""
        self._session.close()

    def _limits_for(self, options: dict[str, Any]) -> Limits:
        """Those of this request; takes its words out of `options`."""
        if options.pop("stream", False):
            raise LocustError("perfkit's HttpUser reads every reply whole; for endless ones take locust.FastHttpUser")
        if "timeout" not in options and "verify" not in options and "cert" not in options:
            return self._limits
        return narrowed(self._limits, *(options.pop(word, None) for word in ("timeout", "verify", "cert")))


@lru_cache(maxsize=64)
def _shared_messages(base_url: str, default_headers: tuple[tuple[str, Header], ...], route: Route) -> Messages:
    return Messages(Heads(base_url, {**DEFAULTS, **dict(default_headers)}, route))
