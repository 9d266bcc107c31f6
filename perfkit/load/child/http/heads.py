"""The bytes of a request: its target, its headers, its body. Knows URLs and header syntax; knows no connection.

What does not change from one request to the next is kept: the line of a URL, the lines of a set of headers.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from requests.utils import requote_uri

from perfkit import __version__
from perfkit.load.child.http.bodies import JSON
from perfkit.load.child.http.proxies import DIRECT, Proxy, Route

Header = str | bytes | int | None
Auth = tuple[str | bytes, str | bytes]

DEFAULTS: Final[Mapping[str, Header]] = {
    "User-Agent": f"perfkit/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate, br",
}
_OURS: Final = {"content-length", "transfer-encoding", "connection"}  # framing is this client's own business

KEPT: Final = 4096  # URLs and header sets; beyond, all are forgotten and made anew
_PLAIN_PATH: Final = re.compile(r"/(?:[A-Za-z0-9/._~!$&'()*+,;=:@?-]|%[0-9A-Fa-f]{2})*")
_ABSOLUTE: Final = re.compile(r"https?://", re.IGNORECASE)
_NAME: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(rb"[^\r\n\0]*")


@dataclass(frozen=True, slots=True, eq=False)
class Address:
    """Where a connection leads. One object for each in a process, so that it is quickly found as a key."""

    scheme: str
    host: str
    port: int
    host_line: bytes
    proxy: Proxy | None = None

    @property
    def end(self) -> tuple[str, int]:
        return self.host, self.port


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A URL, ready to be sent: `line` is what follows the method; `path`, with the query, and `url` are shown."""

    address: Address
    line: bytes
    path: str
    url: str
    credentials: Auth | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """A set of headers, ready to be sent."""

    text: bytes
    has_host: bool
    has_cookie: bool


class Heads:
    """Targets and header lines under one base URL and one set of default headers. Shared by all users of a class.

    Raises:
        ValueError: the base URL is none of http or https, or names no host.
    """

    def __init__(self, base_url: str, defaults: Mapping[str, Header], route: Route = DIRECT) -> None:
        self._targets: dict[str, Target] = {}
        self._lines: dict[Any, Lines] = {}
        self.route = route
        base = self._split(base_url)
        self.base = base.address
        self.base_url = base.url
        self._base_path = urlsplit(base.url).path.rstrip("/")
        self.credentials = base.credentials
        self.defaults = defaults

    def target(self, url: str) -> Target:
        """What to send for `url`: a path to be put behind the base URL, or a whole URL.

        Raises:
            ValueError: a host or port is wrong.
        """
        try:
            return self._targets[url]
        except KeyError:
            if len(self._targets) >= KEPT:
                self._targets.clear()
            made = self._targets[url] = self._make_target(url)
            return made

    def _make_target(self, url: str) -> Target:
        if _PLAIN_PATH.fullmatch(url):
            path = self._base_path + url
            return Target(self.base, _request_line(self.base, path), path, self.base_url.rstrip("/") + url)
        if _ABSOLUTE.match(url):
            return self._split(url)
        return self._split((self.base_url.rstrip("/") if url.startswith("/") else self.base_url) + url)

    def _split(self, url: str) -> Target:
        quoted = requote_uri(url.strip())
        parts = urlsplit(quoted)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not a URL that can be asked: http://host… or https://host…")
        host = urlsplit(url.strip()).hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = _address(parts.scheme, _ascii(host), port, self.route.proxy(quoted))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        credentials = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return Target(address, _request_line(address, path), path, shown, credentials)

    def lines(self, headers: Mapping[str, Header] | None, content_type: str | None = None) -> Lines:
        """The header lines for `headers` over the defaults. `content_type` is what the body implies.

        Raises:
            ValueError: a name or a value cannot be sent.
        """
        key = (content_type, *headers.items()) if headers else content_type
        try:
            return self._lines[key]
        except (KeyError, TypeError):
            made = self._make_lines(headers or {}, content_type)
            if all(isinstance(value, str | bytes) for value in (headers or {}).values()):  # True == 1, but not as text
                if len(self._lines) >= KEPT:
                    self._lines.clear()
                self._lines[key] = made
            return made

    def _make_lines(self, headers: Mapping[str, Header], content_type: str | None) -> Lines:
        implied: dict[str, Header] = {"Content-Type": content_type}
        if content_type == JSON:
            implied["Accept"] = JSON
        merged: dict[str, tuple[str, Header]] = {}
        for source in (self.defaults, implied, headers):
            merged |= {_text(name).lower(): (_text(name), value) for name, value in source.items()}
        sent = {low: pair for low, pair in merged.items() if pair[1] is not None and low not in _OURS}
        text = b"".join(_line(name, value) for name, value in sent.values())
        return Lines(text, "host" in sent, "cookie" in sent)


_ADDRESSES: Final[dict[tuple[str, str, int, Proxy | None], Address]] = {}


def _address(scheme: str, host: str, port: int, proxy: Proxy | None) -> Address:
    key = (scheme, host, port, proxy)
    if key not in _ADDRESSES:
        shown = f"[{host}]" if ":" in host else host
        is_usual = port == (443 if scheme == "https" else 80)
        line = f"Host: {shown if is_usual else f'{shown}:{port}'}\r\n".encode("ascii")
        _ADDRESSES[key] = Address(scheme, host, port, line, proxy)
    return _ADDRESSES[key]


def _request_line(address: Address, path: str) -> bytes:
    """A proxy is asked for the whole address, and told who asks; through a tunnel the server is asked."""
    if address.proxy is None or address.scheme == "https":
        return f" {path} HTTP/1.1\r\n".encode("ascii")
    host = address.host_line.removeprefix(b"Host: ").removesuffix(b"\r\n")
    return b" http://%b%b HTTP/1.1\r\n%b" % (host, path.encode("ascii"), address.proxy.line)


def _ascii(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"{host!r} is no host name") from error


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode("latin-1")


@lru_cache(maxsize=64)
def method_line(method: str) -> bytes:
    """The method as it begins a request.

    Raises:
        ValueError: it is none.
    """
    line = method.encode("ascii", errors="replace")
    if not _NAME.fullmatch(line):
        raise ValueError(f"{method!r} is no HTTP method")
    return line


def _line(name: str, value: Header) -> bytes:
    value_bytes = value if isinstance(value, bytes) else str(value).encode("latin-1", errors="strict")
    name_bytes = name.encode("latin-1")
    if not _NAME.fullmatch(name_bytes) or not _VALUE.fullmatch(value_bytes):
        raise ValueError(f"the header {name!r} cannot be sent: its name or its value holds what no header may")
    return b"%s: %s\r\n" % (name_bytes, value_bytes.strip())


@lru_cache(maxsize=1024)
def basic(auth: Auth) -> str:
    """The value of an Authorization header for HTTP Basic."""
    user, password = (part.encode("utf-8") if isinstance(part, str) else part for part in auth)
    return "Basic " + b64encode(user + b":" + password).decode("ascii")
