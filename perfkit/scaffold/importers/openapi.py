"""An OpenAPI document (2.0, 3.0, 3.1) → one task for each operation that can be called, and why the others cannot.

Knows which operations are called and how ids reach their paths; what is sent else, others make up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from perfkit.errors import UsageError
from perfkit.scaffold import addresses, loose, names, source
from perfkit.scaffold.api import called, declared
from perfkit.scaffold.api.declared import Operation
from perfkit.scaffold.api.holes import Api, Ids, open_api, path_of, said
from perfkit.scaffold.api.swagger2 import as_openapi_3
from perfkit.scaffold.api.underivable import UnderivableError
from perfkit.scaffold.script import Body, Imported, Journey, Skipped, Step, Text, Wishes
from perfkit.scaffold.secrecy.vault import Vault

MOST_OPERATIONS: Final = 2_000
_HINT: Final = "an OpenAPI document begins with openapi: 3.x or swagger: 2.0, and has paths"


def read(file: Path, wishes: Wishes) -> tuple[Imported, Vault]:
    """The operations of an OpenAPI document as steps; they still hold the secrets of its examples.

    Raises:
        UsageError: it cannot be read, is no OpenAPI document, or none of its operations can be called.
    """
    document = _document(file)
    info = loose.table(document.get("info"))
    title = loose.text(info.get("title")) or "API"
    slug = names.slug(title, "api")
    vault = Vault(slug)
    operations = list(declared.operations_of(document))
    url, base = _home(document, wishes)
    known = open_api(document, base, operations, vault)
    steps, skipped = _steps(known, operations, wishes)
    if not steps:
        why = f": {skipped[0].name}: {skipped[0].reason}" if skipped else ""
        raise UsageError(f"none of the {len(operations):,} operations of {file} can be called{names.one_line(why)}")
    origin = f"{file.name}, the API of {title}: {len(steps):,} of {len(operations):,} operations"
    return Imported(slug, origin, url, Journey(steps, in_order=False), skipped=skipped), vault


def _document(file: Path) -> Mapping[str, Any]:
    document = loose.table(source.document_of(file))
    version = str(document.get("openapi") or document.get("swagger") or "")[:20]
    if not version:
        raise UsageError(f"{file} is no OpenAPI document: it has neither openapi nor swagger", hint=_HINT)
    if not loose.table(document.get("paths")):
        raise UsageError(f"{file} is an OpenAPI document without paths", hint=_HINT)
    if not re.match(r"2\.|3\.|2$|3$", version):
        raise UsageError(f"{file} is of OpenAPI version {version!r}; known are 2.0, 3.0 and 3.1")
    return as_openapi_3(document) if version.startswith("2") else document


def _home(document: Mapping[str, Any], wishes: Wishes) -> tuple[str | None, str]:
    """The origin of the first server, and the path that all paths begin with: --host has a path of its own, or none."""
    server = next(loose.tables(document.get("servers")), {})
    url = loose.text(server.get("url"))
    for name, variable in loose.table(server.get("variables")).items():
        url = url.replace(f"{{{name}}}", str(loose.table(variable).get("default", ""))[:200])
    is_given_path = wishes.url is not None and addresses.target_of(wishes.url)[1]
    return addresses.origin_or_none(url), "" if is_given_path else addresses.base_path_of(url)


def _steps(known: Api, operations: list[Operation], wishes: Wishes) -> tuple[tuple[Step, ...], tuple[Skipped, ...]]:
    steps: list[Step] = []
    skipped: list[Skipped] = []
    for operation in operations:
        name = names.one_line(operation.name)[: names.LONGEST_NAME]
        try:
            _require_wanted(operation, wishes, len(steps))
            steps.append(_step(known, operation, name))
        except UnderivableError as error:
            skipped.append(Skipped(name, names.one_line(error.reason)[: names.LONGEST_NAME]))
    return tuple(steps), tuple(skipped)


def _require_wanted(operation: Operation, wishes: Wishes, count: int) -> None:
    if operation.method in ("options", "trace"):
        raise UnderivableError("is no load")
    if operation.method == "delete" and not wishes.include_delete:
        raise UnderivableError("deletes; include it with --include-delete")
    if not operation.path.startswith("/"):
        raise UnderivableError("its path does not begin with /")
    if count >= MOST_OPERATIONS:
        raise UnderivableError(f"comes after the first {MOST_OPERATIONS:,}")


def _step(known: Api, operation: Operation, name: str) -> Step:
    body, content_type = called.body_of(known.document, operation, known.sampler)
    path, chosen = path_of(known, operation)
    headers, query, credentials = said(known, operation)
    ids = Ids(known, chosen)
    query = ids.in_query(query)
    if body and body.kind == "json":
        body = Body("json", ids.in_body(body.value))
    if content_type:
        headers = (*headers, ("Content-Type", Text((content_type,))))
    address = Text((*path, *query))
    return Step(name, operation.method.upper(), address, headers, body, credentials.auth, picks=ids.picks)
