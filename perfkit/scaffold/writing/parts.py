"""Pieces of a written scenario that hold nothing of the source: functions that requests use, each only where needed."""

from __future__ import annotations

from typing import Final

QUOTED: Final = '''
def quoted(value: Any) -> str:
    """A value as it stands in an address."""
    return quote(str(value), safe="")
'''

PAUSE: Final = '''
def pause(seconds: float) -> None:
    """The time that the visitor took before the next request."""
    time.sleep(seconds * PACE)
'''

POINTED: Final = '''
def pointed(reply: Any, pointer: str) -> Any:
    """The value at a JSON pointer in a reply, or None."""
    try:
        value = reply.json()
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    return value
'''

MATCHED: Final = '''
def matched(text: str | None, pattern: str) -> str | None:
    """What a pattern finds in the text of a reply, or None."""
    found = re.search(pattern, text or "")
    return html.unescape(found[1]) if found else None
'''

HEADER: Final = '''
def header(reply: Any, name: str) -> str | None:
    """A header of a reply, or None."""
    return (reply.headers or {}).get(name)
'''

COOKIE: Final = '''
def cookie(client: Any, name: str) -> str | None:
    """A cookie that the server has set, or None."""
    return next((unquote(one.value or "") for one in client.cookiejar if one.name == name), None)
'''

IDS_IN: Final = '''
def ids_in(reply: Any, keys: tuple[str, ...]) -> list[Any]:
    """The ids of the rows in a reply: a list, or the first list in an object; of each row the first key that it has."""
    try:
        body = reply.json()
    except (ValueError, TypeError):
        return []
    lists = [value for value in (body.values() if isinstance(body, dict) else [body]) if isinstance(value, list)]
    rows = next((rows for rows in lists if rows), [])
    return [row[key] for row in rows if isinstance(row, dict) for key in [next(filter(row.get, keys), None)] if key]
'''

ASKING: Final = '''
def asking(method: str, name: str, addresses: list[str]) -> Callable[[Any], None]:
    """A task that asks for one of the addresses."""

    def ask(user: Any) -> None:
        user.client.request(method, random.choice(addresses), name=name)

    return ask
'''

KEEPING: Final = '''
    def keep(self, reply: Any, **told: Any) -> None:
        """Remember what a reply told; a good reply that does not tell it is a failure."""
        self.found.update(told)
        missing = [name for name, value in told.items() if value is None]
        if missing and 0 < reply.status_code < 400:
            reply.failure(f"the reply does not tell {', '.join(missing)}")

    def require(self, *names: str) -> None:
        """Without these the rest of the visit makes no sense: begin the next one."""
        if any(self.found[name] is None for name in names):
            self.interrupt(reschedule=False)
'''

AN_ID: Final = '''
    def an_id(self, address: str, name: str, keys: tuple[str, ...], otherwise: Any, **options: Any) -> Any:
        """An id that the list at `address` holds; each user asks for a list once. An empty list: `otherwise`."""
        if address not in self.known:
            self.known[address] = ids_in(self.client.get(address, name=name, **options), keys)
        return random.choice(self.known[address] or [otherwise])
'''

FIRST_COOKIES: Final = """
        host = urlsplit(self.host).hostname or ""
        domain = host if "." in host else f"{host}.local"  # as http.cookiejar wants it
        for pair in filter(None, %s.split("; ")):
            name, _, value = pair.partition("=")
            self.client.cookiejar.set_cookie(create_cookie(name, value, domain=domain))
"""

# A function of a scenario → what it has to import, and its text. In the order in which they are written.
FUNCTIONS: Final = {
    "quoted(": (("from urllib.parse import quote",), QUOTED),
    "pause(": (("import time",), PAUSE),
    "pointed(": ((), POINTED),
    "matched(": (("import html", "import re"), MATCHED),
    "header(": ((), HEADER),
    "cookie(": (("from urllib.parse import unquote",), COOKIE),
    "ids_in(": ((), IDS_IN),
    "asking(": (("from collections.abc import Callable",), ASKING),
}
