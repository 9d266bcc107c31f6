"""Log in with e-mail and password. Knows the SQL of users; how passwords are kept, passwords.py knows."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Final

from fastapi import APIRouter, BackgroundTasks, HTTPException
from pydantic import BaseModel

from perfkit.demo.erp.notices import tell_of_login
from perfkit.demo.erp.state import Shared
from perfkit.demo.passwords import is_right

USER: Final = """
SELECT {columns}, r.permissions
FROM users u LEFT JOIN roles r ON u.role = r.name
WHERE u.email = %(email)s AND u.active = true
"""
FIELDS: Final = "u.id, u.full_name, u.role, u.password_hash"
SHOWN: Final = ("id", "full_name", "role", "permissions")

router = APIRouter(prefix="/api/auth")


class Credentials(BaseModel):
    """What is sent to log in."""

    email: str
    password: str


@router.post("/login")
async def login(state: Shared, given: Credentials, afterwards: BackgroundTasks) -> dict[str, Any]:
    """A session token and who one is."""
    query = USER.format(columns=FIELDS if state.has("fields") else "u.*")
    async with state.pool.connection() as link:
        cursor = await link.execute(query, {"email": given.email.strip().lower()})
        user = await cursor.fetchone()
    if user is None or not await _has_password(state, given.password, user["password_hash"]):
        raise HTTPException(401, "unknown e-mail or wrong password")
    afterwards.add_task(tell_of_login, state, user["id"])
    profile = {key: value for key, value in user.items() if key in SHOWN or not state.has("fields")}
    profile.pop("password_hash", None)
    return {"token": secrets.token_urlsafe(24), "user": profile}


async def _has_password(state: Shared, password: str, kept: str) -> bool:
    """In a thread: the event loop serves others meanwhile."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(state.workers, is_right, password, kept)
