"""Ids from where the API itself lists them: /customers/{id} takes one that GET /customers answers with.

Knows when that is obvious: a list at the very path before the hole, whose rows have the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from perfkit.scaffold import loose
from perfkit.scaffold.api import declared, refs
from perfkit.scaffold.api.declared import Operation
from perfkit.scaffold.names import words_of

_USUAL: Final = ("id", "uuid", "_id")
_FARTHEST: Final = 5


def keys_of_rows(document: Mapping[str, Any], listing: Operation, hole: str) -> tuple[str, ...]:
    """The keys under which a row of the list may hold what fills the hole; () where it is no list, or not obvious."""
    rows = _rows(document, listing.answer)
    if rows is None:
        return ()
    wanted = tuple(dict.fromkeys((hole, *words_of(hole)[-1:], *_USUAL)))
    properties = _properties(document, rows)
    if not properties:
        return wanted
    return tuple(key for key in wanted if key in properties)[:1]


def is_chosen(document: Mapping[str, Any], operation: Operation, hole: str) -> bool:
    """Whether the document itself says what may stand in the hole."""
    schema = declared.schema_of(document, operation.parameters.get(("path", hole), {}))
    return "enum" in refs.resolved(document, schema)


def _rows(document: Mapping[str, Any], answer: Any) -> Mapping[str, Any] | None:
    """The schema of a row: of an array, or of the one array among the properties; {} where nothing is said."""
    if answer is None or answer is True or answer == {}:
        return {}
    found = refs.resolved(document, answer)
    if found.get("type", "object") == "object" and not _properties(document, found):
        return {}
    if found.get("type") == "array" or "items" in found:
        return refs.resolved(document, found.get("items"))
    arrays = [
        part
        for node in _properties(document, found).values()
        if (part := refs.resolved(document, node)).get("type") == "array"
    ]
    return refs.resolved(document, arrays[0].get("items")) if len(arrays) == 1 else None


def _properties(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The properties of an object, with those that allOf adds."""
    found = dict(loose.table(schema.get("properties")))
    if depth < _FARTHEST:
        for part in loose.items(schema.get("allOf"))[:20]:
            found = _properties(document, refs.resolved(document, part), depth + 1) | found
    return found
