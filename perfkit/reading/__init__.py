"""How judged results are read: which metric stands in which cell, which verdict fails, how the whole run stands.

Every renderer (HTML, Markdown, JUnit, terminal) asks here, so that they cannot disagree. Computes no figure.
"""

from perfkit.reading.sheets import FilledCell, FilledRow, fill
from perfkit.reading.standings import Standing, Word, standing
from perfkit.reading.verdicts import UNMEASURED, Index, index, is_discarded, is_failing, verdict_of
from perfkit.reading.words import (
    FEW,
    amount,
    blocks_note,
    captured_otherwise,
    change_text,
    cost_text,
    factor,
    is_of_few,
    marked,
    marked_amount,
    overlap_text,
    scope_text,
    share,
    shortened,
    target_text,
    times_text,
)

__all__ = [
    "FEW",
    "UNMEASURED",
    "FilledCell",
    "FilledRow",
    "Index",
    "Standing",
    "Word",
    "amount",
    "blocks_note",
    "captured_otherwise",
    "change_text",
    "cost_text",
    "factor",
    "fill",
    "index",
    "is_discarded",
    "is_failing",
    "is_of_few",
    "marked",
    "marked_amount",
    "overlap_text",
    "scope_text",
    "share",
    "shortened",
    "standing",
    "target_text",
    "times_text",
    "verdict_of",
]
