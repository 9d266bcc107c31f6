"""The lean HTTP user for Locust scenarios. Knows Locust's User; sends nothing itself."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any

from locust import User
from locust.exception import StopTest
from locust.user.users import RestMixin

from perfkit.load.child.http.client import Client
from perfkit.load.child.http.heads import Header
from perfkit.load.child.http.limits import Limits
from perfkit.load.child.http.proxies import Route
from perfkit.load.child.http.response import Response
from perfkit.load.child.http.tls import Trust


class HttpUser(User, RestMixin[Response]):
    """A Locust user whose `self.client` costs a fraction of what FastHttpUser's costs, with the same surface.

    It speaks HTTP/1.1 and reads every reply whole. The attributes are set in the subclass.
    """

    abstract = True
    connection_timeout: float = 60.0
    """Seconds to look the name up, to connect and to agree on TLS."""

    network_timeout: float = 60.0
    """Seconds for which the server may be silent."""

    max_redirects: int = 30
    max_reply_bytes: int = 1 << 28
    """A reply that is larger, packed or unpacked, is refused: 256 MiB."""

    insecure: bool = False
    """True: the server's certificate is not checked."""

    ssl_context_factory: Callable[[], ssl.SSLContext] | None = None
    default_headers: Mapping[str, Header] | None = None
    proxy_host: str | None = None
    proxy_port: int | None = None
    trust_env: bool = False
    """True: the proxies that the environment names count (HTTP_PROXY, HTTPS_PROXY, NO_PROXY)."""

    client_class: type[Client] = Client

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        if self.host is None:
            raise StopTest("there is no host: give --host, or set `host` in the user's class")
        factory = type(self).ssl_context_factory
        trust = Trust(verify=False) if self.insecure else None
        limits = Limits(self.connection_timeout, self.network_timeout, self.max_reply_bytes, trust, factory)
        route = Route(f"http://{self.proxy_host}:{self.proxy_port or 80}" if self.proxy_host else None, self.trust_env)
        self.client = self._own_client = self.client_class(
            self.host, environment.events.request, self, limits, self.max_redirects, self.default_headers, route
        )

    def start(self, group: Any) -> Any:
        """As User.start; when the user leaves, its connections are closed."""
        greenlet = super().start(group)
        greenlet.rawlink(lambda _: self._own_client.close())  # link would start one more greenlet for each
        return greenlet
