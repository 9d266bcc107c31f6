"""The server's `duration:` messages and their `Parameters:` details. Knows PostgreSQL's wording, no form of log.

duration: 12.345 ms  statement: SELECT …              simple protocol: the values stand in the text
duration: 12.345 ms  execute <unnamed>: SELECT … $1   extended protocol: the values stand in the detail
duration: 12.345 ms  plan:\\nQuery Text: SELECT …      auto_explain; from 16 on with `Query Parameters: $1 = …`
duration: 12.345 ms  parse|bind <unnamed>: …          preparing, of which nothing is counted
duration: 12.345 ms                                   the text stands in an earlier line (`log_statement`)
Parameters: $1 = 'it''s', $2 = NULL                   before 16 with a small p
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

Values = tuple[str | None, ...]

START: Final = "duration: "
_MS: Final = r"duration: (?P<ms>\d{1,12}(?:\.\d+)?) ms"  # 30 years; more is no duration
_MESSAGE: Final = re.compile(_MS + r"(?:  (?:statement|execute [^:]*): (?P<sql>.*))?", re.DOTALL)
_PLAN: Final = re.compile(_MS + r"  plan:\s*(?P<plan>.*)", re.DOTALL)
_PREPARING: Final = re.compile(_MS + r"  (?:parse|bind|fastpath function call)\b")
_PARAMETER: Final = re.compile(r"(\$(\d+) = (NULL|'(?:[^']++|'')*+')(?:, |\Z))")
_DETAIL: Final = re.compile(r"parameters: ", re.IGNORECASE)
_TOLD_PARAMETERS: Final = re.compile(r"\nQuery Parameters: (?=\$1 = )")
# What a plan's text begins with, whatever its first node is.
_TOLD_PLAN: Final = re.compile(r"\n(?=[^\n]*?  \(cost=\d+\.\d\d\.\.\d)")


class Execution(NamedTuple):
    """One execution that the log tells. `sql` is None where the line has only the time.

    `plan` is what auto_explain logged, as text or as JSON, "" if cut off; None in any other message. `parameters` is
    then how it tells them ("$1 = '7'").
    """

    duration_ms: float
    sql: str | None
    plan: str | None = None
    parameters: str | None = None


def is_duration(message: str) -> bool:
    return message.startswith(START)


def parse_message(message: str) -> Execution | None:
    """The execution that a `duration:` message tells, None when it tells of preparing one.

    Raises:
        ValueError: a `duration:` message in words that are not known here.
    """
    found = _MESSAGE.fullmatch(message)
    if found:
        return Execution(float(found[1]), found[2])
    found = _PLAN.fullmatch(message)
    if found:
        return _explained(float(found["ms"]), found["plan"])
    if _PREPARING.match(message):
        return None
    raise ValueError("an unknown kind of duration message")


def _explained(duration_ms: float, plan: str) -> Execution:
    """auto_explain's own words.

    Raises:
        ValueError: a plan in XML or YAML, or one without its statement.
    """
    if plan.startswith("{"):
        return _explained_in_json(duration_ms, plan)
    if not plan.startswith("Query Text: "):
        raise ValueError("a plan in a form that is not read")
    node = _TOLD_PLAN.search(plan)
    head, tree = (plan[: node.start()], plan[node.end() :]) if node else (plan, "")
    told = list(_TOLD_PARAMETERS.finditer(head))
    sql = head[len("Query Text: ") : told[-1].start()] if told else head[len("Query Text: ") :]
    return Execution(duration_ms, sql, tree, head[told[-1].end() :] if told else None)


def _explained_in_json(duration_ms: float, plan: str) -> Execution:
    try:
        told: Any = json.loads(plan)
    except RecursionError as error:
        raise ValueError("a plan that is nested too deeply") from error
    sql = told.get("Query Text")
    if not isinstance(sql, str):
        raise ValueError("a plan without its statement")
    parameters = told.get("Query Parameters")
    return Execution(duration_ms, sql, plan, parameters if isinstance(parameters, str) else None)


def parse_parameters(detail: str | None) -> Values:
    """The bind parameters, $1 first, as text; None is NULL. No detail, or one about something else: no parameters.

    Raises:
        ValueError: a `Parameters:` detail that does not read as such to its end.
    """
    start = _DETAIL.match(detail) if detail else None
    if detail is None or start is None:
        return ()
    found = _PARAMETER.findall(detail, start.end())
    # Pieces that follow each other without a gap are as long together as what they were found in.
    is_whole = start.end() + sum(len(whole) for whole, _, _ in found) == len(detail)
    if not is_whole or any(int(n) != place for place, (_, n, _) in enumerate(found, start=1)):
        raise ValueError("parameters that do not read as such to the end")
    return tuple([None if text == "NULL" else text[1:-1].replace("''", "'") for _, _, text in found])
