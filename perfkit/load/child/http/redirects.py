"""Where a redirect leads, and what of the request goes along (RFC 9110, 15.4). Knows URLs and statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

from perfkit.load.child.http.failures import TooManyRedirectsError
from perfkit.load.child.http.heads import Header

STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_OF_BODY: Final = {"content-type", "content-encoding", "content-language"}
_SECRETS: Final = ("Authorization", "Cookie", "Proxy-Authorization")


def next_url(url: str, location: bytes) -> str:
    """The absolute URL that a Location header means.

    Raises:
        TooManyRedirectsError: it leads out of http.
    """
    try:
        joined = urljoin(url, location.decode("utf-8"))
        if urlsplit(joined).scheme in ("http", "https") and urlsplit(joined).hostname:
            return joined
    except ValueError:  # not UTF-8 (UnicodeDecodeError is one), or a broken host
        pass
    raise TooManyRedirectsError(f"the redirect to {location[:100]!r} leads nowhere")


def next_method(method: str, status: int) -> str:
    """303 asks for a GET, as 302 does by custom, and 301 after a POST; 307 and 308 repeat the request as it was."""
    if method != "HEAD" and (status in (302, 303) or (status == 301 and method == "POST")):
        return "GET"
    return method


def next_headers(headers: Mapping[str, Header], *, has_body: bool, is_same_origin: bool) -> dict[str, Header]:
    """The headers of a body stay with it; credentials stay at home (None: not even the client's default is sent)."""
    dropped = set() if has_body else _OF_BODY
    kept = {name: value for name, value in headers.items() if name.lower() not in dropped}
    return kept if is_same_origin else kept | dict.fromkeys(_SECRETS)
