"""Tell a person by e-mail that somebody logged in with their name. The fix `pool` is decided here too.

Before, the transaction that reads the address stays open until the mail relay has taken the message, and with it one of
few connections. After, the connection goes back first. Nobody waits for the notice: it is sent once the login is
answered.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from perfkit.demo.erp.state import State

RELAY_S: Final = 0.08  # a mail relay in the same country: a few turns of SMTP

ADDRESS: Final = """
SELECT email, full_name FROM users WHERE id = %(id)s
"""


async def tell_of_login(state: State, user_id: int) -> None:
    """Read where to write to, and hand the notice over."""
    async with AsyncExitStack() as held:
        link = await held.enter_async_context(state.pool.connection())
        await held.enter_async_context(link.transaction())
        await (await link.execute(ADDRESS, {"id": user_id})).fetchone()
        if state.has("pool"):
            await held.aclose()
        await _hand_over()


async def _hand_over() -> None:
    """The sample has no mail relay: this is how long one takes."""
    await asyncio.sleep(RELAY_S)
