"""The heap of one JVM, as `jcmd` would tell it: `GC.heap_info`, `GC.run`, `GC.class_histogram`. Knows their texts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from perfkit.errors import TargetError
from perfkit.samplers.attach import ask
from perfkit.samplers.door import COLLECTIONS, HeapFigures
from perfkit.samplers.snapshot import Summary

_UNITS: Final = {"B": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_SIZE: Final = r"(\d+)([BKMG])"
# "garbage-first heap   total 256000K, used 3072K", of Serial and Parallel one line for each generation, of ZGC
# "ZHeap   used 32M, capacity 256M", of Shenandoah "256M committed, 22912K used". The metaspace has no "total".
_USED: Final = (
    re.compile(rf"total (?:reserved \d+[BKMG], committed )?\d+[BKMG], used {_SIZE}"),
    re.compile(rf"ZHeap +used {_SIZE}"),
    re.compile(rf"committed, {_SIZE} used"),
)
_METASPACE: Final = re.compile(rf"Metaspace +used {_SIZE}")
_LIMIT: Final = re.compile(r"-XX:MaxHeapSize=(\d+)")
_CLASS: Final = re.compile(r"^ *\d+: +(\d+) +(\d+) +(\S+)", re.MULTILINE)
_PRIMITIVES: Final = dict(
    zip("BCDFIJSZ", ("byte", "char", "double", "float", "int", "long", "short", "boolean"), strict=True)
)
_SERIAL: Final = "+UseSerialGC"
_COMPACTING: Final = 4  # only every fourth full collection of Serial frees all that is dead
_Z: Final = "+UseZGC"


class Jvm:
    """What one JVM tells. Nothing is held open: each question is a connection of its own.

    Raises:
        TargetError: it is no JVM that can be asked.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._flags = ask(pid, "VM.flags")

    def heap(self) -> HeapFigures:
        text = ask(self.pid, "GC.heap_info")
        if (found := used(text)) is None:
            raise TargetError(f"JVM {self.pid} tells its heap in a form that perfkit does not know")
        return HeapFigures(used_bytes=found, external_bytes=metaspace(text), limit_bytes=limit(self._flags))

    def clean_heap(self) -> HeapFigures:
        for _ in range(_COMPACTING if _SERIAL in self._flags else COLLECTIONS):
            ask(self.pid, "GC.run")
        if _Z not in self._flags:
            return self.heap()
        held = sum(size for _, size in self.contents().values())  # ZGC tells its use in pages of 2 MB and more
        return replace(self.heap(), used_bytes=float(held))

    def contents(self) -> Summary:
        return histogram(ask(self.pid, "GC.class_histogram"))

    def close(self) -> None:
        """Nothing is held open."""


def used(heap_info: str) -> float | None:
    """Bytes in use in all generations of a heap, with what is garbage already; None in an unknown form."""
    for form in _USED:
        if found := form.findall(heap_info):
            return float(sum(int(count) * _UNITS[unit] for count, unit in found))
    return None


def metaspace(heap_info: str) -> float | None:
    """Bytes that classes take; they lie outside the heap."""
    found = _METASPACE.search(heap_info)
    return float(int(found[1]) * _UNITS[found[2]]) if found else None


def limit(flags: str) -> float | None:
    """Bytes that the heap may take, of `-Xmx` or of the JVM's own choice."""
    found = _LIMIT.search(flags)
    return float(found[1]) if found else None


def histogram(text: str) -> Summary:
    """Class, written as in Java → how many objects, and their own bytes."""
    total: dict[str, tuple[int, int]] = {}
    for count, size, name in _CLASS.findall(text):
        before = total.get(label := _in_java(name), (0, 0))  # two class loaders may have a class of one name
        total[label] = (before[0] + int(count), before[1] + int(size))
    return total


def _in_java(name: str) -> str:
    """`[B` is `byte[]`, `[[Ljava.lang.Object;` is `java.lang.Object[][]`."""
    element = name.lstrip("[")
    if element == name:
        return name
    plain = element[1:-1] if element.startswith("L") else _PRIMITIVES.get(element, element)
    return plain + "[]" * (len(name) - len(element))
