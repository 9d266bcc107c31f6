"""A server with a defect of memory, in CPython: `python server.py DEFECT BYTES PORT`. It prints its port."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

DEFECT = sys.argv[1] if len(sys.argv) > 1 else "none"
SIZE = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
PORT = int(sys.argv[3]) if len(sys.argv) > 3 else 0
BOUND = 1000
FLUSH = 3500
LOOKS_UP_S = 0.1  # what waits without end runs no script that is brought to it

kept: list[Any] = []
listeners: list[Callable[[], Any]] = []
requests: list[int] = [0]
cache: OrderedDict[int, Any] = OrderedDict()
one_at_a_time = threading.Lock()


class Forgotten:
    def __init__(self, size: int) -> None:
        self.text = "x" * (size - 1) + str(requests[0] % 10)


def bounded() -> None:
    cache[requests[0]] = Forgotten(SIZE)
    if len(cache) > BOUND:
        cache.popitem(last=False)


def listener() -> None:
    held = Forgotten(SIZE)
    listeners.append(lambda: held)


def warmup() -> None:
    if requests[0] < 2 * BOUND:
        kept.append(Forgotten(SIZE))


def burst() -> None:
    if requests[0] == 3 * BOUND:
        kept.extend(Forgotten(SIZE) for _ in range(3 * BOUND))


def flushed() -> None:
    kept.append(Forgotten(SIZE))
    if requests[0] % FLUSH == 0:
        kept.clear()


def timed() -> None:
    now = time.monotonic()
    cache[requests[0]] = (now, Forgotten(SIZE))
    while cache and next(iter(cache.values()))[0] < now - 0.5:
        cache.popitem(last=False)


DEFECTS: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "leak": lambda: kept.append(Forgotten(SIZE)),
    "buffer": lambda: kept.append(bytearray(SIZE)),
    "listener": listener,
    "descriptor": lambda: kept.append(os.open("/dev/null", os.O_RDONLY)),
    "bounded": bounded,
    "warmup": warmup,
    "burst": burst,
    "timed": timed,
    "flushed": flushed,
}


def serve(connection: socket.socket) -> None:
    with connection:
        rest = b""
        while piece := connection.recv(65536):
            *whole, rest = (rest + piece).split(b"\r\n\r\n")
            for request in whole:
                if b"/health" not in request:
                    with one_at_a_time:
                        requests[0] += 1
                        DEFECTS[DEFECT]()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def main() -> None:
    with socket.create_server(("127.0.0.1", PORT), backlog=128) as server:
        sys.stdout.write(f"listening {server.getsockname()[1]}\n")
        sys.stdout.flush()
        server.settimeout(LOOKS_UP_S)
        while True:
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
