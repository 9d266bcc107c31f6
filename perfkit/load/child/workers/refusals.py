"""Who is not let in: connections without the token, which are counted, and workers that do not fit the run.

Knows a socket's own monitor and what a worker says of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gevent
import zmq
from zmq.utils.monitor import parse_monitor_message

from perfkit import __version__
from perfkit.load.orders import Orders

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


def reason_against(worker: Mapping[str, Any], orders: Orders, joined: int) -> str | None:
    """What keeps this worker from the run, by its HELLO; `joined` are there already. None: nothing."""
    if worker.get("version") != __version__:
        return f"it has perfkit {worker.get('version')}, and this run is made with perfkit {__version__}"
    if worker["scenario_hash"] != orders.scenario_hash:
        return "its scenario is not the one of this run: bring both to the same state"
    if worker["is_lean"] != orders.is_lean:
        return f"this run is made {'with' if orders.is_lean else 'without'} --lean, and the worker is not"
    if joined >= orders.workers:
        return f"the run has its {orders.workers} workers already"
    return None
