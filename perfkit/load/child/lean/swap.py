"""Puts lean users where a scenario asks for Locust's HttpUser and FastHttpUser, and tells what became of each class.

A class that the lean client cannot serve keeps Locust's: it is decided when the class is made, from what its body does.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Final

import locust
from locust.user.users import UserMeta

from perfkit.load.child import notes
from perfkit.load.child.http import user as lean
from perfkit.load.child.lean import fit
from perfkit.load.child.lean.clients import FastClient, RequestsClient

_DIFFERENCES: Final = "a server may be silent for 60 s, redirects and cookies are perfkit's"
_READS_STATS: Final = re.compile(r"\.stats\b")

_originals: Final[dict[type, type]] = {}
_kept: Final[dict[str, list[str]]] = {}


class _Fitting(UserMeta):
    """Makes a class with Locust's own base where the lean one does not do."""

    def __new__(mcs: type[_Fitting], name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        found = fit.reasons(body) if body.get("__module__") != __name__ else []
        if not found:
            return super().__new__(mcs, name, bases, body)
        _kept[name] = found
        own = tuple(_originals.get(base, base) for base in bases)
        if any(isinstance(base, _Fitting) for base in own):  # through another class, which was made lean already
            return super().__new__(mcs, name, bases, body)
        return UserMeta(name, own, body)


class HttpUser(lean.HttpUser, metaclass=_Fitting):
    """In the place of locust.HttpUser."""

    abstract = True
    client_class = RequestsClient
    trust_env = True
    pool_manager = None


class FastHttpUser(lean.HttpUser, metaclass=_Fitting):
    """In the place of locust.FastHttpUser, which does not check certificates unless told to."""

    abstract = True
    client_class = FastClient
    insecure = True
    concurrency = 10
    max_retries = 0
    client_pool = None


def install() -> None:
    """From now on whoever imports Locust's HTTP users gets these."""
    _originals.update({HttpUser: locust.HttpUser, FastHttpUser: locust.FastHttpUser})
    instead = {id(original): ours for ours, original in _originals.items()}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "locust":
            for key, value in list(vars(module).items()):
                if id(value) in instead:
                    setattr(module, key, instead[id(value)])
    locust.events.init.add_listener(_tell)


def _tell(environment: Any, **_: Any) -> None:
    """What was swapped, what was not and why, and what is different now."""
    kinds = environment.user_classes
    ours = [kind for kind in kinds if isinstance(kind, _Fitting)]
    names = ", ".join(kind.__name__ for kind in ours if kind.__name__ not in _kept)
    which = f"{names} of {len(kinds)} classes of users" if names else "no class of users"
    notes.tell(f"lean: {which} had perfkit's client" + (f"; {_DIFFERENCES}" if names else ""))
    for kind in kinds:
        if reasons := _kept.get(kind.__name__):
            has = "derives from a lean class and may fail" if kind in ours else "kept Locust's client"
            notes.tell(f"lean: {kind.__name__} {has}: it {', '.join(reasons)}")
    if ours and any(map(_reads_stats, environment.parsed_locustfiles)):
        environment.events.request.add_listener(_be_heard)
        notes.tell("lean: the scenario reads Locust's stats, so that each request is told to Locust too, which costs")


def _be_heard(**_: Any) -> None:
    """Lean users fire Locust's event when somebody listens, and then its own statistics hear of it too."""


def _reads_stats(file: str) -> bool:
    return _READS_STATS.search(Path(file).read_text(encoding="utf-8", errors="replace")) is not None
