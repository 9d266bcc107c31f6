"""Follows `$ref` inside one document. Knows JSON pointers; opens no other file and no address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from perfkit.scaffold import loose

_FARTHEST = 50


def at(document: Mapping[str, Any], reference: str) -> Any:
    """What a reference names ("#/components/schemas/Order"), or None: it is elsewhere, or nowhere."""
    if not reference.startswith("#"):
        return None
    value: Any = document
    for part in reference[1:].split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(key)] if key.isascii() and key.isdigit() and int(key[:9]) < len(value) else None
        else:
            value = loose.table(value).get(key)
    return value


def resolved(document: Mapping[str, Any], node: Any) -> Mapping[str, Any]:
    """The object itself, or what it refers to; empty where references lead nowhere, or in a circle."""
    for _ in range(_FARTHEST):
        found = loose.table(node)
        if not isinstance(reference := found.get("$ref"), str):
            return found
        node = at(document, reference)
    return {}
