"""N+1: the same statement again and again within one request. Knows traces; judges no run and drives no load.

Three times in one request is the least that counts: two look-ups of one kind (a sender and a receiver) are ordinary
code. That the number grows with the rows of a page is the proof, and needs requests for pages of other sizes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Final, Literal

from perfkit.model import Repetition, Trace, TracedRequest
from perfkit.queries.attribution import elapsed, is_control
from perfkit.sqltext import Token, tokens

LEAST_CALLS: Final = 3
_COMPARED: Final = ("parameter", "literal", "number")


def repetitions(trace: Trace) -> tuple[Repetition, ...]:
    """Every statement that runs LEAST_CALLS times or more in most requests of an endpoint, the costliest first."""
    by_endpoint: defaultdict[str, list[TracedRequest]] = defaultdict(list)
    for request in trace.requests:
        if request.is_ok:
            by_endpoint[request.endpoint].append(request)
    texts = {one.fingerprint: one.statement for one in trace.statements if not is_control(one.statement)}
    found = [one for name, requests in by_endpoint.items() for one in _of_endpoint(name, requests, texts, trace.scaled)]
    return tuple(sorted(found, key=lambda repetition: -repetition.cost_ms))


def to_scale(trace: Trace) -> tuple[str, ...]:
    """Endpoints with a repetition whose SQL only reads: asking them again, for other pages, changes nothing."""
    writing = {one.fingerprint for one in trace.statements if one.is_write is not False}
    unsafe = {
        request.endpoint
        for request in trace.requests
        for execution in request.executions
        if execution.fingerprint in writing
    }
    return tuple(dict.fromkeys(one.endpoint for one in repetitions(trace) if one.endpoint not in unsafe))


def _of_endpoint(
    endpoint: str, requests: Sequence[TracedRequest], texts: Mapping[str, str], scaled: Sequence[TracedRequest]
) -> list[Repetition]:
    counts = [Counter(execution.fingerprint for execution in request.executions) for request in requests]
    keys = dict.fromkeys(key for count in counts for key in count if key in texts)
    often = [key for key in keys if median(count[key] for count in counts) >= LEAST_CALLS]
    tried = [request for request in scaled if request.endpoint == endpoint and request.is_ok]
    return [_repetition(endpoint, key, texts[key], requests, tried) for key in often]


def _repetition(
    endpoint: str, key: str, statement: str, requests: Sequence[TracedRequest], scaled: Sequence[TracedRequest]
) -> Repetition:
    costs = [[ms for one, ms in elapsed(request) if one.fingerprint == key] for request in requests]
    cost_ms = fmean(sum(cost) - cost[0] if cost else 0.0 for cost in costs)
    service_ms = fmean(request.service_ms for request in requests)
    kind = _kind(key, requests)
    sizes = _sizes(key, scaled)
    return Repetition(
        endpoint=endpoint,
        fingerprint=key,
        statement=statement,
        kind=kind,
        calls=fmean(len(cost) for cost in costs),
        cost_ms=cost_ms,
        share=min(cost_ms / service_ms, 1.0) if service_ms > 0 else 0.0,
        sizes=sizes,
        slope=slope(sizes),
        batch=batched(statement) if kind == "LOOP" else None,
    )


def _kind(key: str, requests: Sequence[TracedRequest]) -> Literal["LOOP", "REPEAT"]:
    """REPEAT: in most requests all executions have the same values."""
    values = [{one.values for one in request.executions if one.fingerprint == key} for request in requests]
    return "REPEAT" if median(len(found) for found in values) <= 1 else "LOOP"


def _sizes(key: str, scaled: Sequence[TracedRequest]) -> tuple[tuple[int, float], ...]:
    calls: defaultdict[int, list[int]] = defaultdict(list)
    for request in scaled:
        if request.page_size is not None:
            calls[request.page_size].append(sum(one.fingerprint == key for one in request.executions))
    return tuple((size, fmean(counts)) for size, counts in sorted(calls.items()))


def slope(sizes: Sequence[tuple[int, float]]) -> float | None:
    """Calls for each row more of a page, by least squares; None with fewer than two sizes."""
    if len(sizes) < 2:
        return None
    middle = fmean(size for size, _ in sizes)
    spread = sum((size - middle) ** 2 for size, _ in sizes)
    return sum((size - middle) * calls for size, calls in sizes) / spread


def batched(statement: str) -> str | None:
    """The statement for all values at once: its one `column = value` becomes `column = ANY($1)`.

    None where that cannot be done by exchanging one comparison: none or several of them, or a LIMIT, which would then
    be one of all.
    """
    words = list(tokens(statement))
    meaningful = [(position, word) for position, word in enumerate(words) if word.kind not in ("space", "comment")]
    names = [word.text.lower() for _, word in meaningful if word.kind == "name"]
    if names[:1] != ["select"] or names.count("select") > 1 or not {"limit", "offset", "or", "fetch"}.isdisjoint(names):
        return None
    places = [at for at in range(1, len(meaningful) - 1) if _is_comparison(meaningful, at)]
    if len(places) != 1 or "where" not in names:
        return None
    before, after = meaningful[places[0]][0], meaningful[places[0] + 1][0]
    column = _column(meaningful, places[0])
    text = "".join(word.text for word in (*words[: before + 1], Token("mark", " ANY($1)"), *words[after + 1 :]))
    return _with_key(" ".join(text.split()), column)


def _is_comparison(words: Sequence[tuple[int, Token]], at: int) -> bool:
    """`column = value`, and no `<=`, `>=`, `!=`; the sample's `?` for a value counts as one."""
    left, sign, right = words[at - 1][1], words[at][1], words[at + 1][1]
    is_value = right.kind in _COMPARED or right.text == "?"
    return sign.text == "=" and left.kind in ("name", "quoted") and is_value


def _column(words: Sequence[tuple[int, Token]], at: int) -> str:
    """The compared column as it is written, with its table."""
    start = at - 1
    while start >= 2 and words[start - 1][1].text == ".":
        start -= 2
    return "".join(word.text for _, word in words[start:at])


def _with_key(text: str, column: str) -> str:
    """The rows must tell to which value they belong, so the compared column is selected too."""
    head, separator, rest = text.partition(" FROM ") if " FROM " in text else text.partition(" from ")
    selected = {part.strip().rpartition(".")[2].lower() for part in head.partition(" ")[2].split(",")}
    plain = column.rpartition(".")[2].lower()
    if not separator or "*" in head or plain in selected:
        return text
    return f"{head.partition(' ')[0]} {column}, {head.partition(' ')[2]}{separator}{rest}"
