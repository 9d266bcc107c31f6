"""What a CPython process says of its own objects. Runs inside it, brought there by `sys.remote_exec`.

So it loads no module but `gc`, `sys` and `time`, which are part of the interpreter, leaves nothing behind, and answers
with a line in a file.
"""

from __future__ import annotations

import gc
import sys
import time

COLLECTIONS = 2  # what the first one frees may have held what the second one finds
LONGEST_S = 10.0
PIECE = 1000


def answer(number: int, what: str, path: str) -> None:
    """Write what was asked for as a literal; what went wrong as `error`."""
    try:
        told: dict[str, object] = {"blocks": blocks, "objects": objects}[what]()
    except Exception as error:  # noqa: BLE001 (nothing may reach the application)
        told = {"error": f"{type(error).__name__}: {error}"}
    told["number"] = number
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 (pathlib may not be loaded here)
        file.write(f"{told!r}\n")


def blocks() -> dict[str, object]:
    """Allocated blocks, and the bytes that tracemalloc counts where the application has started it."""
    tracer = sys.modules.get("tracemalloc")
    traced = tracer.get_traced_memory()[0] if tracer is not None and tracer.is_tracing() else None
    return {"blocks": sys.getallocatedblocks(), "traced_bytes": traced}


def objects() -> dict[str, object]:
    """Type → how many objects and their own bytes, after a collection: what it tracks, and what that holds."""
    for _ in range(COLLECTIONS):
        gc.collect()
    deadline = time.monotonic() + LONGEST_S
    todo = gc.get_objects()
    total: dict[type, list[int]] = {}
    seen: set[int] = set()
    while todo:
        if time.monotonic() > deadline:
            return {"error": f"it holds more objects than can be counted in {LONGEST_S:g} s"}
        piece = todo[-PIECE:]
        del todo[-PIECE:]
        for one in piece:
            if (entry := total.get(type(one))) is None:
                entry = total[type(one)] = [0, 0]
            entry[0] += 1
            entry[1] += size(one)
        for one in gc.get_referents(*piece):  # text, numbers and their like are tracked by no collector
            if not gc.is_tracked(one) and id(one) not in seen:
                seen.add(id(one))
                todo.append(one)
    return {"types": summed(total), **blocks()}


def size(one: object) -> int:
    """Its own bytes. What a class of the application says of its size is not asked for: it may take for ever."""
    try:
        return object.__sizeof__(one) if type(type(one).__sizeof__) is FUNCTION else sys.getsizeof(one)
    except Exception:  # noqa: BLE001 (objects of all kinds)
        return 0


FUNCTION = type(size)


def summed(total: dict[type, list[int]]) -> dict[str, tuple[int, int]]:
    """By name, as several types may share one."""
    found: dict[str, tuple[int, int]] = {}
    for kind, (count, size_) in total.items():
        before = found.get(label := name(kind), (0, 0))
        found[label] = (before[0] + count, before[1] + size_)
    return found


def name(kind: type) -> str:
    module = kind.__dict__.get("__module__")
    return f"{module}.{kind.__qualname__}" if isinstance(module, str) and module != "builtins" else kind.__qualname__
