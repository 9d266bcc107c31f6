"""Lines of a server log as PostgreSQL writes them, in each of its forms, from the same fields."""

from __future__ import annotations

import json
from typing import Any

AT = "2026-11-22 05:45:48.163 UTC"
PREFIX = "%m [%p] %q%u@%d "


def jsonlog(message: str, detail: str | None = None, **fields: Any) -> bytes:
    told = {"timestamp": AT, "user": "bob", "dbname": "erp", "message": message, "detail": detail, **fields}
    kept = {key: value for key, value in told.items() if value is not None}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def csvlog(message: str, detail: str | None = None, *, columns: int = 26, query_id: int | None = None) -> bytes:
    def field(text: str | None) -> str:
        return "" if text is None else '"' + text.replace('"', '""') + '"'

    cells = [AT, '"bob"', '"erp"', "77", '"[local]"', "6921.4d", "1", '"SELECT"', "2026-11-22 05:45:00 UTC", "5/1", "0"]
    cells += ["LOG", "00000", field(message), field(detail), "", "", "", "", "", "", "", '"psql"']
    cells += ['"client backend"'] if columns >= 24 else []
    cells += ["", str(query_id or 0)] if columns >= 26 else []
    return ",".join(cells).encode() + b"\n"


def stderr(message: str, detail: str | None = None, *, severity: str = "LOG", prefix: str | None = None) -> bytes:
    start = f"{AT} [77] bob@erp " if prefix is None else prefix
    text = f"{start}{severity}:  " + message.replace("\n", "\n\t") + "\n"
    if detail is not None:
        text += f"{start}DETAIL:  " + detail.replace("\n", "\n\t") + "\n"
    return text.encode()
