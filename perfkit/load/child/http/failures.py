"""The ways a request fails that Python has no name for. Knows no sockets."""

from __future__ import annotations

from http import HTTPStatus

from requests import HTTPError


class ReplyError(Exception):
    """What came back cannot be used as a reply. `status` is what its head said, 0 when there was none."""

    status = 0


class ConnectionClosedError(ConnectionResetError):
    """The server closed before its reply was whole. `is_silent`: before its first byte. `status`: as ReplyError."""

    status = 0

    def __init__(self, message: str, *, is_silent: bool) -> None:
        super().__init__(message)
        self.is_silent = is_silent


class MalformedReplyError(ReplyError):
    """The bytes are not HTTP/1.1."""


class ReplyTooLargeError(ReplyError):
    """The reply is larger than `max_reply_bytes`; what came was dropped."""


class UndecodableBodyError(ReplyError):
    """The body is not what its Content-Encoding says."""


class TooManyRedirectsError(ReplyError):
    """More than `max_redirects`, or one that leads nowhere."""


class ConnectTimeoutError(TimeoutError):
    """No connection within `connection_timeout`."""


class ProxyRefusedError(ConnectionRefusedError):
    """The proxy does not lead to the server."""


class ReadTimeoutError(TimeoutError):
    """No byte for `network_timeout`. `status`: as ReplyError."""

    status = 0


class BadStatusError(HTTPError):
    """The reply's status is 400 or more. Scenarios may catch it as requests' HTTPError.

    Its text is the same for every URL, so that equal failures can be counted.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status} {_phrase(status)}".rstrip())
        self.status = status


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


FAILURES = (OSError, ReplyError)
"""What a request may end in; recorded as its row's error. OSError holds ssl.SSLError and TimeoutError."""
