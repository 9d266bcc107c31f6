"""A user's cookies, and the Cookie header they make, kept until they change. Knows the standard library's cookie rules.

A user who never gets a cookie never has one of these.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from email.message import Message
from http.client import HTTPResponse
from typing import Any, cast
from urllib.request import Request

from requests.cookies import RequestsCookieJar


class Cookies(RequestsCookieJar):
    """requests' jar; remembers the header for each address, as making it costs more than the request."""

    def __init__(self) -> None:
        self._kept: dict[Any, tuple[bytes, float]] = {}
        super().__init__()

    def header_line(self, url: str) -> bytes:
        """`Cookie: …` with its line end, or nothing."""
        key = self._key(url)
        kept = self._kept.get(key)
        if kept is None or time.time() >= kept[1]:
            if len(self._kept) >= 1024:
                self._kept.clear()
            kept = self._kept[key] = (self._line(url), self._fresh_until())
        return kept[0]

    def learn(self, url: str, set_cookies: Sequence[bytes]) -> None:
        """Take up the Set-Cookie headers of a reply."""
        reply = Message()
        for text in set_cookies:
            reply["Set-Cookie"] = text.decode("latin-1")
        self.extract_cookies(cast(HTTPResponse, _Reply(reply)), Request(url))  # noqa: S310 (nothing is opened)

    def set_cookie(self, cookie: Any, *arguments: Any, **options: Any) -> None:
        self._kept.clear()
        super().set_cookie(cookie, *arguments, **options)

    def clear(self, domain: str | None = None, path: str | None = None, name: str | None = None) -> None:
        self._kept.clear()
        super().clear(domain, path, name)

    def _key(self, url: str) -> str:
        """Cookies of "/" go to every path of a host, so its URLs can share one header."""
        if all(cookie.path == "/" for cookie in self):
            return url[: url.find("/", 8)] if "/" in url[8:] else url
        return url.partition("?")[0]

    def _line(self, url: str) -> bytes:
        request = Request(url)  # noqa: S310 (nothing is opened)
        self.add_cookie_header(request)
        text = request.get_header("Cookie")
        return f"Cookie: {text}\r\n".encode("latin-1", errors="replace") if text else b""

    def _fresh_until(self) -> float:
        return min((cookie.expires for cookie in self if cookie.expires is not None), default=math.inf)


class _Reply:
    """What http.cookiejar wants of a reply."""

    def __init__(self, headers: Message) -> None:
        self._headers = headers

    def info(self) -> Message:
        return self._headers
