"""The lines below a plan in EXPLAIN's text format, which are of the whole statement, as keys and values of its JSON."""

from __future__ import annotations

import re
from typing import Any, Final

Json = dict[str, Any]

_MS: Final = re.compile(r"([\d.]+)\s*ms")
_SETTING: Final = re.compile(r"([\w.]+) = '((?:[^']|'')*)'")


def statement_property(document: Json, key: str, value: str) -> None:
    """Put a line of the whole statement into the document; what is not known is left out.

    `key` is the section where the line stands in one (`JIT`, `Planning`, `Serialization`): then it is in `value`.
    """
    if key in ("Planning Time", "Execution Time", "Total runtime"):
        found = _MS.search(value)
        name = "Execution Time" if key == "Total runtime" else key
        document |= {name: float(found[1])} if found else {}
    elif key == "Settings":
        document["Settings"] = {name: told.replace("''", "'") for name, told in _SETTING.findall(value)}
    elif key == "JIT":
        _jit(document.setdefault("JIT", {}), value)
    elif key == "Serialization" and value.startswith(("time", "output")):
        figures = dict(re.findall(r"(time|output)=([\d.]+)", value))
        time = {"Time": float(figures["time"])} if "time" in figures else {}
        document["Serialization"] = time | {"Output Volume": int(float(figures.get("output", 0)))}
    elif key.startswith("Trigger "):
        _trigger(document, key, value)


def _jit(jit: Json, line: str) -> None:
    name, _, value = line.partition(": ")
    if name == "Functions":
        jit["Functions"] = int(value)
    elif name == "Timing" and (total := re.search(r"Total ([\d.]+) ms", value)):
        jit["Timing"] = {"Total": float(total[1])}


def _trigger(document: Json, key: str, value: str) -> None:
    words = key.removeprefix("Trigger ")
    words = words if not words.startswith("for constraint") else f" {words}"
    found = re.match(r"^(?P<name>\S+)?(?: for constraint (?P<constraint>\S+))?(?: on (?P<relation>\S+))?$", words)
    figures = dict(re.findall(r"(time|calls)=([\d.]+)", value))
    named = found.groupdict() if found else {"name": words, "constraint": None, "relation": None}
    keys = {"name": "Trigger Name", "constraint": "Constraint Name", "relation": "Relation"}
    trigger: Json = {keys[part]: told for part, told in named.items() if told}
    if "time" in figures:
        trigger["Time"] = float(figures["time"])
    document.setdefault("Triggers", []).append(trigger | {"Calls": int(figures.get("calls", 0))})
