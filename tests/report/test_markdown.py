"""The report as Markdown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from perfkit.report import markdown
from perfkit.report.redaction import redacted
from perfkit.report.tables import Cell, Column, Table
from tests.builders import a_story
from tests.report.erp import erp_story
from tests.report.hostile import hostile_story

GOLDEN = Path(__file__).parent.parent / "golden" / "report.md"


def _tokens(source: str) -> list[str]:
    """The kinds of what a Markdown reader finds, with inline ones."""
    found = MarkdownIt("commonmark", {"html": True}).enable("table").parse(source)
    return [child.type for token in found for child in [token, *(token.children or [])]]


def test_the_document_of_a_story_is_as_it_was(update_golden: bool) -> None:
    """A change of the document is seen and meant: `pytest --update-golden` accepts it."""
    document = markdown.render(redacted(erp_story()))
    if update_golden:
        GOLDEN.write_text(document, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == document


def test_text_from_outside_becomes_neither_link_nor_tag() -> None:
    found = _tokens(markdown.render(replace(hostile_story(), show_literals=True)))
    assert not {"html_inline", "html_block", "link_open", "image"} & set(found)


def test_literals_of_sql_are_not_told() -> None:
    assert "secret" not in markdown.render(redacted(erp_story()))


def test_a_story_without_any_result_is_a_document_still() -> None:
    assert markdown.render(a_story()).startswith("# Pharmaceutical ERP\n\n**MEASURED**")


@given(st.text())
def test_any_name_keeps_its_row_whole(name: str) -> None:
    """A bar, a line break or a backtick in a name must not add a cell, a row or a tag."""
    table = Table("", (Column("Name"), Column("Value")), ((Cell(name), Cell("1")),))
    found = _tokens(markdown.table(table))
    assert found.count("tr_open") == 2
    assert found.count("td_open") == 2
    assert not {"html_inline", "link_open", "code_inline", "image"} & set(found)


@given(st.text(alphabet="`~\nab"))
def test_code_cannot_close_its_own_fence(code: str) -> None:
    found = MarkdownIt("commonmark").parse(markdown.fenced(code) + "\n\nafter")
    assert [token.type for token in found] == ["fence", "paragraph_open", "inline", "paragraph_close"]
