"""Who wants to hear of changes. Every request listens while it runs, so that its answer can be marked as outdated.

The fix `leak` is decided here: before, nobody takes a listener out of the list when its request has ended, and with it
stays what it holds: the request's context with the beginning of the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REMEMBERED_BYTES: Final = 128 * 1024

Listener = Callable[[str], None]
LISTENERS: Final[list[Listener]] = []


@dataclass(slots=True)
class Context:
    """What a listener holds of its request. `shown` is the beginning of the answer."""

    path: str
    headers: dict[str, str]
    shown: bytearray = field(default_factory=bytearray)
    is_outdated: bool = False


class Listening:
    """The layer around the routes that lets every request listen."""

    def __init__(self, app: ASGIApp, is_fixed: bool) -> None:
        self.app = app
        self.is_fixed = is_fixed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        context = Context(scope["path"], {key.decode(): value.decode("latin-1") for key, value in scope["headers"]})
        listener = _listener(context)
        LISTENERS.append(listener)
        try:
            await self.app(scope, receive, _remembering(context, send))
        finally:
            if self.is_fixed:
                LISTENERS.remove(listener)


def announce(path: str) -> None:
    """Tell everybody who listens that what is shown at `path` has changed."""
    for listener in LISTENERS:
        listener(path)


def _listener(context: Context) -> Listener:
    def hear(path: str) -> None:
        if context.path.startswith(path):
            context.is_outdated = True

    return hear


def _remembering(context: Context, send: Send) -> Send:
    async def remember(message: Message) -> None:
        if message["type"] == "http.response.body":
            room = REMEMBERED_BYTES - len(context.shown)
            context.shown += message.get("body", b"")[:room]
        await send(message)

    return remember
