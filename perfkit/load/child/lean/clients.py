"""The lean client with the ways of those that it stands for, where they differ: names, defaults, what can be set.

What it has not is said in a sentence. Knows the surfaces of requests' Session and of FastHttpSession; sends nothing.
"""

from __future__ import annotations

import os
from typing import Any, Final, NoReturn

from requests.auth import HTTPBasicAuth

from perfkit.load.child.http.bodies import with_params
from perfkit.load.child.http.client import Client
from perfkit.load.child.http.response import Response

WITHOUT: Final = ("stream", "proxies", "hooks")
_AUTHORITIES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class LeanError(Exception):
    """A request asks for what only Locust's own client can do."""


class FastClient(Client):
    """In the place of Locust's FastHttpSession."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"the lean client has no `{name}`; run without --lean")

    def request(self, method: str, url: str, name: str | None = None, *others: Any, **options: Any) -> Response:
        for word in WITHOUT:
            if options.pop(word, None):
                raise LeanError(f"the lean client has no {word}=; run without --lean")
        if "auth" in options:
            options["auth"] = _basic(options["auth"])
        if self.auth is not None:
            self.auth = _basic(self.auth)
        return super().request(method, url, name, *others, **options)


class RequestsClient(FastClient):
    """In the place of Locust's HttpSession, which is a requests.Session. What that ignores may be set here, too."""

    timeout = None

    def __init__(self, *others: Any, **settings: Any) -> None:
        super().__init__(*others, **settings)
        found = next((file for name in _AUTHORITIES if (file := os.environ.get(name))), None)
        if found is not None and self.verify is True:
            self.verify = found

    @property
    def trust_env(self) -> bool:
        """Whether the proxies of the environment count."""
        return self._messages.heads.route.is_by_environment

    @trust_env.setter
    def trust_env(self, is_trusted: bool) -> None:
        self._remake(route=self._messages.heads.route._replace(is_by_environment=is_trusted))

    def request(self, method: str, url: str, name: str | None = None, *others: Any, **options: Any) -> Response:
        """As Client.request; without a name the row is called by path and query as sent, also those in `params`."""
        if not name and not self.request_name:
            params = options.get("params")
            name = self._messages.heads.target(with_params(url, params) if params else url).path
        return super().request(method, url, name, *others, **options)

    def head(self, url: str, **options: Any) -> Response:
        return self.request("HEAD", url, **{"allow_redirects": False, **options})


def _basic(auth: Any) -> Any:
    """The pair that the lean client wants, of requests' object for HTTP Basic."""
    if auth is None or isinstance(auth, tuple):
        return auth
    if type(auth) is HTTPBasicAuth:
        return auth.username, auth.password
    raise LeanError(f"the lean client knows HTTP Basic only, not {type(auth).__name__}; run without --lean")
