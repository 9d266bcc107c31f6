"""Which proxy stands between here and a URL: the one that is named, or the one that the environment names for it.

Knows URLs and requests' reading of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; opens no connection.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy


class Proxy(NamedTuple):
    """Where it listens; `line` is the header that says who asks, b"" where nobody has to."""

    host: str
    port: int
    line: bytes = b""

    @property
    def end(self) -> tuple[str, int]:
        return self.host, self.port


class Route(NamedTuple):
    """`named` is for all URLs; without it those of the environment count where `is_by_environment`."""

    named: str | None = None
    is_by_environment: bool = False

    def proxy(self, url: str) -> Proxy | None:
        """The one for this URL; None: it is asked directly.

        Raises:
            ValueError: it is none that is spoken to in plain HTTP.
        """
        if self.named is not None:
            return _proxy_at(self.named)
        found = select_proxy(url, get_environ_proxies(url)) if self.is_by_environment else None
        return _proxy_at(found) if found else None


DIRECT: Final = Route()


def _proxy_at(url: str) -> Proxy:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{shown} is no proxy that the lean client can use: http://host:port")
    if parts.username is None:
        return Proxy(parts.hostname, parts.port or 80)
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return Proxy(parts.hostname, parts.port or 80, b"Proxy-Authorization: Basic %b\r\n" % b64encode(pair))
