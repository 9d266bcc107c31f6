"""Bytes over one TCP connection, for greenlets. Knows sockets, the event loop and time limits; knows no HTTP.

gevent's own socket tries a read that must fail, makes a timer and starts a watcher for each read. Here the watcher
stays on for the connection's life, the timer looks only now and then whether it is late, and a read happens when bytes
are there. The same watcher notices what a server sends, or that it leaves, while nobody waits.
"""

from __future__ import annotations

import contextlib
import math
import socket
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

import gevent
from gevent import getcurrent
from gevent import socket as gevent_socket
from gevent.hub import get_hub
from gevent.monkey import get_original

from perfkit.load.child.http.failures import ConnectTimeoutError, ReadTimeoutError

READ: Final = 1  # libev's numbers
WRITE: Final = 2

_PlainSocket: Final = get_original("socket", "socket")
_look_up: Final = get_original("socket", "getaddrinfo")

# One for all connections: what was read is used before any other greenlet runs.
_BUFFER: Final = memoryview(bytearray(1 << 18))


class Wire:
    """A connected socket. One greenlet at a time sends and receives."""

    __slots__ = (
        "_deadline",
        "_fires_at",
        "_hub",
        "_is_readable",
        "_read_into",
        "_send_some",
        "_socket",
        "_timer",
        "_waiter",
        "_watcher",
    )

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._send_some: Callable[[bytes | memoryview], int] = connected.send
        self._read_into: Callable[[memoryview], int] = connected.recv_into
        self._hub: Any = get_hub()
        self._waiter: Any = None
        self._is_readable = False
        self._timer: Any = None
        self._fires_at = math.inf
        self._deadline = math.inf
        self._watcher: Any = self._hub.loop.io(connected.fileno(), READ)
        self._watcher.start(self._on_readable)

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of it; `deadline` (perf_counter) is that of the first byte that the socket does not take.

        Raises:
            OSError: the connection is gone.
            ReadTimeoutError: the server does not take it.
        """
        try:
            sent = self._send_some(data)
        except BlockingIOError:
            sent = 0
        if sent != len(data):
            self._send_rest(memoryview(data)[sent:], deadline)

    def receive(self, deadline: float) -> memoryview:
        """What came next, valid until another greenlet runs; empty when the server closed.

        Raises:
            OSError: the connection is gone.
            ReadTimeoutError: nothing came before `deadline` (perf_counter).
        """
        while True:
            if self._is_readable:
                self._is_readable = False
                self._watcher.start(self._on_readable)
            else:
                self._wait(deadline)
            try:
                return _BUFFER[: self._read_into(_BUFFER)]
            except BlockingIOError:
                continue

    def is_quiet(self) -> bool:
        """Whether nothing came since the last read: neither bytes that nobody asked for, nor the end."""
        return not self._is_readable

    def close(self) -> None:
        """Let go of the socket, now."""
        self._watcher.stop()
        self._watcher.close()
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None
        self._socket.close()

    def _wait(self, deadline: float) -> None:
        self._deadline = deadline
        if deadline < self._fires_at:
            self._set_timer(deadline - perf_counter())
        self._waiter = getcurrent()
        try:
            self._hub.switch()
        finally:
            self._waiter = None

    def _on_readable(self) -> None:
        if self._waiter is not None:
            self._waiter.switch()
        else:
            self._is_readable = True
            self._watcher.stop()  # level-triggered: it would spin until somebody reads

    def _on_timer(self) -> None:
        self._fires_at = math.inf
        if self._waiter is None:
            return
        left_s = self._deadline - perf_counter()
        if left_s > 0:
            self._set_timer(left_s)
        else:
            self._waiter.throw(ReadTimeoutError("no byte came within network_timeout"))

    def _set_timer(self, after_s: float) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
        self._fires_at = perf_counter() + after_s
        self._timer = self._hub.loop.timer(max(after_s, 0.0), ref=False)
        self._timer.start(self._on_timer)

    def _send_rest(self, rest: memoryview, deadline: float) -> None:
        """Wait for room. Bytes that come meanwhile are left for the next read."""
        watcher = self._hub.loop.io(self._socket.fileno(), WRITE)
        self._watcher.stop()
        try:
            silence_s = deadline - perf_counter()
            while rest:
                watcher.start(self._on_writable)
                self._wait(deadline)
                watcher.stop()
                with contextlib.suppress(BlockingIOError):
                    rest = rest[self._send_some(rest) :]
                deadline = perf_counter() + silence_s
        finally:
            watcher.stop()
            watcher.close()
            self._watcher.start(self._on_readable)

    def _on_writable(self) -> None:
        if self._waiter is not None:
            self._waiter.switch()


def connect(host: str, port: int, timeout_s: float) -> Wire:
    """Connect to the first address of `host` that answers, IPv6 or IPv4.

    Raises:
        OSError: the name is unknown, or nobody listens.
        ConnectTimeoutError: it took longer than `timeout_s`, the name's look-up included.
    """
    late = ConnectTimeoutError(f"no connection within {timeout_s:g} s")
    refused: OSError = ConnectionRefusedError(f"{host} has no address")
    with gevent.Timeout(timeout_s, late):
        for family, kind, protocol, _, address in _addresses(host, port):
            connecting = gevent_socket.socket(family, kind, protocol)
            try:
                connecting.connect(address)
            except BaseException as error:
                connecting.close()
                if not isinstance(error, OSError) or error is late:
                    raise
                refused = error
            else:
                connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return Wire(_PlainSocket(fileno=connecting.detach()))
    raise refused


def _addresses(host: str, port: int) -> list[Any]:
    """What getaddrinfo knows. A name is looked up each time, and in a thread, as that may block; an address is not."""
    try:
        found: list[Any] = _look_up(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = gevent_socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    return found
