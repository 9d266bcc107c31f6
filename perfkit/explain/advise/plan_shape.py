"""What a plan does, without its figures: its shape and the indexes it uses. Reads documents of EXPLAIN."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

# Names no ANALYZE, not even as false: HypoPG is silently off then.
PLAN: Final = "FORMAT JSON"


def index_names(document: Any) -> Iterator[str]:
    """The indexes that a plan uses."""
    for node in plan_nodes(document["Plan"]):
        if "Index Name" in node:
            yield node["Index Name"]


def plan_nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node.get("Plans", ()):
        yield from plan_nodes(child)


def shape(document: Any) -> tuple[str, ...]:
    """A plan without its figures: two plans of the same shape do the same."""
    keys = ("Node Type", "Relation Name", "Index Name", "Alias", "Join Type", "Index Cond", "Filter", "Sort Key")
    return tuple(
        str([re.sub(r"\s+", " ", str(node.get(key))) for key in keys]) for node in plan_nodes(document["Plan"])
    )
