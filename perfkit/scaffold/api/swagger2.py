"""A Swagger 2.0 document in the shape of OpenAPI 3: servers, request bodies, schemas of parameters, security.

Knows what differs between the two. References keep pointing to where they did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from perfkit.scaffold import loose
from perfkit.scaffold.api import refs

_SCHEMA_KEYS: Final = frozenset(
    {
        *("type", "format", "items", "default", "enum", "example", "pattern", "minimum", "maximum", "minLength"),
        *("maxLength", "minItems", "maxItems", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
    }
)


def as_openapi_3(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with `servers`, `paths` and `components` as version 3 has them."""
    schemes = [scheme for scheme in loose.items(document.get("schemes")) if scheme in ("http", "https")]
    host, base = loose.text(document.get("host")), loose.text(document.get("basePath"))
    url = f"{schemes[0] if schemes else 'https'}://{host}{base}" if host else base
    security = loose.table(document.get("securityDefinitions"))
    return {
        **document,
        "servers": [{"url": url}] if url else [],
        "components": {"securitySchemes": {name: _security(loose.table(one)) for name, one in security.items()}},
        "paths": {path: _item(document, item) for path, item in loose.table(document.get("paths")).items()},
    }


def _security(scheme: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "http", "scheme": "basic"} if scheme.get("type") == "basic" else scheme


def _item(document: Mapping[str, Any], item: Any) -> Any:
    found = dict(refs.resolved(document, item))
    common = [refs.resolved(document, one) for one in loose.items(found.get("parameters"))]
    for method, operation in found.items():
        if method != "parameters" and isinstance(operation, dict):
            found[method] = _operation(document, loose.table(operation), common)
    found["parameters"] = [_parameter(one) for one in common if one.get("in") not in ("body", "formData")]
    return found


def _operation(
    document: Mapping[str, Any], operation: Mapping[str, Any], common: list[Mapping[str, Any]]
) -> Mapping[str, Any]:
    own = [refs.resolved(document, one) for one in loose.items(operation.get("parameters"))]
    consumes = operation.get("consumes", document.get("consumes"))
    kinds = [kind for kind in loose.items(consumes) if isinstance(kind, str)]
    body = _body([*own, *common], kinds)
    responses = {code: _response(document, one) for code, one in loose.table(operation.get("responses")).items()}
    return {
        **operation,
        "parameters": [_parameter(one) for one in own if one.get("in") not in ("body", "formData")],
        "responses": responses,
        **({"requestBody": body} if body else {}),
    }


def _parameter(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = {key: value for key, value in parameter.items() if key in _SCHEMA_KEYS}
    return {key: value for key, value in parameter.items() if key not in _SCHEMA_KEYS} | {"schema": schema}


def _body(parameters: list[Mapping[str, Any]], kinds: list[str]) -> Mapping[str, Any] | None:
    for parameter in parameters:
        if parameter.get("in") == "body":
            kind = next((kind for kind in kinds if "json" in kind), kinds[0] if kinds else "application/json")
            return {"required": parameter.get("required"), "content": {kind: {"schema": parameter.get("schema")}}}
    fields = [one for one in parameters if one.get("in") == "formData" and isinstance(one.get("name"), str)]
    if not fields:
        return None
    schema = {
        "type": "object",
        "properties": {one["name"]: _parameter(one)["schema"] for one in fields},
        "required": [one["name"] for one in fields if one.get("required") is True],
    }
    has_file = any(one.get("type") == "file" for one in fields)
    return {"content": {"multipart/form-data" if has_file else "application/x-www-form-urlencoded": {"schema": schema}}}


def _response(document: Mapping[str, Any], response: Any) -> Mapping[str, Any]:
    found = refs.resolved(document, response)
    return {**found, "content": {"application/json": {"schema": found["schema"]}}} if "schema" in found else found
