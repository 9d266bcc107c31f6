"""The words of EXPLAIN's text format as keys and values of its JSON. Knows no layout and no meaning.

Source: src/backend/commands/explain.c prints both from the same facts. A property that is not known here keeps its
name, and its value as text, or as a number where it is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

Json = dict[str, Any]

_NODE: Final = re.compile(
    r"^(?P<head>.*?)"
    r"(?:\s+\(cost=(?P<startup>[\d.]+)\.\.(?P<total>[\d.]+) rows=(?P<rows>\d+) width=(?P<width>\d+)\))?"
    r"(?:\s+\(actual (?:time=(?P<first>[\d.]+)\.\.(?P<last>[\d.]+) )?rows=(?P<actual>[\d.]+) loops=(?P<loops>\d+)\)"
    r"|\s+(?P<never>\(never executed\)))?\s*$"
)
_JOIN: Final = re.compile(r"^(Nested Loop|Hash|Merge)(?: (Left|Right|Full|Semi|Anti|Right Semi|Right Anti))?( Join)?$")
_AGGREGATE: Final = re.compile(r"^(?:(Partial|Finalize) )?(Hash|Group|Mixed)?Aggregate$")
_SET_OPERATION: Final = re.compile(r"^(Hash)?SetOp (.+)$")
_STRATEGIES: Final = {None: "Plain", "Hash": "Hashed", "Group": "Sorted", "Mixed": "Mixed"}
_MODIFYING: Final = ("Insert", "Update", "Delete", "Merge")
# What stands behind "on" where that is no table.
_TARGETS: Final = {
    "Function Scan": "Function Name",
    "Table Function Scan": "Table Function Name",
    "CTE Scan": "CTE Name",
    "WorkTable Scan": "CTE Name",
    "Named Tuplestore Scan": "Tuplestore Name",
}
_NO_TARGET: Final = ("Subquery Scan", "Values Scan")
_NAME: Final = r'(?:"(?:[^"]|"")*"|[^\s".]+)'
_ON: Final = re.compile(
    rf"^(?P<kind>.+?)(?: using (?P<index>{_NAME}))? on (?:(?P<schema>{_NAME})\.)?(?P<name>{_NAME}|\*[A-Z]+\*)"
    rf"(?: (?P<alias>{_NAME}))?$"
)

_LISTS: Final = frozenset({"Sort Key", "Group Key", "Presorted Key", "Output", "Conflict Arbiter Indexes", "Hash Key"})
_FLAGS: Final = frozenset({"Disabled", "Single Copy", "Inner Unique"})
_NUMBER: Final = re.compile(r"^-?\d+(\.\d+)?$")
_PAIR: Final = re.compile(r"([A-Z][\w -]*?): ([^:]*?)(?=  [A-Z]|$)")
_EQUAL: Final = re.compile(r"(\w[\w -]*?)=([\d.]+)")
_RENAMED: Final = {
    "Buckets": "Hash Buckets",
    "Memory Usage": "Peak Memory Usage",
    "Memory": "Sort Space Used",
    "Disk": "Sort Space Used",
    "Hits": "Cache Hits",
    "Misses": "Cache Misses",
    "Evictions": "Cache Evictions",
    "Overflows": "Cache Overflows",
}
_AREAS: Final = ("Shared", "Local", "Temp")
_ACTIONS: Final = ("Hit", "Read", "Dirtied", "Written")


def node_of(text: str) -> Json:
    """A node's line, without its arrow, as JSON."""
    found = _NODE.match(text)
    if found is None:
        return {"Node Type": text, "Plan Rows": 0}
    node = _kind_of(found["head"].strip())
    node |= {"Plan Rows": int(found["rows"] or 0), "Plan Width": int(found["width"] or 0)}
    if found["total"]:
        node |= {"Startup Cost": float(found["startup"]), "Total Cost": float(found["total"])}
    if found["never"]:
        node |= {"Actual Startup Time": 0.0, "Actual Total Time": 0.0, "Actual Rows": 0.0, "Actual Loops": 0}
    elif found["actual"]:
        node |= {"Actual Rows": float(found["actual"]), "Actual Loops": int(found["loops"])}
        if found["last"]:
            node |= {"Actual Startup Time": float(found["first"]), "Actual Total Time": float(found["last"])}
    return node


def _kind_of(head: str) -> Json:
    node: Json = {}
    for prefix, key in (("Parallel ", "Parallel Aware"), ("Async ", "Async Capable")):
        if head.startswith(prefix):
            head, node[key] = head.removeprefix(prefix), True
    found = _ON.match(head)
    if found is None:
        return node | _plain_kind(head)
    kind, name = found["kind"], _unquoted(found["name"])
    if kind.endswith(" Backward"):
        kind, node["Scan Direction"] = kind.removesuffix(" Backward"), "Backward"
    node |= _plain_kind(kind)
    if kind == "Bitmap Index Scan":
        return node | {"Index Name": name}
    if found["schema"]:
        node["Schema"] = _unquoted(found["schema"])
    if found["index"]:
        node["Index Name"] = _unquoted(found["index"])
    if kind not in _NO_TARGET:
        node[_TARGETS.get(kind, "Relation Name")] = name
    return node | {"Alias": _unquoted(found["alias"] or found["name"])}


def _plain_kind(kind: str) -> Json:
    """Where the text format has a name for each way of doing a thing, JSON has one name and tells the way apart."""
    if join := _JOIN.match(kind):
        name = join[1] if join[1] == "Nested Loop" else f"{join[1]} Join"
        if name == "Nested Loop" or join[3]:
            return {"Node Type": name, "Join Type": join[2] or "Inner"}
    if aggregate := _AGGREGATE.match(kind):
        mode = aggregate[1] or "Simple"
        return {"Node Type": "Aggregate", "Strategy": _STRATEGIES[aggregate[2]], "Partial Mode": mode}
    if operation := _SET_OPERATION.match(kind):
        strategy = "Hashed" if operation[1] else "Sorted"
        return {"Node Type": "SetOp", "Strategy": strategy, "Command": operation[2]}
    if kind in _MODIFYING:
        return {"Node Type": "ModifyTable", "Operation": kind}
    return {"Node Type": kind}


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def property_of(node: Json, key: str, value: str) -> None:
    """Put a property's line into the node."""
    if reader := _READERS.get(key):
        reader(node, value)
    elif key in _LISTS:
        node[key] = _split_list(value)
    else:
        node[key] = _value(value) if key not in _FLAGS else value == "true"


def _value(text: str) -> Any:
    if _NUMBER.match(text):
        return float(text) if "." in text else int(text)
    return text


def _split_list(text: str) -> list[str]:
    """The expressions between the commas that stand outside of brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        else:
            depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def _kb(text: str) -> Any:
    return int(text.removesuffix("kB")) if text.endswith("kB") else _value(text)


def _pairs(first: str) -> Callable[[Json, str], None]:
    """A line of several properties, two blanks between them, of which the first has the name `first`."""

    def read(node: Json, value: str) -> None:
        for name, told in _PAIR.findall(f"{first}: {value}"):
            number, _, origin = told.partition(" (originally ")
            node[_renamed(node, name)] = _kb(number.strip())
            if name in ("Memory", "Disk"):
                node["Sort Space Type"] = name
            if origin:
                node[f"Original {_renamed(node, name)}"] = _kb(origin.rstrip(")"))

    return read


def _renamed(node: Json, name: str) -> str:
    if name == "Batches":
        return "Hash Batches" if node.get("Node Type") == "Hash" else "HashAgg Batches"
    return _RENAMED.get(name, name)


def _heap_blocks(node: Json, value: str) -> None:
    for kind, blocks in _EQUAL.findall(value):
        node[f"{kind.strip().capitalize()} Heap Blocks"] = int(blocks)


def _buffers(node: Json, value: str) -> None:
    node |= {
        f"{area} {action} Blocks": 0 for area in _AREAS for action in _ACTIONS if (area, action) != ("Temp", "Hit")
    }
    node.pop("Temp Dirtied Blocks")
    for part in value.split(","):
        area, *told = part.split()
        for action, blocks in (one.split("=") for one in told):
            node[f"{area.capitalize()} {action.capitalize()} Blocks"] = int(blocks)


def _io_timings(node: Json, value: str) -> None:
    for part in value.split(","):
        area = [word for word in part.split() if "=" not in word]
        for action, ms in _EQUAL.findall(part.replace(area[0], "") if area else part):
            node[" ".join([*(word.capitalize() for word in area), f"I/O {action.strip().capitalize()} Time"])] = float(
                ms
            )


def _wal(node: Json, value: str) -> None:
    for name, figure in _EQUAL.findall(value):
        node[f"WAL {name.strip().upper() if name.strip() == 'fpi' else name.strip().capitalize()}"] = int(figure)


def _sort_groups(key: str) -> Callable[[Json, str], None]:
    """Of an incremental sort: `3  Sort Method: quicksort  Average Memory: 32kB  Peak Memory: 32kB`."""

    def read(node: Json, value: str) -> None:
        methods = re.findall(r"Sort Methods?: (.+?)(?=  |$)", value)
        spaces = {
            f"Sort Space {where}": {"Average Sort Space Used": int(mean), "Peak Sort Space Used": int(peak)}
            for where, mean, peak in re.findall(r"Average (\w+): (\d+)kB  Peak \w+: (\d+)kB", value)
        }
        methods_used = [method for told in methods for method in told.split(", ")]
        node[key] = {"Group Count": int(value.partition(" ")[0]), "Sort Methods Used": methods_used} | spaces

    return read


def worker_times(node: Json, value: str) -> None:
    """A worker's own times, which VERBOSE tells: `actual time=0.1..0.2 rows=3 loops=1`."""
    for name, figure in re.findall(r"(rows|loops)=([\d.]+)", value):
        node[f"Actual {name.capitalize()}"] = float(figure)


_READERS: Final[dict[str, Callable[[Json, str], None]]] = {
    "Sort Method": _pairs("Sort Method"),
    "Buckets": _pairs("Buckets"),
    "Batches": _pairs("Batches"),
    "Planned Partitions": _pairs("Planned Partitions"),
    "Hits": _pairs("Hits"),
    "Storage": _pairs("Storage"),
    "Heap Blocks": _heap_blocks,
    "Full-sort Groups": _sort_groups("Full-sort Groups"),
    "Pre-sorted Groups": _sort_groups("Pre-sorted Groups"),
    "Buffers": _buffers,
    "I/O Timings": _io_timings,
    "WAL": _wal,
}
