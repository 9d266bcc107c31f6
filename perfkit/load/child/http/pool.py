"""The connections of one user: kept alive, each used by one greenlet at a time, made when none is free."""

from __future__ import annotations

import ssl
from collections.abc import Hashable
from time import perf_counter

from perfkit.load.child.http import tls
from perfkit.load.child.http.connection import Connection
from perfkit.load.child.http.failures import ConnectionClosedError
from perfkit.load.child.http.heads import Address
from perfkit.load.child.http.limits import Limits
from perfkit.load.child.http.tunnel import tunnel
from perfkit.load.child.http.wire import connect


class Pool:
    """Idle connections by where they lead and how they were secured."""

    __slots__ = ("_context", "_idle")

    def __init__(self) -> None:
        self._idle: dict[Hashable, list[Connection]] = {}
        self._context: ssl.SSLContext | None = None

    def exchange(self, address: Address, request: bytes, limits: Limits, *, is_head: bool) -> Connection:
        """Send the request and read its reply; the connection that holds it, until its next exchange.

        A kept connection that the server has left without a byte of a reply is replaced once, whatever the method: it
        was closed for idleness. A fresh one is not: that is the target's failure, and hiding it would be a lie.

        Raises:
            OSError: no connection, or it broke, or a time limit passed.
            ReplyError: what came is no reply.
        """
        key = address if limits.trust is None else (address, limits.trust)
        idle = self._idle.get(key)
        while idle:
            connection = idle.pop()
            if not connection.is_quiet():
                connection.close()
                continue
            try:
                return self._use(connection, key, request, limits, is_head)
            except ConnectionClosedError as error:
                if not error.is_silent:
                    raise
                break
        return self._use(self._connect(address, limits), key, request, limits, is_head)

    def close(self) -> None:
        """Close what is idle."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _use(self, connection: Connection, key: Hashable, request: bytes, limits: Limits, is_head: bool) -> Connection:
        try:
            connection.exchange(request, limits.silence_s, limits.reply_bytes, is_head=is_head)
        except BaseException:
            connection.close()
            raise
        if connection.keeps_alive:
            try:
                self._idle[key].append(connection)
            except KeyError:
                self._idle[key] = [connection]
        else:
            connection.close()
        return connection

    def _connect(self, address: Address, limits: Limits) -> Connection:
        deadline = perf_counter() + limits.connect_s
        wire = connect(*(address.proxy or address).end, limits.connect_s)
        if address.scheme == "http":
            return Connection(wire)
        try:
            if address.proxy is not None:
                tunnel(wire, address.proxy, address.end, deadline)
            secured = tls.TlsWire(wire, self._context_for(limits), address.host)
            secured.handshake(deadline)
        except BaseException:
            wire.close()
            raise
        return Connection(secured)

    def _context_for(self, limits: Limits) -> ssl.SSLContext:
        if limits.context is None:
            return tls.context(limits.trust or tls.USUAL)
        if self._context is None:
            self._context = limits.context()
        return self._context
