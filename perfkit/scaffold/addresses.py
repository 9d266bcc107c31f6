"""Addresses: the target's origin, and the path and query of a request as they go over the wire. Knows no scheme's port.

Whatever is in a source, an address begins with "/": the request goes to the target, and nowhere else.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

from perfkit.errors import UsageError

_KEPT: Final = "%/:=&?~+!$,;'@()*[]-._"
_SESSION_IN_PATH: Final = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?]*", re.IGNORECASE)
_EXAMPLE: Final = "write for example http://127.0.0.1:8000"


def target_of(url: str) -> tuple[str, str]:
    """Origin and base path ("" or "/v1") of the URL that the user gave.

    Raises:
        UsageError: it is no http(s) URL of a host.
    """
    shown = "the URL of --host" if "@" in url else repr(url)  # before an @ there may be a password
    if not url.isprintable() or re.search(r"\s", url):
        raise UsageError(f"{shown} has a space in it", hint=_EXAMPLE)
    found = _split(url)
    if found is None:
        raise UsageError(f"{shown} is no http or https URL of a host", hint=_EXAMPLE)
    if "@" in urlsplit(url).netloc:
        raise UsageError(
            "the URL of --host has a user or a password in it", hint="the scenario reads secrets from the environment"
        )
    if any(mark in url for mark in "?#"):
        raise UsageError(f"{shown} is what paths are added to: no ? and no #", hint=_EXAMPLE)
    return found


def origin_or_none(url: str) -> str | None:
    """The origin of a URL in a source, without user and password; None where it is none."""
    found = _split(url)
    return found[0] if found else None


def base_path_of(url: str) -> str:
    """The path of a server's URL, relative or not, without the last slash."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return clean(path).rstrip("/") if path.strip("/") else ""


def _split(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:  # a bracket that is not closed, a port that is no number
        return None
    if parts.scheme not in ("http", "https") or not host or port == 0 or not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        return None
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{'' if port is None else f':{port}'}", base_path_of(url)


def clean(address: str) -> str:
    """Path and query, ready to be sent: begins with one "/", blanks and letters beyond ASCII percent-encoded."""
    address = _SESSION_IN_PATH.sub("", address.partition("#")[0])
    return "/" + encoded(address).lstrip("/")


def encoded(text: str) -> str:
    """A piece of a path or a query, as `clean` has it."""
    return quote(text, safe=_KEPT, errors="replace")


def literal(value: str) -> str:
    """A value as it stands inside an address."""
    return quote(value, safe="", errors="replace")
