"""JSON becomes a value of an annotated type, or the error says where it has another shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pytest

from perfkit import shape


@dataclass(frozen=True)
class Leaf:
    word: str
    size: float = 1.0


@dataclass(frozen=True)
class Tree:
    kind: Literal["oak", "elm"]
    leaves: tuple[Leaf, ...]
    span: tuple[float, float] | None = None
    counts: Mapping[str, int] | None = None
    details: Any = None


TREE = Tree("oak", (Leaf("a"), Leaf("b", 2.5)), (1.0, 2.0), {"x": 1}, {"any": [None]})


def test_what_was_written_is_read() -> None:
    assert shape.build(Tree, json.loads(json.dumps(asdict(TREE)))) == TREE


def test_unknown_keys_are_left_out() -> None:
    assert shape.build(Leaf, {"word": "a", "newer": 1}) == Leaf("a")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([], "it is not an object"),
        ({"leaves": []}, "it has no kind"),
        ({"kind": "fir", "leaves": []}, "it.kind is not one of oak, elm"),
        ({"kind": [], "leaves": []}, "it.kind is not one of oak, elm"),
        ({"kind": "oak", "leaves": {}}, "it.leaves is not a list"),
        ({"kind": "oak", "leaves": [{"word": "a"}, {"word": 7}]}, "it.leaves[1].word is not a text"),
        ({"kind": "oak", "leaves": [{"word": "a", "size": True}]}, "it.leaves[0].size is not a number"),
        ({"kind": "oak", "leaves": [], "span": [1.0]}, "it.span is not a list of 2"),
        ({"kind": "oak", "leaves": [], "counts": {"x": "1"}}, "it.counts.x is not a number"),
    ],
)
def test_another_shape_is_refused_with_its_place(raw: object, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        shape.build(Tree, raw)
