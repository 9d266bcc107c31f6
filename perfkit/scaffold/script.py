"""What the importers say and the writers write: requests whose values are literal, or known at run time only.

Knows no source, no Python text and no TOML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Auth = tuple["Use", "Use"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks of an importer. `url` is the target that stands in place of the source's own."""

    url: str | None = None
    include_delete: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """A value that is known at run time only: told by an earlier reply, picked from a list, or of the environment."""

    name: str
    origin: Literal["found", "picked", "environment"]
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text with holes. In an address the literal parts are percent-encoded already."""

    parts: tuple[str | Use, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """`value`: for json a JSON tree with Text and Use among its leaves, for form (name, Text) pairs, for raw a Text."""

    kind: Literal["json", "form", "raw"]
    value: Any


@dataclass(frozen=True, slots=True)
class Extract:
    """What a reply tells for later: at a JSON pointer, by a pattern in its text, in a header, or in a cookie.

    `where` is the pointer, the pattern, or the name; `pattern` is what of a header is meant ("" is all of it).
    """

    name: str
    kind: Literal["json", "text", "header", "cookie"]
    where: str
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    """An id taken from the rows of a list at run time: the first of `keys` that a row has; `otherwise` without rows."""

    name: str
    address: Text
    list_name: str
    keys: tuple[str, ...]
    otherwise: Any
    headers: tuple[tuple[str, Text], ...] = ()
    auth: Auth | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `address` begins with "/"; `recorded_status` is what the recording's server answered."""

    name: str
    method: str
    address: Text
    headers: tuple[tuple[str, Text], ...] = ()
    body: Body | None = None
    auth: Auth | None = None
    think_s: float = 0.0
    extracts: tuple[Extract, ...] = ()
    picks: tuple[Pick, ...] = ()
    recorded_status: int | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """Steps of one user: one after the other (`in_order`), or each a task by itself. `cookies`: to begin with."""

    steps: tuple[Step, ...]
    in_order: bool
    cookies: Use | None = None


@dataclass(frozen=True, slots=True)
class MixedRequest:
    """One endpoint of a mix: how often it was asked for, and addresses that it was asked with."""

    name: str
    method: str
    count: int
    addresses: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Requests per minute, over the minutes in which there were any."""

    requests: int
    minutes: int
    median: float
    p95: float
    highest: int


@dataclass(frozen=True, slots=True)
class Mix:
    """Independent requests, by how often they were asked for."""

    requests: tuple[MixedRequest, ...]
    arrivals: Arrivals


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that the scenario reads, and what it holds."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """What the scenario does not do, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """All that was understood of a source. `url` is where it was at home; None: it does not say."""

    slug: str
    origin: str
    url: str | None
    load: Journey | Mix
    variables: tuple[Variable, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The endpoints that the scenario asks for, each once."""
        asked = self.load.requests if isinstance(self.load, Mix) else self.load.steps
        return tuple(dict.fromkeys(request.name for request in asked))
