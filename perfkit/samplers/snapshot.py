"""A V8 heap snapshot summed up by constructor. Knows the snapshot's JSON; asks no process.

Its nodes are one flat list of numbers, `node_fields` of them a node; names are places in `strings`. All objects of one
constructor share its name, so what leaks is what there is more of each time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Final

from perfkit.model import Grown

Summary = Mapping[str, tuple[int, int]]  # constructor, type or class → how many, and their own bytes

_BY_NAME: Final = ("object", "closure", "native")
_BY_KIND: Final = ("array", "string", "regexp", "concatenated string", "sliced string")


def summed_apart(pieces: Iterable[str]) -> Summary:
    """`summed`, in a process of its own: a large snapshot takes ten times its size, and for seconds all of a thread."""
    argv = [sys.executable, __file__]  # not -m: that would import the whole package first
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 (they are pipes)
        for piece in pieces:
            process.stdin.write(piece)
        process.stdin.close()
        found = json.loads(process.stdout.read())
    return {name: (count, size) for name, (count, size) in found.items()}


def summed(snapshot: str) -> Summary:
    """Constructor (strings and arrays by their kind) → how many, and their own bytes.

    Raises:
        ValueError: it is no heap snapshot.
    """
    import numpy as np

    document = json.loads(snapshot)
    try:
        meta = document["snapshot"]["meta"]
        fields, kinds = meta["node_fields"], meta["node_types"][0]
        nodes = np.asarray(document["nodes"], dtype=np.int64).reshape(-1, len(fields))
        names = document["strings"]
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("this is no heap snapshot") from error
    kind, name, size = (nodes[:, fields.index(field)] for field in ("type", "name", "self_size"))
    total: dict[str, tuple[int, int]] = {}
    for number in np.unique(kind):
        label = kinds[number]
        if label in _BY_NAME:
            chosen = kind == number
            places, where = np.unique(name[chosen], return_inverse=True)
            counts, sizes = np.bincount(where), np.bincount(where, weights=size[chosen])
            for place, count, bytes_ in zip(places, counts, sizes, strict=True):
                _add(total, _label(label, names[place]), int(count), int(bytes_))
        elif label in _BY_KIND:
            _add(total, f"({label})", int((kind == number).sum()), int(size[kind == number].sum()))
    return total


def _add(total: dict[str, tuple[int, int]], name: str, count: int, size: int) -> None:
    before = total.get(name, (0, 0))
    total[name] = (before[0] + count, before[1] + size)


def _label(kind: str, name: str) -> str:
    return f"{name or '(anonymous)'}()" if kind == "closure" else name


def grown(before: Summary, after: Summary, most: int = 10) -> tuple[Grown, ...]:
    """The constructors of which there is more, those that took most bytes first."""
    changes = []
    for name, (count, size) in after.items():
        count_before, size_before = before.get(name, (0, 0))
        if count > count_before and size > size_before:
            changes.append(Grown(name, count - count_before, size - size_before))
    return tuple(sorted(changes, key=lambda change: change.bytes, reverse=True)[:most])


if __name__ == "__main__":
    json.dump(summed(sys.stdin.read()), sys.stdout)
