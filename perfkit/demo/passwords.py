"""Passwords of the sample ERP: how they are kept and checked. Knows hashing, no users.

The cost is far below what a real system should use (OWASP asks for 600,000 rounds), so that what a login's time shows
is its query; it is the same before and after.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

ROUNDS: Final = 5_000


def hashed(password: str, salt: str) -> str:
    """PBKDF2-SHA-256 in one text: `rounds$salt$digest`."""
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS)
    return f"{ROUNDS}${salt}${digest.hex()}"


def is_right(password: str, kept: str) -> bool:
    """Whether `password` made the text `kept`. Takes milliseconds of one core, without the interpreter's lock."""
    rounds, salt, digest = kept.split("$")
    found = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), int(rounds))
    return hmac.compare_digest(found.hex(), digest)
