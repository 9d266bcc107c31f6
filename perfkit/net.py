"""Which hosts a load may be sent to. Knows addresses and names; sends nothing but a look-up of the name."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from perfkit.errors import TargetError, UsageError

# Listed one by one: `is_private` also holds for addresses that are neither this machine nor this network
# (documentation, benchmarking, 169.254.169.254 where clouds answer) and depends on Python's release.
_OWN: Final = tuple(
    ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "0.0.0.0/32",
        "::1/128",
        "::/128",
        "fc00::/7",
    )
)

Resolve = Callable[[str], Collection[str]]


def addresses_of(host: str) -> tuple[str, ...]:
    """The addresses that the system resolves `host` to: also short forms of IPv4 such as `127.1`.

    Raises:
        OSError: it does not resolve.
        ValueError: it cannot be a host name.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_own_address(address: str) -> bool:
    """Whether an IP address is loopback or private (RFC 1918, RFC 4193); an IPv4 one in IPv6 clothes counts as IPv4."""
    parsed: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in _OWN)


def require_allowed_host(url: str, allow_hosts: Collection[str] = (), *, resolve: Resolve = addresses_of) -> None:
    """Lets a URL pass whose host is loopback, private, or named in `allow_hosts` (`host` or `host:port`).

    A name passes by itself only when every address it resolves to is loopback or private.

    Raises:
        UsageError: no URL with a host, or a host that must be named first.
        TargetError: the host does not resolve.
    """
    host, authority = _host_of(url)
    if {host, authority} & {_plain(name) for name in allow_hosts}:
        return
    try:
        addresses = resolve(host)
    except ValueError as error:  # UnicodeError is one: a label too long or empty; a NUL is another
        raise UsageError(f"{host!r} cannot be a host name", hint="write for example http://127.0.0.1:8000") from error
    except OSError as error:
        raise TargetError(f"the host {host} does not resolve", hint="check its spelling and the network") from error
    if not addresses or not all(is_own_address(address) for address in addresses):
        raise UsageError(
            f"{host} is neither this machine nor a private address, and load may harm what is not yours",
            hint=f'when you may test it, name it in perfkit.toml: allow_hosts = ["{host}"] under [target]',
        )


def _host_of(url: str) -> tuple[str, str]:
    """Host and host:port of a URL, lower case. The port may still be the `{port}` that is replaced at the start."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:  # a bracket that is not closed
        host = None
    if not host:
        raise UsageError("the target's URL names no host", hint="write for example http://127.0.0.1:8000")
    plain = _plain(host)
    return plain, f"{plain}:{parts.netloc.rpartition(':')[2]}"


def _plain(name: str) -> str:
    return name.lower().strip("[]").rstrip(".")
