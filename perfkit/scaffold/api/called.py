"""An operation → the step that calls it: address, headers, body, authorization. Knows what is sent; picks no ids.

What cannot be made up is an UnderivableError, which says what is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from perfkit.scaffold import loose
from perfkit.scaffold.addresses import literal
from perfkit.scaffold.api import declared
from perfkit.scaffold.api.declared import Operation
from perfkit.scaffold.api.sample import Sampler, is_given
from perfkit.scaffold.api.underivable import UnderivableError
from perfkit.scaffold.script import Body, Text, Use

_SAID_ELSEWHERE: Final = frozenset({"accept", "content-type", "authorization"})  # as OpenAPI wants it
_MIME: Final = re.compile(r"[\w.+*-]+/[\w.+*-]+", re.ASCII)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORM: Final = "application/x-www-form-urlencoded"

Headers = tuple[tuple[str, Text], ...]


def query_of(document: Mapping[str, Any], operation: Operation, sampler: Sampler) -> tuple[str | Use, ...]:
    """The required part of the query, and what of the rest has an example: "?", a=1, "&", b=2 …

    Raises:
        UnderivableError: a required parameter cannot be made up.
    """
    pairs: list[tuple[str, Any]] = []
    for name, parameter in operation.of("query"):
        schema = declared.schema_of(document, parameter)
        if parameter.get("required") is True or (isinstance(schema, dict) and _is_example(schema)):
            pairs += _pairs(name, _value(schema, name, sampler, "the query's"))
    parts: list[str | Use] = []
    for at, (name, value) in enumerate(pairs):
        shown: str | Use = value if isinstance(value, Use) else literal(_plain(value))
        parts += ["&" if at else "?", f"{quote(name, safe='[]', errors='replace')}=", shown]
    return tuple(parts)


def _is_example(schema: Mapping[str, Any]) -> bool:
    return "example" in schema and is_given(schema)


def _value(schema: Any, name: str, sampler: Sampler, whose: str) -> Any:
    try:
        return sampler.value(schema, name)
    except UnderivableError as error:
        raise UnderivableError(f"{error.said_of(f'{whose} {name}')}") from None


def _pairs(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Lists repeat the name, objects give theirs (style form, explode: what is meant where nothing is said)."""
    if isinstance(value, list):
        yield from ((name, item) for item in value)
    elif isinstance(value, dict):
        yield from value.items()
    elif value is not None:
        yield name, value


def _plain(value: Any) -> str:
    """A value as it stands in an address or a form."""
    return value if isinstance(value, str) else json.dumps(value, default=_refuse)


def _refuse(value: Any) -> Any:
    raise UnderivableError("it has a secret deep inside")


def value_in_path(document: Mapping[str, Any], operation: Operation, name: str, sampler: Sampler) -> Any:
    """What stands in place of {name}, made up: text, or a Use.

    Raises:
        UnderivableError: the schema does not tell.
    """
    parameter = operation.parameters.get(("path", name))
    schema = True if parameter is None else declared.schema_of(document, parameter)
    value = 1 if schema is True else _value(schema, name, sampler, "the path's")
    if isinstance(value, Use):
        return value
    text = ",".join(map(_plain, value)) if isinstance(value, list) else _plain(value)
    if not text:
        raise UnderivableError(f"the path's {name} is empty in its example")
    return text


def headers_of(document: Mapping[str, Any], operation: Operation, sampler: Sampler) -> Headers:
    """Required headers and cookies, but for those that are said elsewhere.

    Raises:
        UnderivableError: one cannot be made up.
    """
    found: list[tuple[str, Text]] = []
    for name, parameter in operation.of("header"):
        if parameter.get("required") is True and name.lower() not in _SAID_ELSEWHERE:
            if not _TOKEN.fullmatch(name):
                raise UnderivableError(f"the header {name[:60]!r} cannot be the name of one")
            value = _value(declared.schema_of(document, parameter), name, sampler, "the header")
            found.append((name, _text(value)))
    cookies: list[str | Use] = []
    for name, parameter in operation.of("cookie"):
        if parameter.get("required") is True:
            value = _value(declared.schema_of(document, parameter), name, sampler, "the cookie")
            cookies += ["; " if cookies else "", f"{name}=", *_text(value).parts]
    return (*found, *([("Cookie", Text(tuple(cookies)))] if cookies else []))


def _text(value: Any) -> Text:
    """A value of a header; what is no ASCII, or would end the line, is left out."""
    if isinstance(value, Use):
        return Text((value,))
    return Text(("".join(letter for letter in _plain(value) if letter.isascii() and letter.isprintable()),))


def body_of(document: Mapping[str, Any], operation: Operation, sampler: Sampler) -> tuple[Body | None, str | None]:
    """The body with its content type (None: said by itself, or there is none).

    Raises:
        UnderivableError: there has to be one, and none can be made up.
    """
    content = loose.table(operation.body.get("content"))
    if operation.method in ("get", "head", "delete"):
        return None, None
    if not content:
        raise UnderivableError("has no example and no schema of a body: nothing says what to send")
    kind = min(content, key=_rank)
    media = loose.table(content[kind])
    example = declared.example_of(document, media)
    try:
        value = sampler.value(media.get("schema")) if example is None else sampler.veiled("", example)
    except UnderivableError as error:
        raise UnderivableError(error.said_of("its body")) from None
    return _written(kind, value, example)


def _rank(kind: str) -> int:
    return 0 if "json" in kind else 1 if _FORM in kind else 2 if kind.startswith("text/") else 3


def _written(kind: str, value: Any, example: Any) -> tuple[Body, str | None]:
    mime = kind.partition(";")[0].strip().lower()
    if value is None or not _MIME.fullmatch(mime):
        raise UnderivableError("its body is null" if value is None else f"its body is {mime[:60]!r}, which is no type")
    if "json" in mime or mime == "*/*":
        return Body("json", value), None if mime in ("application/json", "*/*") else mime
    if mime == _FORM and isinstance(value, dict):
        fields = ((name, item) for key, part in value.items() for name, item in _pairs(key, part))
        return Body("form", tuple((name, _field(item)) for name, item in fields)), mime
    if isinstance(value, str) and (example is not None or mime.startswith("text/")):
        return Body("raw", Text((value,))), mime
    raise UnderivableError(f"its body is {mime[:60]!r}, without an example")


def _field(value: Any) -> Text:
    return Text((value if isinstance(value, Use) else _plain(value),))
