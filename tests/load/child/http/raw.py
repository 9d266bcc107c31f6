"""Servers that say exactly the bytes that a test wants: one thread a connection, each following its script."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Script = Callable[["Talk"], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Server:
    """`requests` holds what came, whole; `connections` how many were made."""

    port: int
    host: str = "127.0.0.1"
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass
class Talk:
    """One connection, as its script sees it."""

    socket: socket.socket
    server: Server

    def hear(self) -> bytes:
        """One request with its body; empty when the client left."""
        request = b""
        while b"\r\n\r\n" not in request:
            if not (came := self.socket.recv(65536)):
                return b""
            request += came
        head, _, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while length and len(body) < int(length[1]):
            body += self.socket.recv(65536)
        whole = head + b"\r\n\r\n" + body
        self.server.requests.append(whole)
        return whole

    def say(self, *replies: bytes) -> None:
        for reply in replies:
            self.socket.sendall(reply)

    def reset(self) -> None:
        """Leave with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for_leave(self) -> None:
        """Say nothing until the client is gone."""
        with contextlib.suppress(OSError):
            while self.socket.recv(65536):
                pass


def each(reply: bytes) -> Script:
    """Answer every request with these bytes, for as long as the client stays."""

    def script(talk: Talk) -> None:
        while talk.hear():
            talk.say(reply)

    return script


def once(*pieces: bytes) -> Script:
    """Answer one request, in these pieces, and close."""

    def script(talk: Talk) -> None:
        talk.hear()
        for piece in pieces:
            talk.say(piece)

    return script


@contextlib.contextmanager
def a_raw_server(*scripts: Script, host: str = "127.0.0.1") -> Iterator[Server]:
    """The first connection follows the first script, and so on; the last script serves all further ones."""
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    server = Server(listener.getsockname()[1], host)
    open_sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            open_sockets.append(connected)
            script = scripts[min(server.connections, len(scripts) - 1)]
            server.connections += 1
            thread = threading.Thread(target=_follow, args=(script, Talk(connected, server)), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for connected in open_sockets:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def _follow(script: Script, talk: Talk) -> None:
    with contextlib.suppress(OSError), talk.socket:
        script(talk)
