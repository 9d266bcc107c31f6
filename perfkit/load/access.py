"""Who may join a run: addresses, and the token without which nobody from another machine does. Opens no connection."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import socket
from typing import Final, NamedTuple

from perfkit.errors import UsageError
from perfkit.model import Workers

TOKEN: Final = "PERFKIT_WORKER_TOKEN"  # noqa: S105 (a name, no secret)
SHORTEST_TOKEN: Final = 16
PORT: Final = Workers().port
_NAME: Final = re.compile(r"[\w.-]+")
_IPV6: Final = re.compile(r"[0-9a-fA-F:.]+(%\w+)?")
_HINT: Final = f'export {TOKEN}="$(openssl rand -hex 32)", the same here and for every worker'


class Address(NamedTuple):
    """Where a master listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine gets there."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def address(text: str, option: str) -> Address:
    """HOST or HOST:PORT, an IPv6 host in brackets where a port follows.

    Raises:
        UsageError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.endswith("]")):
        host, port = text, str(PORT)
    plain = host.removeprefix("[").removesuffix("]")
    is_port = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not is_port or not (_IPV6 if ":" in plain else _NAME).fullmatch(plain):
        raise UsageError(f"{option} {text}: this is no HOST or HOST:PORT", hint=f"write for example 10.0.0.5:{PORT}")
    return Address(plain, int(port))


def bound(text: str) -> Address:
    """Where to listen, as an address of this machine; `*` is all of them.

    Raises:
        UsageError: it is none.
    """
    wanted = address("0.0.0.0" + text[1:] if text.startswith("*") else text, "--bind")  # noqa: S104 (asked for)
    try:
        found = socket.getaddrinfo(wanted.host, wanted.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(
            f"cannot listen at {wanted}: {why}", hint="name an address of this machine, or a free port"
        ) from error
    return Address(str(found[4][0]), wanted.port)


def token_to_bind(workers: Workers) -> str | None:
    """The token of this run: what the environment says, else one that only the run's own processes know. None: there
    is none, and any process of this machine may join.

    Raises:
        UsageError: other machines are let in, and there is no token, or too short a one.
    """
    token = _token()
    if not workers.remote:
        return token or secrets.token_hex(32)
    where = Address(workers.host, workers.port)
    if token is None and not where.is_loopback:
        raise UsageError(f"--bind {where} lets other machines in, and {TOKEN} is not set", hint=_HINT)
    return token


def token_to_join(where: Address) -> str | None:
    """The token of the run that listens there; None for one of this machine that has none.

    Raises:
        UsageError: it is another machine, and there is no token, or too short a one.
    """
    token = _token()
    if token is None and not where.is_loopback:
        raise UsageError(f"{where} is another machine, and {TOKEN} is not set", hint=_HINT)
    return token


def _token() -> str | None:
    token = os.environ.get(TOKEN) or None
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise UsageError(f"{TOKEN} is shorter than {SHORTEST_TOKEN} characters", hint=_HINT)
    return token
