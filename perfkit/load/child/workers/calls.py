"""The messages between a master and its workers, beside Locust's own. Knows their names, and what a handler needs.

worker → master: HELLO (who I am; again and again until there are orders), READY, USERS_READY, TELL (how it goes, once a
second), CHUNK (a part of my rows). master → worker: ORDERS, REFUSED, BEGIN (at this time of mine), END, STOP, CLOCK
(what time it is; answers HELLO and TELL), FETCH (give me rows from there on), FETCHED. The end is Locust's "quit".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

HELLO: Final = "perfkit_hello"
READY: Final = "perfkit_ready"
USERS_READY: Final = "perfkit_users_ready"
TELL: Final = "perfkit_tell"
CHUNK: Final = "perfkit_chunk"
ORDERS: Final = "perfkit_orders"
REFUSED: Final = "perfkit_refused"
BEGIN: Final = "perfkit_begin"
END: Final = "perfkit_end"
STOP: Final = "perfkit_stop"
CLOCK: Final = "perfkit_clock"
FETCH: Final = "perfkit_fetch"
FETCHED: Final = "perfkit_fetched"

Handler = Callable[[str, Any], None]


def register(runner: Any, handlers: dict[str, Handler]) -> None:
    """Call a handler with the sender's id and the data for each message of its kind."""
    for kind, handler in handlers.items():
        runner.register_message(kind, _listener(handler))


def _listener(handler: Handler) -> Callable[..., None]:
    def listen(environment: Any, msg: Any) -> None:
        handler(msg.node_id, msg.data)

    return listen
