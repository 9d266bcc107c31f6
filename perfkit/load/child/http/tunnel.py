"""Has a proxy lead a connection through to a server, for TLS. Knows CONNECT (RFC 9110, 9.3.6); encrypts nothing."""

from __future__ import annotations

from time import perf_counter

from perfkit.load.child.http.connection import MAX_HEAD_BYTES, Connection
from perfkit.load.child.http.failures import BadStatusError, ProxyRefusedError, ReplyError
from perfkit.load.child.http.proxies import Proxy
from perfkit.load.child.http.wire import Wire


def tunnel(wire: Wire, proxy: Proxy, end: tuple[str, int], deadline: float) -> None:
    """From now on what goes over `wire`, which is connected to the proxy, reaches the server at `end`.

    Raises:
        OSError: the proxy will not, or does not answer before `deadline` (perf_counter).
    """
    host, port = end
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    request = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n".encode("ascii") + proxy.line + b"\r\n"
    asked = Connection(wire)
    try:
        # As of HEAD the reply is over with its head; what follows is the server's.
        asked.exchange(request, deadline - perf_counter(), MAX_HEAD_BYTES, is_head=True)
    except ReplyError as error:
        raise ProxyRefusedError(f"the proxy {proxy.host}:{proxy.port} is none: {error}") from error
    if not 200 <= asked.status < 300:
        said = str(BadStatusError(asked.status))
        raise ProxyRefusedError(f"the proxy {proxy.host}:{proxy.port} does not lead to {where}: {said}")
