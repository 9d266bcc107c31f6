"""A request as the scenario means it, and as bytes: what heads, bodies and cookies know, together. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from perfkit.load.child.http import redirects
from perfkit.load.child.http.bodies import body_of, with_params
from perfkit.load.child.http.cookies import Cookies
from perfkit.load.child.http.heads import KEPT, Auth, Header, Heads, Target, basic, method_line

Headers = Mapping[str, Header]
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})  # servers want a Content-Length of these even when it is 0


@dataclass(slots=True)
class Message:
    """A request. `content_type` is what its body implies. Not frozen: that would make it four times as dear."""

    method: str
    target: Target
    headers: Headers | None = None
    content_type: str | None = None
    body: bytes = b""


class Messages:
    """The requests of all users with the same base URL and default headers; those that are sent again are kept."""

    def __init__(self, heads: Heads) -> None:
        self.heads = heads
        self._plain: dict[tuple[str, str], tuple[Message, bytes]] = {}

    def plain(self, method: str, url: str) -> tuple[Message, bytes]:
        """The request without body, headers or cookies of its own, and its bytes.

        Raises:
            ValueError: it cannot be sent.
        """
        try:
            return self._plain[method, url]
        except KeyError:
            message = Message(method.upper(), self.heads.target(url))
            if len(self._plain) >= KEPT:
                self._plain.clear()
            made = self._plain[method, url] = (message, self.bytes_of(message, None))
            return made

    def compose(
        self,
        method: str,
        url: str,
        jar: Cookies | None,
        *,
        data: Any = None,
        json: Any = None,
        headers: Headers | None = None,
        auth: Auth | None = None,
        own_auth: Auth | None = None,
        params: Any = None,
        files: Any = None,
        cookies: Mapping[str, str] | None = None,
    ) -> Message:
        """The request that these arguments mean. `own_auth` is the client's, for its own host only.

        Raises:
            ValueError: they mean none that can be sent.
        """
        target = self.heads.target(with_params(url, params) if params else url)
        body, content_type = body_of(data, json, files)
        merged = dict(headers) if headers else {}
        kept_auth = target.credentials or (own_auth if target.address is self.heads.base else None)
        if auth is not None:
            merged["Authorization"] = basic(auth)
        elif kept_auth is not None and not any(name.lower() == "authorization" for name in merged):
            merged["Authorization"] = basic(kept_auth)
        if cookies:
            merged["Cookie"] = _joined(jar, target.url, cookies)
        return Message(method.upper(), target, merged, content_type, body)

    def bytes_of(self, message: Message, jar: Cookies | None) -> bytes:
        """What goes over the wire.

        Raises:
            ValueError: the method or a header is none.
        """
        target = message.target
        lines = self.heads.lines(message.headers, message.content_type)
        host = b"" if lines.has_host else target.address.host_line
        cookie = b"" if jar is None or lines.has_cookie else jar.header_line(target.url)
        head = b"%b%b%b%b%b" % (method_line(message.method), target.line, host, lines.text, cookie)
        if message.body or message.method in _WITH_LENGTH:
            return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(message.body), message.body)
        return head + b"\r\n"

    def redirected(self, message: Message, status: int, location: bytes) -> Message:
        """The request that a redirect asks for.

        Raises:
            ValueError, TooManyRedirectsError: there is none.
        """
        target = self.heads.target(redirects.next_url(message.target.url, location))
        method = redirects.next_method(message.method, status)
        has_body = method == message.method
        is_same_origin = target.address is message.target.address
        headers = redirects.next_headers(message.headers or {}, has_body=has_body, is_same_origin=is_same_origin)
        if not has_body:
            return Message(method, target, headers)
        return Message(method, target, headers, message.content_type, message.body)


def _joined(jar: Cookies | None, url: str, cookies: Mapping[str, str]) -> str:
    kept = jar.header_line(url)[len("Cookie: ") : -2].decode("latin-1") if jar is not None else ""
    return "; ".join(([kept] if kept else []) + [f"{name}={value}" for name, value in cookies.items()])
