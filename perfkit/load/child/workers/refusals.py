"""Counts the connections that failed for want of the token. Knows a socket's own monitor."""

from __future__ import annotations

from typing import Any

import gevent
import zmq
from zmq.utils.monitor import parse_monitor_message

_FAILED = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL


class Refusals:
    """Of the sockets that tried, how many were refused; one that tries again counts again."""

    def __init__(self, socket: Any) -> None:
        self.number = 0
        self._events: Any = socket.get_monitor_socket(_FAILED)
        gevent.spawn(self._count)

    def _count(self) -> None:
        while True:
            parse_monitor_message(self._events.recv_multipart())
            self.number += 1
