"""How text from outside and figures become rich text, and the one look that all tables have."""

from __future__ import annotations

from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from perfkit import reading
from perfkit.model import Metric, Verdict
from perfkit.visible import on_one_line

MISSING: Final = "–"
_LONGEST: Final = 160
_LOOKS: Final = {"pass": "green", "fail": "bold red", "unmeasured": "bold red", "advisory": "yellow"}


def plain(raw: str, style: str = "") -> Text:
    """Text from outside as it stands, on one line."""
    return Text(on_one_line(raw), style=style)


def cut(raw: str) -> Text:
    """As `plain`; a name that would fill the table ends in "…". JSON and HTML have it whole."""
    return plain(raw if len(raw) <= _LONGEST else raw[: _LONGEST - 1] + "…")


def value_text(metric: Metric | None, missing: str = MISSING) -> Text:
    """A metric's value with its unit."""
    return Text(reading.amount(metric.name, metric.value)) if metric else Text(missing)


def new_table(title: str, *, caption: str | None = None, gap: int = 2) -> Table:
    """A table without rows: a title on the left, no frame, `gap` blanks between columns."""
    return Table(
        title=Text("\n").append(plain(title, "bold")),
        title_justify="left",
        caption=Text(caption, "dim") if caption else None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, gap - 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
    )


def look_of(verdict: Verdict | None) -> str:
    """The style of an outcome."""
    return _LOOKS[verdict.outcome] if verdict else ""


def verdict_text(verdict: Verdict | None) -> Text:
    """An outcome as a mark and a word."""
    return Text(reading.marked(verdict.outcome), look_of(verdict)) if verdict else Text("no target", "dim")
