"""The server's `duration:` messages and their `Parameters:` details. Knows PostgreSQL's wording, no form of log.

duration: 12.345 ms  statement: SELECT …              simple protocol: the values stand in the text
duration: 12.345 ms  execute <unnamed>: SELECT … $1   extended protocol: the values stand in the detail
duration: 12.345 ms  parse|bind <unnamed>: …          preparing, of which nothing is counted
duration: 12.345 ms                                   the text stands in an earlier line (`log_statement`)
Parameters: $1 = 'it''s', $2 = NULL                   before 16 with a small p
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

Values = tuple[str | None, ...]

_MESSAGE: Final = re.compile(
    r"duration: (?P<ms>\d+(?:\.\d+)?) ms(?:  (?:statement|execute [^:]*): (?P<sql>.*))?", re.DOTALL
)
_PREPARING: Final = re.compile(r"duration: \d+(?:\.\d+)? ms  (?:parse|bind|plan|fastpath function call)\b")
_PARAMETER: Final = re.compile(r"\$(?P<n>\d+) = (?:NULL|'(?P<text>(?:[^']++|'')*+)')(?:, |\Z)")
_DETAIL: Final = re.compile(r"parameters: ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution that the log tells. `sql` is None where the line has only the time."""

    duration_ms: float
    sql: str | None


def is_duration(message: str) -> bool:
    return message.startswith("duration: ")


def parse_message(message: str) -> Execution | None:
    """The execution that a `duration:` message tells, None when it tells of preparing one.

    Raises:
        ValueError: a `duration:` message in words that are not known here.
    """
    found = _MESSAGE.fullmatch(message)
    if found:
        return Execution(float(found["ms"]), found["sql"])
    if _PREPARING.match(message):
        return None
    raise ValueError("an unknown kind of duration message")


def parse_parameters(detail: str | None) -> Values:
    """The bind parameters, $1 first, as text; None is NULL. No detail, or one about something else: no parameters.

    Raises:
        ValueError: a `Parameters:` detail that does not read as such to its end.
    """
    start = _DETAIL.match(detail) if detail else None
    if detail is None or start is None:
        return ()
    values: list[str | None] = []
    position = start.end()
    while position < len(detail):
        found = _PARAMETER.match(detail, position)
        if found is None or int(found["n"]) != len(values) + 1:
            raise ValueError(f"no parameter ${len(values) + 1} at character {position}")
        values.append(None if found["text"] is None else found["text"].replace("''", "'"))
        position = found.end()
    return tuple(values)
