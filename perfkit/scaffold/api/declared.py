"""An OpenAPI document as operations: what each needs to be called, without asking how that is made up.

Knows where things stand in a document of version 3, and that parameters of a path are those of its operations too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from perfkit.scaffold import loose
from perfkit.scaffold.api import refs

METHODS: Final = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
HOLE: Final = re.compile(r"\{([^{}/]*)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """`parameters` by (in, name), with the schema that each has; `answer` is the schema of its good JSON reply."""

    method: str
    path: str
    parameters: Mapping[tuple[str, str], Mapping[str, Any]]
    body: Mapping[str, Any]
    answer: Any
    security: Any

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def of(self, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Name and parameter of those that stand in a place: path, query, header, cookie."""
        return ((name, one) for (where, name), one in self.parameters.items() if where == place)


def operations_of(document: Mapping[str, Any]) -> Iterator[Operation]:
    """All operations in the order of the document."""
    for path, node in loose.table(document.get("paths")).items():
        item = refs.resolved(document, node)
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield _operation(document, method, path, item, loose.table(item[method]))


def _operation(
    document: Mapping[str, Any], method: str, path: str, item: Mapping[str, Any], operation: Mapping[str, Any]
) -> Operation:
    parameters: dict[tuple[str, str], Mapping[str, Any]] = {}
    for node in (*loose.items(item.get("parameters")), *loose.items(operation.get("parameters"))):
        found = refs.resolved(document, node)
        place, name = loose.text(found.get("in")), loose.text(found.get("name"))
        if place and name:
            parameters[place, name] = found
    return Operation(
        method=method,
        path=path,
        parameters=parameters,
        body=refs.resolved(document, operation.get("requestBody")),
        answer=_answer(document, operation),
        security=operation.get("security", document.get("security")),
    )


def _answer(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
    responses = loose.table(operation.get("responses"))
    good = next((code for code in ("200", "2XX", "201", "default") if code in responses), None)
    content = loose.table(refs.resolved(document, responses.get(good or "")).get("content"))
    media = next((one for kind, one in content.items() if "json" in kind), None)
    return loose.table(media).get("schema")


def schema_of(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> Any:
    """The schema of a parameter, with the example that stands beside it."""
    media = next(iter(loose.table(parameter.get("content")).values()), None)
    schema = parameter.get("schema", loose.table(media).get("schema", True))
    example = example_of(document, parameter) if media is None else example_of(document, loose.table(media))
    return schema if example is None else {**refs.resolved(document, schema), "example": example}


def example_of(document: Mapping[str, Any], node: Mapping[str, Any]) -> Any:
    """The example of a parameter or a media type: `example`, or the first value under `examples`."""
    if (example := node.get("example")) is not None:
        return example if loose.is_plain(example) else None
    for one in loose.table(node.get("examples")).values():
        value = refs.resolved(document, one).get("value")
        if value is not None and loose.is_plain(value):
            return value
    return None
