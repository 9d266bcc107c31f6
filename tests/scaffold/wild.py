"""Documents as nobody would write them: of the right shape, with anything in every place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from perfkit.scaffold.script import Wishes
from perfkit.scaffold.suites import Written, import_source

NASTY = st.sampled_from(
    ["", "'", '"', '"""', "'''", "\\", "\\\"", "{", "}", "{x}", "{{", "{self}", "\n", "\r\n", "#", "%s", "\x00", "\x7f",
     "\u2028", "😀", "\ud800", "\u202e", "__import__('os')", '"); import os; ("', "/{id}", "${x}", "]", "=", "&", "?",
     "//"]
)  # fmt: skip
WORDS = st.one_of(NASTY, st.text(max_size=12), st.lists(NASTY, max_size=4).map("".join))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just(10**400), st.just(-1), st.just(2.5e300), WORDS
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)
REFERENCES = st.sampled_from(["#/components/schemas/A", "#/components/schemas/B", "#", "#/paths", "other.json#/A", ""])


def mostly(value: st.SearchStrategy[Any], other: st.SearchStrategy[Any] = ANYTHING) -> st.SearchStrategy[Any]:
    """The value in nine of ten cases."""
    return st.integers(0, 9).flatmap(lambda number: other if number == 7 else value)


def _table(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Tables of a shape in which now and then a value is anything instead."""
    return st.fixed_dictionaries(
        {key: mostly(value) for key, value in required.items()},
        optional={key: mostly(value) for key, value in optional.items()},
    )


_KEYS = st.sampled_from(["password", "customer_id", "id"]) | WORDS

SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null", "file"])
            | ANYTHING,
            "format": st.sampled_from(["uuid", "date", "password", "binary", "email"]) | WORDS,
            "pattern": st.sampled_from(["^[A-Z]+$", "(a+)+$", "[", "(?<x>a)", "\\d{4}"]) | WORDS,
            "$ref": REFERENCES | ANYTHING,
            "minimum": SCALARS,
            "maximum": SCALARS,
            "multipleOf": SCALARS,
            "exclusiveMinimum": SCALARS,
            "minLength": SCALARS,
            "maxLength": SCALARS,
            "minItems": SCALARS,
            "enum": ANYTHING,
            "example": ANYTHING,
            "default": ANYTHING,
            "required": st.lists(WORDS, max_size=3) | ANYTHING,
            "discriminator": ANYTHING,
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(
                WORDS | st.sampled_from(["password", "customer_id", "id"]), inner, max_size=3
            ),
            "items": inner,
            "allOf": st.lists(inner, max_size=3),
            "oneOf": st.lists(inner, max_size=3),
            "anyOf": st.lists(inner, max_size=3),
            "required": st.lists(_KEYS, max_size=3),
        },
    ),
    max_leaves=4,
)
_CONTENT = st.dictionaries(
    st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain", "*/*"]) | WORDS,
    _table({}, {"schema": SCHEMAS, "example": ANYTHING, "examples": ANYTHING}),
    max_size=2,
)
_PARAMETERS = st.lists(
    _table(
        {
            "in": st.sampled_from(["path", "query", "header", "cookie", "body", "formData"]),
            "name": WORDS | st.just("id"),
        },
        {"required": st.booleans(), "schema": SCHEMAS, "example": ANYTHING, "$ref": REFERENCES},
    ),
    max_size=3,
)
_OPERATIONS = _table(
    {},
    {
        "parameters": _PARAMETERS,
        "requestBody": _table({}, {"content": _CONTENT}),
        "responses": st.dictionaries(
            st.sampled_from(["200", "default"]), _table({}, {"content": _CONTENT}), max_size=1
        ),
        "security": ANYTHING | st.just([{"key": []}]),
        "consumes": ANYTHING,
    },
)
_PATHS = st.sampled_from(["/customers", "/customers/{id}", "/customers/{customer_id}/orders/{id}", "/a/{id}.json"])
APIS = st.builds(
    lambda version, rest: {**version, **rest},
    st.sampled_from([{"openapi": "3.0.3"}, {"openapi": "3.1.0"}, {"swagger": "2.0"}, {"openapi": 3.1}]),
    _table(
        {
            "paths": st.dictionaries(
                _PATHS | WORDS.map("/{}".format),
                st.dictionaries(
                    st.sampled_from(["get", "post", "put", "delete", "parameters"]), _OPERATIONS, max_size=3
                ),
                max_size=4,
            )
        },
        {
            "info": _table({}, {"title": WORDS}),
            "servers": st.lists(_table({}, {"url": WORDS, "variables": ANYTHING}), max_size=2),
            "components": _table(
                {"schemas": st.fixed_dictionaries({"A": SCHEMAS, "B": SCHEMAS})},
                {"securitySchemes": st.fixed_dictionaries({"key": _table({}, {"type": WORDS, "name": WORDS})})},
            ),
            "security": ANYTHING,
            "securityDefinitions": ANYTHING,
        },
    ),
)

_PAIRS = st.lists(
    _table({"name": WORDS | st.sampled_from(["Cookie", "Authorization", "X-A"])}, {"value": WORDS}), max_size=3
)
ENTRIES = _table(
    {
        "request": _table(
            {
                "method": mostly(st.sampled_from(["GET", "POST", "PUT"]), WORDS),
                "url": mostly(WORDS.map("http://h/a/{}".format) | st.just("http://h/orders/123456?q=abc123def"), WORDS),
            },
            {
                "headers": _PAIRS,
                "cookies": _PAIRS,
                "postData": _table(
                    {},
                    {
                        "mimeType": st.sampled_from(["application/json", "application/x-www-form-urlencoded"]) | WORDS,
                        "text": ANYTHING.map(lambda value: json.dumps(value)) | WORDS,
                        "params": _PAIRS,
                    },
                ),
            },
        ),
        "response": _table(
            {"status": st.sampled_from([200, 302, 404])},
            {
                "headers": _PAIRS,
                "content": _table(
                    {},
                    {
                        "mimeType": st.sampled_from(["application/json", "text/html"]) | WORDS,
                        "text": WORDS
                        | st.sampled_from(['<a href="/orders/123456">', '{"id": 123456, "t": "abc123def"}']),
                        "encoding": WORDS,
                    },
                ),
            },
        ),
    },
    {"startedDateTime": st.just("2025-09-17T06:00:00Z") | WORDS, "time": SCALARS, "_resourceType": WORDS},
)
RECORDINGS = st.fixed_dictionaries({"log": st.fixed_dictionaries({"entries": st.lists(ENTRIES, max_size=4)})})


def imported(kind: str, document: Any, *, wishes: Wishes = Wishes()) -> tuple[Written, str, str]:  # noqa: B008 (frozen)
    """The document (JSON, or bytes as they are) as a suite: what was understood, its scenario and its perfkit.toml."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / ("source" if isinstance(document, bytes) else "source.json")
        file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        written = import_source(kind, file, Path(name) / "suite", wishes)
        scenario, toml = (path.read_text(encoding="utf-8") for path in reversed(written.files))
        return written, scenario, toml
