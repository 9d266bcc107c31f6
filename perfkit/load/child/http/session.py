"""What one user has open with servers, its connections and cookies: a message goes out, a response comes back.

Knows what follows from a reply, a redirect or a failure. What is recorded of it is others' business.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from perfkit.load.child.http import redirects
from perfkit.load.child.http.cookies import Cookies
from perfkit.load.child.http.facts import notable
from perfkit.load.child.http.failures import FAILURES, BadStatusError, MalformedReplyError, TooManyRedirectsError
from perfkit.load.child.http.limits import Limits
from perfkit.load.child.http.messages import Message, Messages
from perfkit.load.child.http.pool import Pool
from perfkit.load.child.http.response import Response


class Session:
    """`messages` makes the requests, and may be replaced. `began`, everywhere, is on perf_counter's clock."""

    __slots__ = ("_cookies", "_pool", "close", "messages")

    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        self._cookies: Cookies | None = None
        self._pool = Pool()
        self.close = self._pool.close

    @property
    def cookies(self) -> Cookies:
        """The jar, made when somebody looks at it or a server sets a cookie."""
        if self._cookies is None:
            self._cookies = Cookies()
        return self._cookies

    def plain(self, method: str, url: str) -> tuple[Message, bytes]:
        """The request without a body or headers of its own, and its bytes.

        Raises:
            ValueError: it cannot be sent.
        """
        if self._cookies is None:
            return self.messages.plain(method, url)
        message, _ = self.messages.plain(method, url)
        return message, self.messages.bytes_of(message, self._cookies)

    def compose(self, method: str, url: str, **given: Any) -> tuple[Message, bytes]:
        """The request that these arguments mean (see Messages.compose), and its bytes.

        Raises:
            ValueError: it cannot be sent.
        """
        message = self.messages.compose(method, url, self._cookies, **given)
        return message, self.messages.bytes_of(message, self._cookies)

    def fetch(self, message: Message, sent: bytes, limits: Limits, max_redirects: int, began: float) -> Response:
        """Send the request, read its reply whole, and go where it leads. What goes wrong is its `error`."""
        response = self._exchange(message, sent, limits, began)
        if response.status_code not in redirects.STATUSES or not max_redirects:
            return response
        history: list[Response] = []
        while (location := response.location()) is not None:
            try:
                if len(history) == max_redirects:
                    raise TooManyRedirectsError(f"more than {max_redirects} redirects")
                message = self.messages.redirected(message, response.status_code, location)
                sent = self.messages.bytes_of(message, self._cookies)
            except (TooManyRedirectsError, ValueError) as error:
                response.error = error
                break
            history.append(response)
            response = self._exchange(message, sent, limits, began)
        response.history = tuple(history)
        return response

    def _exchange(self, message: Message, sent: bytes, limits: Limits, began: float) -> Response:
        url = message.target.url
        try:
            reply = self._pool.exchange(message.target.address, sent, limits, is_head=message.method == "HEAD")
        except FAILURES as error:
            return failed(message, sent, error, began)
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


def failed(message: Message, sent: bytes, error: Exception, began: float) -> Response:
    """What stands for the reply where none came whole."""
    status = getattr(error, "status", 0)
    response = Response(status, message.target.url, sent, [], [], None, None, perf_counter() - began)
    response.error = error
    return response
