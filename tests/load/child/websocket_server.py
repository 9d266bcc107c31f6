"""A real WebSocket server (RFC 6455) on asyncio, in a process of its own, started as a module.

The path says how it behaves: /echo, /reverse (answers two at a time, the second first), /silent, /late (after 0.3 s),
/drop (leaves at the first message), /goodbye (closes with 1001), /push (every 20 ms), /refuse (403), /garbage,
/endless (a message of 1 TiB), /cookie (tells the cookie that came). Prints its port.
With a certificate as argument it speaks TLS.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import ssl
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[3]
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class Peer(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.came = b""
        self.path = ""
        self.held: bytes | None = None
        self.pushed = 0

    def data_received(self, data: bytes) -> None:
        self.came += data
        if not self.path:
            head, end, rest = self.came.partition(b"\r\n\r\n")
            if not end:
                return
            self.came = rest
            self.upgrade(head)
        while self.path and (frame := self.next_frame()) is not None:
            self.take(*frame)

    def upgrade(self, head: bytes) -> None:
        lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
        self.path = lines[0].split()[1].decode()
        if self.path == "/refuse":
            self.transport.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        key = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + _GUID).digest())  # noqa: S324 (RFC 6455)
        more = b"Set-Cookie: session=1; Domain=127.0.0.1\r\n" if self.path == "/cookie" else b""
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + more
            + b"Sec-WebSocket-Accept: %s\r\n\r\n" % key
        )
        if self.path == "/cookie":
            self.send(_TEXT, b'{"cookie": "%s"}' % headers.get(b"cookie", b""))
        if self.path == "/push":
            self.push()

    def next_frame(self) -> tuple[int, bytes] | None:
        came = self.came
        if len(came) < 6:
            return None
        length, at = came[1] & 127, 2
        if length == 126:
            length, at = struct.unpack("!H", came[2:4])[0], 4
        end = at + 4 + length
        if len(came) < end:
            return None
        mask, payload = came[at : at + 4], came[at + 4 : end]
        self.came = came[end:]
        repeated = (mask * (length // 4 + 1))[:length]
        plain = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")
        return came[0] & 15, plain

    def send(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        size = struct.pack("!B", length) if length < 126 else struct.pack("!BH", 126, length)
        if not self.transport.is_closing():
            self.transport.write(bytes([128 | opcode]) + size + payload)

    def take(self, opcode: int, payload: bytes) -> None:
        if opcode == _CLOSE:
            self.send(_CLOSE, payload)
            self.transport.close()
        elif opcode == _PING:
            self.send(_PONG, payload)
        elif opcode == _TEXT:
            self.answer(payload)

    def answer(self, payload: bytes) -> None:
        match self.path:
            case "/echo":
                self.send(_TEXT, payload)
            case "/reverse" if self.held is None:
                self.held = payload
            case "/reverse":
                self.send(_TEXT, payload)
                self.send(_TEXT, self.held or b"")
                self.held = None
            case "/late":
                self.loop.call_later(0.3, self.send, _TEXT, payload)
            case "/drop":
                self.transport.abort()
            case "/goodbye":
                self.send(_CLOSE, struct.pack("!H", 1001))
                self.transport.close()
            case "/endless":
                self.transport.write(b"\x82\x7f" + struct.pack("!Q", 1 << 40) + b"x" * 3_000_000)
            case "/garbage":
                self.transport.write(b"\xf1\x05no frame")  # reserved bits

    def push(self) -> None:
        self.pushed += 1
        self.send(_TEXT, b'{"stream": "prices", "number": %d}' % self.pushed)
        if not self.transport.is_closing():
            self.loop.call_later(0.02, self.push)


async def serve(certificate: str | None) -> None:
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(Peer, "127.0.0.1", 0, ssl=context, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (what the parent waits for)
    await server.serve_forever()


@contextlib.contextmanager
def a_websocket_server(certificate: Path | None = None, prefix: tuple[str, ...] = ()) -> Iterator[int]:
    """The server in a process of its own, behind the words of `prefix`; yields its port."""
    argv = [
        *prefix,
        sys.executable,
        "-m",
        "tests.load.child.websocket_server",
        *([str(certificate)] if certificate else []),
    ]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else None))
