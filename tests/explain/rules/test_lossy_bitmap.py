"""A bitmap of whole pages: found, with the memory that it wants; left alone when it fits."""

from __future__ import annotations

from perfkit.explain.rules import lossy_bitmap
from tests.explain.rules.asking import ask

SUMMED = "SELECT sum(length(body)) FROM broad WHERE bucket = 3"
BY_BITMAP = ("enable_seqscan=off", "enable_indexscan=off")


def test_a_bitmap_that_does_not_fit_is_found(shop: str) -> None:
    (finding,) = ask(lossy_bitmap, shop, SUMMED, "work_mem=64kB", *BY_BITMAP)
    assert "rows are checked again in vain" in finding.title
    size = (finding.sql or "").split("'")[1]
    assert ask(lossy_bitmap, shop, SUMMED, f"work_mem={size}", *BY_BITMAP) == []


def test_a_bitmap_that_is_exact_is_left_alone(shop: str) -> None:
    assert ask(lossy_bitmap, shop, SUMMED, "work_mem=4MB", *BY_BITMAP) == []


def test_few_whole_pages_are_left_alone(shop: str) -> None:
    sql = "SELECT sum(actor) FROM event WHERE kind = 3"
    assert ask(lossy_bitmap, shop, sql, "work_mem=64kB", *BY_BITMAP) == []
