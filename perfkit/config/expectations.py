"""What is asked of the run: [[expect]], and the plans' own tables, [[sheet]] with [[sheet.row]].

Knows how rows and columns become cells; the grammar of an expectation is grammar.py's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from perfkit import grammar
from perfkit.config.section import Section, quoted
from perfkit.model import Expectation, Sheet, SheetCell, SheetRow

_ONE_COLUMN: Final = ("Value",)
_NAMES_ENDPOINT: Final = re.compile(r"endpoint\s*=")
_NEARLY: Final = 0.8  # of difflib's ratio: "concurent" is "concurrent", "Quotations" is not "quotes"

Selector = tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an expectation may name: metrics (name → what it is) and phases."""

    metrics: Mapping[str, str]
    phases: tuple[str, ...]


def read_expectations(root: Section, words: Vocabulary) -> list[Expectation]:
    """Those of `[[expect]]`; a wrong one is noted and left out."""
    found = [_read_expectation(section, words) for section in root.sections("expect")]
    return [expectation for expectation in found if expectation is not None]


def _read_expectation(section: Section, words: Vocabulary) -> Expectation | None:
    section.require("that")
    that = section.text("that")
    facts = {**_facts(section), "documented": section.text_or_none("documented")}
    section.finish()
    if not that.strip():
        return None
    try:
        expectation = grammar.parse_expectation(that, metrics=words.metrics, phases=words.phases, **facts)
    except grammar.GrammarError as error:
        section.note("that", _said(error))
        return None
    _check_endpoint(section, "that", that, expectation.select, words)
    return expectation


def _facts(section: Section) -> dict[str, Any]:
    """What stands beside a target, in [[expect]] as in [[sheet.row]], by the names of Expectation's fields."""
    return {
        "is_optional": section.flag("optional"),
        "is_advisory": section.flag("advisory"),
        "priority": section.text_or_none("priority"),
        "milestone": section.text_or_none("milestone"),
    }


def _said(error: grammar.GrammarError) -> str:
    return f"{error} (character {error.position + 1})"


def _check_endpoint(section: Section, key: str, text: str, select: Mapping[str, str], words: Vocabulary) -> None:
    """A bare word that is no phase is an endpoint; one that nearly is a phase is a phase mistyped."""
    endpoint = select.get("endpoint", "*")
    if "phase" in select or _NAMES_ENDPOINT.search(text):
        return
    lower = {phase.lower(): phase for phase in words.phases}
    for near in get_close_matches(endpoint.lower(), sorted(lower), n=1, cutoff=_NEARLY):
        way_out = f"an endpoint of that name is written endpoint={endpoint}"
        section.note(key, f"there is no phase {quoted(endpoint)}; did you mean {lower[near]!r}? ({way_out})")


def read_sheets(root: Section, words: Vocabulary) -> tuple[Sheet, ...]:
    return tuple(_read_sheet(section, words) for section in root.sections("sheet"))


def _read_sheet(section: Section, words: Vocabulary) -> Sheet:
    section.require("title", "row")
    columns = section.words("columns") or _ONE_COLUMN
    selectors = _read_selectors(section, columns, words)
    sheet = Sheet(
        title=section.text("title"),
        header=section.text("header", "Endpoint"),
        columns=columns,
        rows=tuple(_read_row(row, columns, selectors, words) for row in section.sections("row")),
        source=section.text_or_none("source"),
    )
    section.finish(rows="unknown key; rows are tables, each with the header [[sheet.row]]")
    return sheet


def _read_selectors(section: Section, columns: tuple[str, ...], words: Vocabulary) -> list[Selector | None]:
    """The selectors under `cells`, one for each column; a wrong one is noted and is None."""
    texts = section.words("cells")
    if texts and len(texts) != len(columns):
        section.note("cells", f"has {len(texts)} for {len(columns)} columns ({', '.join(columns)})")
    return [_parse_selector(section, "cells", text, words) for text in texts[: len(columns)]]


def _parse_selector(section: Section, key: str, text: str, words: Vocabulary) -> Selector | None:
    try:
        metric, select = grammar.parse_select(text, metrics=words.metrics, phases=words.phases)
    except grammar.GrammarError as error:
        section.note(key, _said(error))
        return None
    _check_endpoint(section, key, text, select, words)
    return metric, select


def _read_row(
    section: Section, columns: tuple[str, ...], selectors: list[Selector | None], words: Vocabulary
) -> SheetRow:
    section.require("name")
    own = _selectors_of_row(section, columns, selectors, words)
    documented, targets = _texts(section, "documented", columns), _texts(section, "target", columns)
    facts = _facts(section)
    cells = (
        _cell(section, selector, said, target, facts)
        for selector, said, target in zip(own, documented, targets, strict=False)
        if selector
    )
    row = SheetRow(name=section.text("name"), cells=tuple(cells), priority=facts["priority"])
    section.finish()
    return row


def _selectors_of_row(
    section: Section, columns: tuple[str, ...], selectors: list[Selector | None], words: Vocabulary
) -> list[Selector | None]:
    """A row's own `cells`, or its one `metric`, or the sheet's cells with the row's endpoint."""
    has_cells, has_metric, has_endpoint = (key in section for key in ("cells", "metric", "endpoint"))
    endpoint = section.text("endpoint") if has_endpoint else section.text("name")
    if has_cells:
        return _read_selectors(section, columns, words)
    if has_metric:
        if len(columns) != 1:
            section.note("metric", f"fills one column, and the sheet has {len(columns)}; write cells = […] instead")
        selector = _parse_selector(section, "metric", section.text("metric"), words)
        return [_with_endpoint(selector, endpoint) if has_endpoint else selector]
    if not selectors:
        section.note("", "says nothing to measure: write metric in the row, or cells in the sheet")
    return [_with_endpoint(selector, endpoint) for selector in selectors]


def _with_endpoint(selector: Selector | None, endpoint: str) -> Selector | None:
    """A cell that names an endpoint itself keeps it: a column may show the total beside each row's own."""
    return selector and (selector[0], {"endpoint": endpoint, **selector[1]})


def _texts(section: Section, key: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """One text for each column; with one column the text may stand without a list. Absent means none at all."""
    if key not in section:
        return ("",) * len(columns)
    value = section.values[key]
    texts = (value,) if isinstance(value, str) else section.words(key)
    if len(texts) != len(columns) and (isinstance(value, str) or texts or value == []):
        section.note(key, f"has {len(texts)} for {len(columns)} columns ({', '.join(columns)})")
        return ("",) * len(columns)
    return texts or ("",) * len(columns)


def _cell(section: Section, selector: Selector, documented: str, target: str, facts: Mapping[str, Any]) -> SheetCell:
    metric, select = selector
    said = documented or None
    if not target.strip():
        return SheetCell(documented=said, metric=metric, select=select, expectation=None)
    try:
        op, limit = grammar.parse_comparison(target, metric)
    except grammar.GrammarError as error:
        section.note("target", f"{quoted(target)}: {_said(error)}")
        return SheetCell(documented=said, metric=metric, select=select, expectation=None)
    that = f"{grammar.show_select(metric, select)} {target.strip()}"
    expectation = Expectation(that, metric, select, op, limit, documented=said, **facts)
    return SheetCell(documented=said, metric=metric, select=select, expectation=expectation)
