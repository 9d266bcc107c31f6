"""A JSON schema → one small value that fits it: examples first, then defaults, then what the schema itself allows.

Knows the schemas of OpenAPI 2.0, 3.0 and 3.1. Cycles, depth and size are cut: what cannot be derived says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from perfkit.scaffold import loose
from perfkit.scaffold.api import refs
from perfkit.scaffold.api.sample_text import sample_string
from perfkit.scaffold.api.underivable import UnderivableError
from perfkit.scaffold.names import words_of
from perfkit.scaffold.secrecy.vault import Vault, is_secret_key

DEEPEST: Final = 12
LARGEST: Final = 500
MOST_ITEMS: Final = 20
# Examples that are none; as a secret to be hidden everywhere they would take words out of every address.
_TRIVIAL: Final = frozenset({"", "string", "password", "secret", "token", "example", "changeme", "<token>", "********"})
_NOTHING: Final = object()


class Sampler:
    """Samples for the schemas of one document. Secrets in them are environment variables of the vault."""

    def __init__(self, document: Mapping[str, Any], vault: Vault) -> None:
        self._document = document
        self._vault = vault
        self._left = LARGEST

    def value(self, schema: Any, key: str = "") -> Any:
        """A JSON value for a schema that stands under `key`; secrets in it are Use.

        Raises:
            UnderivableError: the schema does not tell, or cannot be met within the bounds.
        """
        self._left = LARGEST
        return self.veiled(key, self._value(schema, key, 0, frozenset()))

    def veiled(self, key: str, value: Any) -> Any:
        """An example, with variables for those of its secrets that are mere placeholders."""
        if isinstance(value, dict):
            return {name: self.veiled(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.veiled(key, item) for item in value]
        is_placeholder = isinstance(value, str) and value.strip().lower() in _TRIVIAL
        return self._vault.use(key) if is_placeholder and is_secret_key(key) else value

    def _value(self, schema: Any, key: str, depth: int, seen: frozenset[str]) -> Any:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise UnderivableError("is too large or nested too deeply to be made up")
        if schema is True:
            return "string"
        if not isinstance(schema, dict):
            raise UnderivableError("has no schema in this document")
        table = loose.table(schema)
        if isinstance(reference := table.get("$ref"), str):
            if reference in seen:
                raise UnderivableError("refers to itself")
            return self._value(refs.at(self._document, reference), key, depth, seen | {reference})
        if (given := given_by(table)) is not _NOTHING:
            return given
        if "allOf" in table:
            return self._value(self._merged(table, depth, seen), key, depth + 1, seen)
        for choices in (loose.items(table.get("oneOf")), loose.items(table.get("anyOf"))):
            if choices:
                return self._first_of(table, choices, key, depth, seen)
        return self._of_type(table, key, depth, seen)

    def _merged(self, schema: Mapping[str, Any], depth: int, seen: frozenset[str]) -> dict[str, Any]:
        """All parts of allOf as one schema; where two speak of the same, the first is heard."""
        if depth > DEEPEST:
            raise UnderivableError("is nested too deeply to be made up")
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in loose.items(schema.get("allOf"))[:LARGEST]:
            self._left -= 1
            reference = loose.text(loose.table(part).get("$ref"))
            if reference in seen or self._left < 0:
                raise UnderivableError("refers to itself")
            found = refs.resolved(self._document, part)
            if "allOf" in found:
                found = self._merged(found, depth + 1, seen | ({reference} if reference else set()))
            merged = _both(merged, found)
        return merged

    def _first_of(
        self, schema: Mapping[str, Any], choices: list[Any], key: str, depth: int, seen: frozenset[str]
    ) -> Any:
        """The first choice that can be made up, other than null."""
        rest = {name: value for name, value in schema.items() if name not in ("oneOf", "anyOf")}
        for choice in choices[:MOST_ITEMS]:
            found = refs.resolved(self._document, choice)
            if found.get("type") == "null":
                continue
            own = choice if not (rest.keys() & {"properties", "required"}) else _both(rest, found)
            try:
                value = self._value(own, key, depth + 1, seen)
            except UnderivableError:
                continue
            return _told_apart(value, schema, choice)
        raise UnderivableError("has no choice that can be made up")

    def _of_type(self, schema: Mapping[str, Any], key: str, depth: int, seen: frozenset[str]) -> Any:
        match _type_of(schema):
            case "object":
                return self._object(schema, depth, seen)
            case "array":
                return self._array(schema, key, depth, seen)
            case "integer":
                return _number(schema, is_whole=True)
            case "number":
                return _number(schema, is_whole=False)
            case "boolean":
                return True
            case "null":
                return None
            case "file":
                raise UnderivableError("is a file")
        if is_secret_key(key) or schema.get("format") == "password":
            return self._vault.use(key or "password")
        return sample_string({"format": "email", **schema} if "email" in words_of(key) else schema)

    def _object(self, schema: Mapping[str, Any], depth: int, seen: frozenset[str]) -> dict[str, Any]:
        """The required properties; where none is required, those that say by themselves what to write."""
        properties = loose.table(schema.get("properties"))
        required = [name for name in loose.items(schema.get("required")) if isinstance(name, str)]
        if not required:
            resolved = {name: refs.resolved(self._document, part) for name, part in properties.items()}
            required = [name for name, part in resolved.items() if given_by(part) is not _NOTHING]
        found: dict[str, Any] = {}
        for name in required:
            part = properties.get(name, True)
            if refs.resolved(self._document, part).get("readOnly") is True:
                continue
            try:
                found[name] = self._value(part, name, depth + 1, seen)
            except UnderivableError as error:
                raise UnderivableError(error.reason, (name, *error.place)) from None
        return found

    def _array(self, schema: Mapping[str, Any], key: str, depth: int, seen: frozenset[str]) -> list[Any]:
        least = int(min(max(loose.number(schema.get("minItems")) or 0.0, 0.0), MOST_ITEMS))
        most = loose.number(schema.get("maxItems"))
        if most is not None and most < 1:
            return []
        try:
            item = self._value(schema.get("items", True), key, depth + 1, seen)
        except UnderivableError:
            if least:
                raise
            return []
        return [item] * max(least, 1)


def given_by(schema: Mapping[str, Any]) -> Any:
    """What the schema itself offers: example, examples, default, const, enum; `_NOTHING` where none is JSON."""
    offers: Iterator[Any] = (schema[key] for key in ("example", "default", "const") if key in schema)
    lists = (loose.items(schema.get(key)) for key in ("examples", "enum"))
    for offer in (*offers, *(item for offered in lists for item in offered[:MOST_ITEMS])):
        if offer is not None and loose.is_plain(offer):
            return offer
    return _NOTHING


def is_given(schema: Mapping[str, Any]) -> bool:
    """Whether the schema says by itself what to write."""
    return given_by(schema) is not _NOTHING


def _both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**second, **first}
    for key in ("properties", "required"):
        if key in first and key in second:
            one, other = first[key], second[key]
            if isinstance(one, dict) and isinstance(other, dict):
                merged[key] = {**other, **one}
            elif isinstance(one, list) and isinstance(other, list):
                merged[key] = [*one, *(item for item in other if item not in one)]
    return merged


def _told_apart(value: Any, schema: Mapping[str, Any], choice: Any) -> Any:
    """A discriminator that the choice does not fill in itself says which choice was taken."""
    discriminator = loose.table(schema.get("discriminator"))
    name, reference = loose.text(discriminator.get("propertyName")), loose.text(loose.table(choice).get("$ref"))
    if not isinstance(value, dict) or not name or not reference:
        return value
    mapping = {
        target: word for word, target in loose.table(discriminator.get("mapping")).items() if target == reference
    }
    return {**value, name: mapping.get(reference, reference.rpartition("/")[2])}


def _type_of(schema: Mapping[str, Any]) -> str:
    said = schema.get("type")
    kinds = [said] if isinstance(said, str) else [kind for kind in loose.items(said) if isinstance(kind, str)]
    if kinds:
        return next((kind for kind in kinds if kind != "null"), "null")
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _number(schema: Mapping[str, Any], *, is_whole: bool) -> int | float:
    """1, or the nearest number within the bounds."""
    step = 1.0 if is_whole else 0.5
    low, high = (_bound(schema, side, step) for side in ("minimum", "maximum"))
    found = max(1.0, low) if low is not None else 1.0
    found = min(found, high) if high is not None else found
    multiple = loose.number(schema.get("multipleOf"))
    if multiple and multiple > 0 and math.isfinite(found / multiple):
        found = math.ceil(found / multiple) * multiple
    if not math.isfinite(found):
        raise UnderivableError("has bounds that no number is in")
    return math.ceil(found) if is_whole else found


def _bound(schema: Mapping[str, Any], side: str, step: float) -> float | None:
    """The bound; an exclusive one (a flag in 3.0, a number in 3.1) one step further in."""
    inward = step if side == "minimum" else -step
    exclusive = schema.get(f"exclusive{side.capitalize()}")
    if (number := loose.number(exclusive)) is not None:
        return number + inward
    bound = loose.number(schema.get(side))
    return bound + inward if bound is not None and exclusive is True else bound
