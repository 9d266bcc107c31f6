"""Why a class of users cannot have the lean client: what its code does with a client, read without running it.

Knows bytecode, and what the lean client has; makes no class. What a function does that is called from elsewhere is not
seen here: the client itself says then what it has not.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from types import CodeType
from typing import Any, Final

from locust import TaskSet

from perfkit.load.child.lean.clients import WITHOUT, RequestsClient

_SURFACE: Final = {*dir(RequestsClient), "base_url", "auth", "request_name"}
_LOADS: Final = {"LOAD_ATTR", "LOAD_METHOD"}
_SETTINGS: Final = ("pool_manager", "client_pool", "max_retries")
# Of replies and of requests' own library; named anywhere in the class they are taken to be meant.
_FOREIGN: Final = {
    *("request_meta", "get_dict", "dict_from_cookiejar", "apparent_encoding", "raw"),
    *("HTTPDigestAuth", "AuthBase", "HTTPAdapter", "OAuth1", "OAuth2Session", "HttpNtlmAuth", "HTTPKerberosAuth"),
}


def reasons(namespace: Mapping[str, Any]) -> list[str]:
    """What in the body of a class only Locust's own client can do: "uses client.mount", "sets pool_manager"."""
    found = [f"sets {name}" for name in _SETTINGS if namespace.get(name)]
    found += ["has a client of its own"] if "client" in namespace else []
    for code in _codes(namespace.values(), set()):
        found += _uses(code)
    return list(dict.fromkeys(found))


def _uses(code: CodeType) -> Iterator[str]:
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "PRECALL", "EXTENDED_ARG")]
    for step, following in pairwise(steps):
        if step.argval == "client" and step.opname == "STORE_ATTR":
            yield "has a client of its own"
        is_of_client = step.argval == "client" and step.opname in _LOADS
        if is_of_client and following.opname in (*_LOADS, "STORE_ATTR") and following.argval not in _SURFACE:
            yield f"uses client.{following.argval}"
    yield from (f"uses {name}" for name in code.co_names if name in _FOREIGN)
    keywords = {word for words in code.co_consts if isinstance(words, tuple) for word in words if isinstance(word, str)}
    yield from (f"passes {word}=" for word in WITHOUT if word in keywords)


def _codes(items: Iterable[Any], seen: set[int]) -> Iterator[CodeType]:
    """The code of functions, of task sets, and of what lies within them."""
    for item in items:
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, CodeType):
            yield item
            yield from _codes(item.co_consts, seen)
        elif isinstance(item, list | tuple | set):
            yield from _codes(item, seen)
        elif isinstance(item, dict):
            yield from _codes(item.keys(), seen)
        elif isinstance(item, type) and issubclass(item, TaskSet):
            own = (kind for kind in item.__mro__ if kind.__module__.partition(".")[0] != "locust")
            yield from _codes([value for kind in own for value in vars(kind).values()], seen)
        else:
            inner = getattr(item, "__wrapped__", None) or getattr(item, "__func__", None) or getattr(item, "fget", None)
            yield from _codes([found for found in (inner, getattr(item, "__code__", None)) if found], seen)
