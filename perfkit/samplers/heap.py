"""Read the heap that an application tells of itself in a JSON endpoint. Knows HTTP and JSON pointers, no runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urljoin

import httpx

from perfkit.errors import TargetError
from perfkit.model import Config, Heap
from perfkit.samplers.process import SOURCE

TIMEOUT_S: Final = 2.0


def from_config(config: Config) -> Sequence[HeapEndpoint]:
    heap = config.target.heap
    return [HeapEndpoint(config.target.url, heap)] if isinstance(heap, Heap) else []


class HeapEndpoint:
    """`heap_used_bytes` and `heap_limit_bytes` of the target."""

    source = SOURCE
    period_s = 1.0

    def __init__(self, base_url: str, heap: Heap) -> None:
        self._heap = heap
        self._url = urljoin(base_url + "/", heap.url.lstrip("/"))
        self._tls = httpx.create_ssl_context()  # costs 20 ms, so once

    def read(self) -> Mapping[str, float]:
        """Raises:
        TargetError: it answers nothing, no JSON, or no number where it should be.
        """
        document = self._document()
        wanted = {"heap_used_bytes": self._heap.used, "heap_limit_bytes": self._heap.limit}
        found = {name: point(document, pointer) for name, pointer in wanted.items() if pointer is not None}
        for name, value in found.items():
            if not isinstance(value, (int, float)):
                message = f"{self._url} has no number at {wanted[name]}"
                raise TargetError(message, hint="write the JSON pointers of heap.used and heap.limit as it answers")
        return {name: float(value) for name, value in found.items()}

    def _document(self) -> Any:
        try:
            answer = httpx.get(self._url, timeout=TIMEOUT_S, trust_env=False, verify=self._tls)
        except httpx.HTTPError as error:
            raise TargetError(f"{self._url} does not answer within {TIMEOUT_S:g} s") from error
        try:
            return answer.json()
        except ValueError as error:
            kind = answer.headers.get("content-type", "something").partition(";")[0]
            message = f"{self._url} answers {answer.status_code} with {kind}, which is no JSON"
            raise TargetError(message, hint="name the endpoint that tells the heap in heap.url") from error

    def close(self) -> None:
        """Nothing is held open."""


def point(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) names in a document; None when there is no such place."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document
