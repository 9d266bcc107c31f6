"""TLS over a wire, in memory: the TLS engine is handed what came and hands out what to send. Knows ssl, no sockets."""

from __future__ import annotations

import contextlib
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from perfkit.load.child.http.wire import Wire

_PIECE: Final = 1 << 18


class Channel(Protocol):
    """What a connection needs of whatever carries its bytes."""

    def send(self, data: bytes, deadline: float) -> None: ...
    def receive(self, deadline: float) -> memoryview: ...
    def is_quiet(self) -> bool: ...
    def close(self) -> None: ...


class TlsWire:
    """A wire whose bytes are encrypted. The same four verbs."""

    __slots__ = ("_engine", "_incoming", "_outgoing", "_wire")

    def __init__(self, wire: Wire, context: ssl.SSLContext, host: str) -> None:
        self._wire = wire
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._engine = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def handshake(self, deadline: float) -> None:
        """Agree on keys and check who the server is.

        Raises:
            ssl.SSLError: they do not agree, or the certificate is not the host's.
            OSError: the connection is gone.
        """
        while True:
            try:
                self._engine.do_handshake()
            except ssl.SSLWantReadError:
                self._flush(deadline)
                self._take(self._wire.receive(deadline))
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush(deadline)  # tell the server why
                raise
            else:
                return self._flush(deadline)

    def send(self, data: bytes, deadline: float) -> None:
        """As Wire.send."""
        self._engine.write(data)
        self._flush(deadline)

    def receive(self, deadline: float) -> memoryview:
        """As Wire.receive."""
        while True:
            try:
                return memoryview(self._engine.read(_PIECE))
            except ssl.SSLWantReadError:
                self._flush(deadline)  # a new key may have been asked for
                self._take(self._wire.receive(deadline))
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                # Many servers leave without saying so; whether the reply is whole is for its framing to say.
                return memoryview(b"")

    def is_quiet(self) -> bool:
        """As Wire.is_quiet. A session ticket that comes late counts as noise: the connection is made anew."""
        return self._wire.is_quiet()

    def close(self) -> None:
        """As Wire.close; the server is not told, as nobody waits for its answer."""
        self._wire.close()

    def _take(self, came: memoryview) -> None:
        if came:
            self._incoming.write(came)
        else:
            self._incoming.write_eof()

    def _flush(self, deadline: float) -> None:
        if data := self._outgoing.read():
            self._wire.send(data, deadline)


Verify = bool | str
Certificate = str | tuple[str, str] | None


class Trust(NamedTuple):
    """Whom to trust, and who to be. A tuple, as it is hashed for each request that has one.

    `verify`: True is who the system trusts, False everybody, a text the authorities in this file or folder (of hashed
    names). `cert`: a file with certificate and key, or one with each; None: servers are shown none.
    """

    verify: Verify = True
    cert: Certificate = None


USUAL: Final = Trust()


def trusting(verify: Verify, cert: Certificate) -> Trust | None:
    """None where it is the usual one.

    Raises:
        ValueError: a file is not there. Python's ssl would not say which one.
    """
    files = [verify] if isinstance(verify, str) else []
    files += [] if cert is None else [cert] if isinstance(cert, str) else [*cert]
    if missing := [file for file in files if not Path(file).exists()]:
        raise ValueError(f"there is no {missing[0]} to verify a certificate with, or to show one")
    made = Trust(verify, cert)
    return None if made == USUAL else made


@lru_cache(maxsize=16)
def context(trust: Trust) -> ssl.SSLContext:
    """The settings that all users share: a context costs milliseconds and half a megabyte.

    Raises:
        ssl.SSLError: a file holds no certificate, or not the key to it.
    """
    authorities = trust.verify if isinstance(trust.verify, str) else None
    is_folder = authorities is not None and Path(authorities).is_dir()
    made = ssl.create_default_context(
        cafile=None if is_folder else authorities, capath=authorities if is_folder else None
    )
    if trust.verify is False:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if trust.cert is not None:
        made.load_cert_chain(*([trust.cert] if isinstance(trust.cert, str) else trust.cert))
    made.set_alpn_protocols(["http/1.1"])
    return made
