"""One WebSocket connection: TCP, TLS, the upgrade, messages in and out. Knows websocket-client; knows no rows.

websocket-client asks its socket for two bytes, then for six, and for the upgrade's reply byte by byte, and it shares
cookies and proxies among all connections. So it is given a socket of ours, which reads in large pieces.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import gevent
from gevent import socket as gevent_socket
from websocket import (
    ABNF,
    WebSocket,
    WebSocketBadStatusException,
    WebSocketConnectionClosedException,
    WebSocketException,
)
from websocket._handshake import CookieJar

from perfkit.load.child.http import tls
from perfkit.load.child.http.failures import BadStatusError, ConnectTimeoutError, ReadTimeoutError

TEXT: Final = ABNF.OPCODE_TEXT
PONG: Final = ABNF.OPCODE_PONG
CLOSE: Final = ABNF.OPCODE_CLOSE
CONTROL: Final = frozenset({ABNF.OPCODE_PING, PONG, CLOSE})
NORMAL_CLOSURE: Final = 1000

_PIECE: Final = 1 << 14
_PORTS: Final = {"ws": 80, "wss": 443}


class WebSocketProtocolError(Exception):
    """What came is no WebSocket: no upgrade, or frames against RFC 6455."""


FAILURES: Final = (OSError, WebSocketProtocolError, BadStatusError)
"""What a connection may end in. OSError holds TimeoutError and ssl.SSLError."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to connect. Times in seconds; `context` None: the usual TLS settings, with verification unless told."""

    connect_s: float
    send_s: float
    frame_bytes: int
    headers: Mapping[str, str]
    subprotocols: Sequence[str]
    is_verifying: bool = True
    context: ssl.SSLContext | None = None


class Link:
    """An upgraded connection. Any greenlet may send; one receives."""

    __slots__ = ("_engine", "_pieces")

    def __init__(self, engine: WebSocket, pieces: Pieces) -> None:
        self._engine = engine
        self._pieces = pieces

    def send(self, payload: str | bytes) -> None:
        """Send one message: text as text, bytes as binary.

        Raises:
            OSError: the connection is gone, or the server does not take the message in time.
        """
        self._send(payload, TEXT if isinstance(payload, str) else ABNF.OPCODE_BINARY)

    def ping(self, payload: bytes) -> None:
        """As send; the pong comes back through `receive`."""
        self._send(payload, ABNF.OPCODE_PING)

    def receive(self) -> tuple[int, bytes]:
        """Opcode (TEXT, binary, ping, PONG or CLOSE) and payload of what came next, without a time limit.

        Raises:
            OSError: the connection is gone.
            WebSocketProtocolError: what came is no frame, or too large a one.
        """
        self._pieces.begin_frame()
        try:
            opcode, frame = self._engine.recv_data_frame(control_frame=True)
        except WebSocketConnectionClosedException:
            raise ConnectionResetError("the server closed the connection") from None
        except WebSocketException as error:
            raise WebSocketProtocolError(str(error)) from error
        return opcode, frame.data

    def say_goodbye(self) -> None:
        """Send the close frame, if the server still takes it."""
        with contextlib.suppress(OSError, WebSocketException):
            self._engine.send_close()

    def close(self) -> None:
        """Let go of the socket, now."""
        self._pieces.close()

    def _send(self, payload: str | bytes, opcode: int) -> None:
        try:
            self._engine.send(payload, opcode)
        except WebSocketConnectionClosedException:
            raise ConnectionResetError("the server closed the connection") from None
        except WebSocketException as error:  # of sending, only its time limit is left
            raise ReadTimeoutError("the server does not take the message") from error


class Pieces:
    """A socket that is read in large pieces and handed out in small ones; what websocket-client asks of a socket."""

    __slots__ = ("_at", "_closed", "_frame_bytes", "_left", "_piece", "_send_s", "_socket")

    def __init__(self, connected: Any, send_s: float, frame_bytes: int) -> None:
        connected.settimeout(None)
        self._socket = connected
        self._send_s = send_s
        self._frame_bytes = self._left = frame_bytes
        self._piece = b""
        self._at = 0
        self._closed = False

    def begin_frame(self) -> None:
        """What is read from now on belongs to one frame, whose size is bounded."""
        self._left = self._frame_bytes

    def recv(self, size: int) -> bytes:
        if self._left < 0:
            raise WebSocketProtocolError(f"a message is larger than max_message_bytes ({self._frame_bytes})")
        if self._at == len(self._piece):
            self._piece = self._socket.recv(_PIECE)
            self._at = 0
        taken = self._piece[self._at : self._at + size]
        self._at += len(taken)
        self._left -= len(taken)
        if self._at == len(self._piece):
            self._piece = b""  # an idle connection holds no piece
            self._at = 0
        return taken

    def send(self, data: bytes) -> int:
        return int(self._socket.send(data, timeout=self._send_s))

    def gettimeout(self) -> float | None:
        return None

    def settimeout(self, _: float | None) -> None:
        return

    def close(self) -> None:
        self._closed = True
        self._socket.close()


def connect(url: str, manner: Manner) -> Link:
    """Open a `ws://` or `wss://` address and upgrade. Redirects are not followed and proxies not used.

    Raises:
        OSError: no connection, no agreement on TLS, or not within `connect_s`.
        BadStatusError: the server refused with a status of 400 or more.
        WebSocketProtocolError: any other reply than the upgrade.
    """
    late = ConnectTimeoutError(f"no WebSocket within {manner.connect_s:g} s")
    with gevent.Timeout(manner.connect_s, late):
        pieces = Pieces(_socket_to(url, manner), manner.send_s, manner.frame_bytes)
        try:
            return Link(_upgraded(url, pieces, manner), pieces)
        except BaseException:
            pieces.close()
            raise


def close_code(payload: bytes) -> int | None:
    """The status in a close frame's payload; None: it says none."""
    return int(struct.unpack("!H", payload[:2])[0]) if len(payload) >= 2 else None


def _socket_to(url: str, manner: Manner) -> Any:
    parts = urlsplit(url)
    connected = gevent_socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "ws":
        return connected
    context = manner.context or tls.context(tls.Trust(manner.is_verifying))
    try:
        return context.wrap_socket(connected, server_hostname=parts.hostname)
    except BaseException:
        connected.close()
        raise


def _upgraded(url: str, pieces: Pieces, manner: Manner) -> WebSocket:
    # Text is checked where it is read: the library does that byte by byte, in Python.
    engine = WebSocket(skip_utf8_validation=True)
    try:
        engine.connect(
            url,
            socket=pieces,
            header=dict(manner.headers),
            subprotocols=list(manner.subprotocols),
            redirect_limit=0,
        )
    except WebSocketBadStatusException as error:
        if error.status_code >= 400:
            raise BadStatusError(error.status_code) from None
        raise WebSocketProtocolError(f"HTTP {error.status_code} instead of an upgrade") from None
    except WebSocketConnectionClosedException:
        raise ConnectionResetError("the server closed the connection before the upgrade") from None
    except WebSocketException as error:
        status = engine.getstatus()
        said = f"HTTP {status}: redirects are not followed" if status and status != 101 else str(error)
        raise WebSocketProtocolError(said) from None
    finally:
        CookieJar.jar.clear()  # one jar for the whole process: users would share their sessions
    return engine
