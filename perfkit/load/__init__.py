"""The load path: Locust in a child process, its requests recorded unrounded. Only the child imports Locust.

`from perfkit.load import HttpUser` works inside a scenario; until a scenario asks for it nothing is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

_IN_THE_CHILD: Final = {
    "HttpUser": "perfkit.load.child.http.user",
    "WebSocketUser": "perfkit.load.child.websocket",
    "feed": "perfkit.load.child.feeds",
    "env": "perfkit.load.child.secrets",
}


def __getattr__(name: str) -> Any:
    if name not in _IN_THE_CHILD:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_IN_THE_CHILD[name]), name)
