"""EXPLAIN's text format, line by line, into the JSON of the same plan. Knows the layout, not what a plan means.

A node stands behind `->`; its properties follow, indented deeper, before its children. What stands at the root's own
indentation after the tree is of the whole statement. The names of the JSON's keys are in `text_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from perfkit.explain.text_statement import statement_property
from perfkit.explain.text_words import node_of, property_of, worker_times

_ARROW: Final = re.compile(r"^(?P<indent>\s*)->\s+(?P<node>\S.*)$")
_LABEL: Final = re.compile(r"^\s*(?P<name>(?:InitPlan|SubPlan|CTE) \S.*)$")
_ROOT: Final = re.compile(r"^\s*[A-Z][\w \".$-]*\S.*?  ?\((?:cost=|actual |never executed)")
_WORKER: Final = re.compile(r"^\s*Worker (?P<number>\d+):\s*(?P<rest>.*)$")
_PROPERTY: Final = re.compile(r"^\s*(?P<key>[A-Z][\w/ -]*):(?:\s+(?P<value>.*))?$", re.DOTALL)

_OF_MEMBERS: Final = ("Append", "Merge Append", "BitmapAnd", "BitmapOr")

Json = dict[str, Any]


@dataclass
class _Reading:
    """Where the reader is: the open nodes with the columns of their arrows, the label that the next node has."""

    document: Json
    stack: list[tuple[int, Json]]
    label: str | None = None
    worker: Json | None = None
    section: str | None = None


def is_root(line: str) -> bool:
    """Whether a plan begins here: a node with its costs or times."""
    return _ROOT.match(line) is not None and "->" not in line.partition("(")[0]


def read_tree(lines: list[str]) -> Json:
    """The object that FORMAT JSON would have put around this plan; the first line is the root node's."""
    left = len(lines[0]) - len(lines[0].lstrip())
    root = node_of(lines[0].strip())
    reading = _Reading({"Plan": root}, [(-1, root)])
    for line in _whole(lines[1:]):
        _read(reading, line[left:] if not line[:left].strip() else line.lstrip())
    return reading.document


def _whole(lines: list[str]) -> Iterator[str]:
    """Lines, with those put together between which a literal goes on: it may hold anything, `->` too."""
    parts: list[str] = []
    is_open = False
    for line in lines:
        parts.append(line)
        is_open = _is_open_after(line, is_open=is_open)
        if not is_open:
            yield "\n".join(parts)
            parts = []
    if parts:
        yield "\n".join(parts)


def _is_open_after(line: str, *, is_open: bool) -> bool:
    """Whether a literal goes on after the line. A quote inside of one is written twice, so it ends and begins."""
    quote = "'" if is_open else ""
    for sign in line:
        if sign in "'\"":
            quote = "" if sign == quote else quote or sign
    return quote == "'"


def _read(reading: _Reading, line: str) -> None:
    if arrow := _ARROW.match(line):
        _open_node(reading, len(arrow["indent"]), arrow["node"])
    elif not line.startswith(" "):
        _read_statement(reading, line)
    elif reading.section is not None:
        statement_property(reading.document, reading.section, line.strip())
    elif label := _LABEL.match(line):
        reading.label = label["name"]
    elif worker := _WORKER.match(line):
        _open_worker(reading, int(worker["number"]), worker["rest"])
    else:
        _read_property(reading, line)


def _open_node(reading: _Reading, column: int, text: str) -> None:
    while reading.stack[-1][0] >= column:
        reading.stack.pop()
    parent = reading.stack[-1][1]
    node = node_of(text)
    siblings = parent.setdefault("Plans", [])
    node["Parent Relationship"] = _relationship(parent, siblings, reading.label)
    if reading.label:
        node["Subplan Name"] = reading.label
    siblings.append(node)
    reading.stack.append((column, node))
    reading.label = reading.worker = None


def _relationship(parent: Json, siblings: list[Json], label: str | None) -> str:
    if label:
        return "SubPlan" if label.startswith("SubPlan") else "InitPlan"
    if parent["Node Type"] in _OF_MEMBERS:
        return "Member"
    if parent["Node Type"] == "Subquery Scan":
        return "Subquery"
    return "Inner" if any(one["Parent Relationship"] == "Outer" for one in siblings) else "Outer"


def _open_worker(reading: _Reading, number: int, rest: str) -> None:
    workers = reading.stack[-1][1].setdefault("Workers", [])
    known = next((one for one in workers if one["Worker Number"] == number), None)
    if known is None:
        known = {"Worker Number": number}
        workers.append(known)
    reading.worker = known
    if rest.startswith("actual "):
        worker_times(known, rest)
    elif rest:
        key, _, value = rest.partition(":")
        property_of(known, key, value.strip())


def _read_property(reading: _Reading, line: str) -> None:
    """A property of the node that was opened last."""
    node = reading.stack[-1][1]
    if found := _PROPERTY.match(line):
        is_workers = reading.worker is not None and found["key"] in ("Buffers", "I/O Timings", "WAL")
        target = reading.worker if is_workers and reading.worker is not None else node
        property_of(target, found["key"], found["value"] or "")


def _read_statement(reading: _Reading, line: str) -> None:
    key, _, value = line.partition(":")
    reading.section = None if value.strip() and key != "Serialization" else key
    if value.strip():
        statement_property(reading.document, key, value.strip())
