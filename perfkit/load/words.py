"""The words that load children say, each a line of JSON: in a pipe to the parent, or in a message to a master."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Final, get_args

from perfkit.load.orders import Status
from perfkit.model import WorkerMark


@dataclass(frozen=True, slots=True)
class Listening:
    """A master's first word: workers may come to this port."""

    port: int


@dataclass(frozen=True, slots=True)
class Joining:
    """So many workers have come, of those that are expected; `refused` connections had another token, or none."""

    joined: int
    expected: int
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """The load begins: from now on a child ends gently when it is told to."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A remote worker's word: the scenario is loaded, and the master is called."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A remote worker's word: the master answers."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A remote worker's word: the master has given it a part of this phase, which loads `url`."""

    phase: str
    url: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A remote worker's word: the master will not have it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A remote worker's last word of a phase: whether its rows were fetched. `run_is_over`: no phase follows."""

    requests: int
    is_fetched: bool
    run_is_over: bool


Word = Status | Listening | Joining | Begun | Loaded | Heard | Joined | Refused | Handed
_WORDS: Final = {kind.__name__: kind for kind in get_args(Word)}


def to_line(word: Word) -> str:
    """As it goes through the pipe, or to the master."""
    return json.dumps({"word": type(word).__name__, **asdict(word)})


def from_line(line: str) -> Word:
    """What `to_line` made."""
    facts = json.loads(line)
    word: Word = _WORDS[facts.pop("word")](**facts)
    if isinstance(word, Status):
        return replace(word, workers=tuple(WorkerMark(**facts) for facts in facts["workers"]))
    return word
