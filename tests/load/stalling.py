"""An HTTP server in a process of its own that answers at once, and can be frozen: it then accepts, and says nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.request import urlopen

REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
TIMES = "/replied-at"
BACKLOG = 4096


@dataclass(frozen=True, slots=True)
class Staller:
    """A server at `url`."""

    url: str
    process: subprocess.Popen[str]

    def freeze(self, seconds: float, waiters: int) -> float:
        """Stop the process for so long, in the midst of a load of which `waiters` will then wait.

        Returns how long it was in truth: until half of them had their reply, by the server's own clock. A busy machine
        takes its time for so many at once.
        """
        self.process.send_signal(signal.SIGSTOP)
        frozen_at = time.time()
        time.sleep(seconds)
        thawed_at = time.time()
        self.process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        return [at for at in self.replied_at() if at >= thawed_at][waiters // 2] - frozen_at

    def replied_at(self) -> list[float]:
        """When each reply was written, in unix seconds."""
        with urlopen(f"{self.url}{TIMES}", timeout=10) as reply:  # noqa: S310 (our own server)
            times: list[float] = json.load(reply)
        return times


@contextlib.contextmanager
def a_staller() -> Iterator[Staller]:
    """Serve for the time of the with statement."""
    argv = [sys.executable, "-m", __name__]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Staller(f"http://127.0.0.1:{process.stdout.readline().strip()}", process)
        finally:
            process.kill()


class _Answering(asyncio.Protocol):
    """Every end of a request's head is a request: they have no body."""

    times: list[float] = []  # noqa: RUF012 (of all connections)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET " + TIMES.encode()):
            body = json.dumps(self.times).encode()
            self.transport.write(REPLY.replace(b"Length: 2", b"Length: %d" % len(body)).removesuffix(b"{}") + body)
            self.transport.close()
            return
        self.times.append(time.time())
        self.transport.write(REPLY * data.count(b"\r\n\r\n"))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (what the parent waits for)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
