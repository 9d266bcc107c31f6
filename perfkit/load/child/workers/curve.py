"""Keeps strangers out of Locust's master and worker, whose protocol trusts everybody: CurveZMQ on both ends' sockets.

The server's key pair is derived from a token that both know. Who does not know it does not know the public key either,
and cannot make the handshake; what passes is encrypted. Knows sockets; no load. http://curvezmq.org
"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Final

import zmq
from locust.rpc import zmqrpc
from zmq.utils import z85

from perfkit.load.access import TOKEN

_SALT: Final = b"perfkit worker 1"
_COST: Final = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and 50 ms a guess


def protect() -> None:
    """From now on all sockets of Locust want the token of the environment, if it has one; it is taken out of there."""
    token = os.environ.pop(TOKEN, None)
    if token is None:
        return
    secret = z85.encode(hashlib.scrypt(token.encode(), salt=_SALT, dklen=32, **_COST))
    public = zmq.curve_public(secret)
    make = zmqrpc.BaseSocket.__init__

    def make_protected(self: Any, sock_type: int, ipv4_only: bool) -> None:
        make(self, sock_type, ipv4_only)
        if sock_type == zmq.ROUTER:
            self.socket.curve_server = True
            self.socket.curve_secretkey = secret
        else:
            self.socket.curve_serverkey = public
            self.socket.curve_publickey, self.socket.curve_secretkey = zmq.curve_keypair()

    zmqrpc.BaseSocket.__init__ = make_protected
