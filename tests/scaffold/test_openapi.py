"""OpenAPI documents: what is called, with what, and what is left out and why."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from perfkit.errors import UsageError
from perfkit.scaffold.script import Wishes
from tests.scaffold.wild import imported

JSON = "application/json"
CUSTOMER = {"required": ["name"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
CUSTOMERS = {"200": {"content": {JSON: {"schema": {"type": "array", "items": CUSTOMER}}}}}
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "example": 17}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def an_api(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "Shop"}, "paths": paths, **more}


def a_post(schema: Any, kind: str = JSON, **media: Any) -> dict[str, Any]:
    return {"post": {"requestBody": {"content": {kind: {"schema": schema, **media}}}}}


def scenario_of(document: Any, **wishes: Any) -> str:
    return imported("openapi", document, wishes=Wishes(**wishes))[1]


def skipped_of(document: Any) -> dict[str, str]:
    return {one.name: one.reason for one in imported("openapi", document)[0].imported.skipped}


def sent_by(schema: Any, **more: Any) -> str:
    """The body that a schema makes, as it is written."""
    scenario = scenario_of(an_api({"/a": a_post(schema)}, **more))
    return scenario.partition("json=")[2].partition(")\n")[0].rstrip().removesuffix(",")


def test_reading_is_called_by_default_and_deleting_only_when_asked_for() -> None:
    document = an_api({"/customers": {"get": {}, "head": {}, "delete": {}, "options": {}}})
    assert skipped_of(document) == {
        "DELETE /customers": "deletes; include it with --include-delete",
        "OPTIONS /customers": "is no load",
    }
    assert 'self.client.delete("/customers", name="DELETE /customers")' in scenario_of(document, include_delete=True)


def test_writing_is_called_when_a_body_is_known() -> None:
    """From an example, or from the schema; without either nothing says what to send."""
    paths = {"/a": a_post({"type": "object"}, example={"name": "Ada"}), "/b": {"post": {}}}
    assert 'json={"name": "Ada"}' in scenario_of(an_api(paths))
    assert "nothing says what to send" in skipped_of(an_api(paths))["POST /b"]


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ({"required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}, '{"a": "string"}'),
        ({"properties": {"a": {"default": 3}, "b": {"type": "string"}}}, '{"a": 3}'),
        ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, "[True, True]"),
        (
            {"required": ["n"], "properties": {"n": {"type": "integer", "minimum": 5, "exclusiveMinimum": True}}},
            '{"n": 6}',
        ),
        ({"required": ["n"], "properties": {"n": {"type": "number", "maximum": -2.5}}}, '{"n": -2.5}'),
        ({"required": ["d"], "properties": {"d": {"type": "string", "format": "date"}}}, '{"d": "2025-01-15"}'),
        ({"required": ["e"], "properties": {"e": {"enum": [None, "open"]}}}, '{"e": "open"}'),
        ({"required": ["c"], "properties": {"c": {"pattern": "^[A-Z]{3}$"}}}, '{"c": "ABC"}'),
        ({"required": ["x"], "properties": {"x": {"type": ["null", "integer"]}}}, '{"x": 1}'),
        ({"oneOf": [{"type": "null"}, {"required": ["k"], "properties": {"k": {"const": 1}}}]}, '{"k": 1}'),
        ({"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "integer"}}}]}, '{"a": 1}'),
        ({"required": ["r"], "properties": {"r": {"readOnly": True, "type": "integer"}}}, "{}"),
    ],
)
def test_a_body_is_the_least_that_its_schema_wants(schema: Any, body: str) -> None:
    assert sent_by(schema) == body


def test_a_schema_that_holds_itself_is_cut_where_it_may_be() -> None:
    """An optional parent is left out, a list of children is empty, and what must hold itself is not called."""
    children = {"type": "array", "items": ref("Node")}
    schemas = {
        "Node": {"required": ["children"], "properties": {"parent": ref("Node"), "children": children}},
        "Endless": {"required": ["next"], "properties": {"next": ref("Endless")}},
        "Ring": ref("Ring"),
    }
    assert sent_by(ref("Node"), components={"schemas": schemas}) == '{"children": []}'
    paths = {"/endless": a_post(ref("Endless")), "/ring": a_post(ref("Ring")), "/fine": {"get": {}}}
    assert skipped_of(an_api(paths, components={"schemas": schemas})) == {
        "POST /endless": "its body: next refers to itself",
        "POST /ring": "its body refers to itself",
    }


def test_a_schema_that_grows_without_end_is_not_called() -> None:
    """Each level asks for two of the next: 2^40 values."""
    levels = range(40)
    both = [{"a": ref(f"L{n + 1}"), "b": ref(f"L{n + 1}")} for n in levels]
    schemas = {f"L{n}": {"required": ["a", "b"], "properties": both[n]} for n in levels}
    document = an_api({"/a": a_post(ref("L0")), "/b": {"get": {}}}, components={"schemas": schemas})
    assert "too large or nested too deeply" in skipped_of(document)["POST /a"]


def test_an_id_comes_from_the_list_of_its_things() -> None:
    """What the list holds now is asked at run time; the example is for an empty list."""
    paths = {"/customers": {"get": {"responses": CUSTOMERS}}, "/customers/{id}": {"get": {"parameters": [ID]}}}
    scenario = scenario_of(an_api(paths))
    assert 'customer_id = self.an_id("/customers", name="GET /customers", keys=("id",), otherwise="17")' in scenario
    assert 'self.client.get(f"/customers/{quoted(customer_id)}", name="GET /customers/{id}")' in scenario


def test_an_id_in_a_body_comes_from_the_list_too() -> None:
    order = {"required": ["customer_id"], "properties": {"customer_id": {"type": "integer"}}}
    paths = {"/customers": {"get": {"responses": CUSTOMERS}}, "/orders": a_post(order)}
    scenario = scenario_of(an_api(paths))
    assert 'json={"customer_id": customer_id}' in scenario


def test_an_id_in_a_query_comes_from_a_list_of_which_nothing_is_said() -> None:
    """Replies without a schema are usual: what their rows have is seen at run time."""
    wanted = {"in": "query", "name": "customer_id", "required": True, "schema": {"type": "integer"}}
    scenario = scenario_of(an_api({"/customers": {"get": {}}, "/orders": {"get": {"parameters": [wanted]}}}))
    assert 'keys=("customer_id", "id", "uuid", "_id")' in scenario
    assert 'f"/orders?customer_id={quoted(customer_id)}"' in scenario


def test_an_id_without_a_list_is_the_example() -> None:
    assert '"/customers/17"' in scenario_of(an_api({"/customers/{id}": {"get": {"parameters": [ID]}}}))


def test_only_the_required_part_of_a_query_is_sent_and_what_has_an_example() -> None:
    """Lists repeat their name; values are percent-encoded."""
    numbers = {"type": "array", "minItems": 2, "items": {"type": "integer"}}
    query = [
        {"in": "query", "name": "q", "required": True, "example": "a b&c"},
        {"in": "query", "name": "tag", "required": True, "schema": numbers},
        {"in": "query", "name": "sort", "schema": {"type": "string"}},
        {"in": "query", "name": "limit", "schema": {"type": "integer", "example": 20}},
    ]
    assert '"/a?q=a%20b%26c&tag=1&tag=1&limit=20"' in scenario_of(an_api({"/a": {"get": {"parameters": query}}}))


@pytest.mark.parametrize(
    ("scheme", "sent"),
    [
        ({"type": "http", "scheme": "bearer"}, '{"Authorization": f"Bearer {SHOP_TOKEN}"}'),
        ({"type": "oauth2", "flows": {}}, '{"Authorization": f"Bearer {SHOP_TOKEN}"}'),
        ({"type": "http", "scheme": "basic"}, "auth=(SHOP_USER, SHOP_PASSWORD)"),
        ({"type": "apiKey", "in": "header", "name": "X-API-Key"}, '{"X-API-Key": SHOP_X_API_KEY}'),
        ({"type": "apiKey", "in": "query", "name": "key"}, 'f"/a?key={quoted(SHOP_KEY)}"'),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, '{"Cookie": f"sid={SHOP_SID}"}'),
    ],
)
def test_credentials_come_from_the_environment(scheme: dict[str, Any], sent: str) -> None:
    document = an_api(
        {"/a": {"get": {}}, "/open": {"get": {"security": []}}},
        components={"securitySchemes": {"s": scheme}},
        security=[{"s": []}],
    )
    scenario = scenario_of(document)
    assert sent in scenario
    assert 'self.client.get("/open", name="GET /open")' in scenario


def test_the_path_of_the_server_goes_before_all_paths_unless_the_host_has_one() -> None:
    server = {"url": "https://{env}.example.com/v1/", "variables": {"env": {"default": "test"}}}
    document = an_api({"/a": {"get": {}}}, servers=[server])
    written, scenario, toml = imported("openapi", document)
    assert '"/v1/a"' in scenario
    assert 'url = "https://test.example.com"' in toml
    assert '"/v1/a"' in scenario_of(document, url="http://127.0.0.1:8000")
    assert '"/a"' in scenario_of(document, url="http://127.0.0.1:8000/v1")
    assert written.url == "https://test.example.com"


def test_swagger_2_is_read_too() -> None:
    """Body and form parameters, definitions, host and basePath, basic authentication."""
    order = {"in": "body", "name": "order", "schema": {"$ref": "#/definitions/Order"}}
    form = {"in": "formData", "name": "comment", "type": "string", "required": True}
    document = {
        "swagger": "2.0",
        "info": {"title": "Shop"},
        "host": "shop.example.com",
        "basePath": "/v2",
        "schemes": ["https"],
        "securityDefinitions": {"b": {"type": "basic"}},
        "security": [{"b": []}],
        "definitions": {"Order": {"required": ["n"], "properties": {"n": {"type": "integer"}}}},
        "parameters": {"Id": {"in": "path", "name": "id", "type": "integer", "required": True, "default": 4}},
        "paths": {
            "/orders": {"post": {"parameters": [order]}},
            "/orders/{id}": {"parameters": [{"$ref": "#/parameters/Id"}], "get": {}},
            "/comments": {"post": {"parameters": [form]}},
        },
    }
    _, scenario, toml = imported("openapi", document)
    assert 'json={"n": 1}' in scenario
    assert '"/v2/orders/4"' in scenario
    assert 'data=urlencode([("comment", "string")])' in scenario
    assert "auth=(SHOP_USER, SHOP_PASSWORD)" in scenario
    assert 'url = "https://shop.example.com"' in toml


YAML = b"""
openapi: 3.1.0
info: {title: Shop, version: 2025-01-15}
paths:
  /days/{day}:
    get:
      parameters:
        - {in: path, name: day, required: true, example: 2025-09-17}
      responses: {200: {description: fine}}
"""


def test_yaml_is_read_where_pyyaml_is() -> None:
    """Dates stay text, and keys may be numbers."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    assert '"/days/2025-09-17"' in scenario_of(YAML)


def test_yaml_without_pyyaml_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(UsageError, match="reading YAML needs PyYAML") as refused:
        scenario_of(YAML)
    assert "pip install pyyaml" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "is no OpenAPI document"),
        ({"info": {}}, "it has neither openapi nor swagger"),
        ({"openapi": "3.0.0"}, "without paths"),
        ({"openapi": "3.0.0", "paths": {"/a": 7}}, "none of the 0 operations"),
        ({"openapi": "4.0.0", "paths": {"/a": {"get": {}}}}, "version '4.0.0'"),
        (an_api({"/a": {"post": {}}}), "none of the 1 operations .* POST /a"),
        (b"{", "line 1: is not JSON"),
        (b" \n", "is empty"),
        (b"[" * 100_000, "beyond what can be read"),
    ],
)
def test_what_is_no_openapi_document_is_refused_in_a_sentence(document: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        imported("openapi", document)


def test_two_thousand_operations_are_enough() -> None:
    """The rest is counted, not written."""
    document = an_api({f"/thing{number}": {"get": {}} for number in range(2_100)})
    written = imported("openapi", document)[0]
    assert (len(written.imported.names), len(written.imported.skipped)) == (2_000, 100)
