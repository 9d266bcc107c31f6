"""The report as Markdown, for a pull request or a wiki: the same sections and tables, without charts and raw data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from perfkit.model import Story
from perfkit.report.sections import SECTIONS
from perfkit.report.tables import Cell, Column, Table
from perfkit.visible import visible

_LIMIT: Final = 60
_SPECIAL: Final = re.compile(r"([\\`*_\[\]|~#!])")
_LINE_BREAKS: Final = re.compile(r"\s*[\r\n\u0085\u2028\u2029]+\s*")

Values = Mapping[str, Any]


def render(story: Story) -> str:
    """The whole document. Text from outside is escaped, so that it neither breaks a table nor becomes a link or tag."""
    parts = [f"# {text(story.title)}"]
    for name, write in WRITERS.items():
        section = SECTIONS[name]
        values = section.prepare(story)
        if values is None:
            continue
        heading = [] if name == "verdict" else [f"## {section.TITLE}"]
        parts += heading + write(values)
    return visible("\n\n".join(part for part in parts if part) + "\n")


def text(raw: str) -> str:
    """Text as Markdown shows it: on one line, with every sign that would mean something escaped."""
    line = _LINE_BREAKS.sub(" ", raw)
    return _SPECIAL.sub(r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fenced(code: str, language: str = "sql") -> str:
    """A code block whose fence is longer than any row of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def table(it: Table) -> str:
    """A Markdown table; a group's name stands before the names of its columns."""
    align = ["---:" if "number" in column.kind else "---" for column in it.columns]
    head = [_row([_label(column) for column in it.columns]), _row(align)]
    rows = [_row([_cell(cell) for cell in row]) for row in it.rows[:_LIMIT]]
    note = f"The first {_LIMIT} of {len(it.rows)} rows." if len(it.rows) > _LIMIT else it.note
    return "\n".join([*head, *rows, *(["", text(note)] if note else [])])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _label(column: Column) -> str:
    return text(
        " ".join(part for part in (column.group, column.label.lower() if column.group else column.label) if part)
    )


def _cell(cell: Cell) -> str:
    shown = f"**{text(cell.text)}**" if {"fail", "unmeasured"} & set(cell.kind.split()) else text(cell.text)
    return f"{shown} ({text(cell.note)})" if cell.note else shown


def _verdict(it: Values) -> list[str]:
    warnings = [f"**{text(warning)}**" for warning in it["warnings"]]
    named = [
        f"{label}: {text(', '.join(names))}"
        for label, names in (("Not met", it["failing"]), ("Worse", it["worse"]))
        if names
    ]
    caveats = [f"> {text(caveat)}" for caveat in it["caveats"]]
    tiles = [
        f"- {text(tile['what'])}: {text(tile['metric'])} {tile['base']} → {tile['head']}, "
        f"**{tile['change']}** ({tile['direction']})"
        for tile in it["tiles"]
    ]
    runs = [text(f"{run['label']}: {run['id']}, {run['started']}, lasted {run['lasted']}") for run in it["runs"]]
    sentence = f"**{it['word']}** {text(it['sentence'])}"
    return [sentence, *named, *warnings, "\n".join(tiles), "  \n".join(runs), "\n>\n".join(caveats)]


def _validity(it: Values) -> list[str]:
    """In full only where something failed: a reader of a pull request wants to know no more."""
    tables = [] if it["is_ok"] else _captioned(it["tables"])
    return [text(it["summary"]), *tables]


def _sheets(it: Values) -> list[str]:
    return [
        part
        for one, source in it["tables"]
        for part in (*_captioned([one]), text(f"Source: {source}") if source else "")
    ]


def _tables(it: Values) -> list[str]:
    return _captioned(it["tables"])


def _captioned(tables: list[Table]) -> list[str]:
    return [part for one in tables for part in (f"### {text(one.caption)}", table(one))]


def _one(it: Values) -> list[str]:
    return [table(it["table"])] if it["table"] else [text(it["sentence"])]


def _findings(it: Values) -> list[str]:
    parts = [text(it["lead"])] if it["lead"] else []
    for card in it["cards"]:
        costs = f"costs {card['impact']}" if card["impact"] else ""
        facts = ", ".join(part for part in (card["seen"], costs, *card["facts"]) if part)
        parts.append(f"### {text(card['title'])}" + (f" ({facts})" if facts else ""))
        parts.append("\n".join(f"- {text(line)}" for line in card["evidence"]))
        parts.append(f"Fix: {text(card['fix'])}")
        parts.append(fenced(card["sql"]) if card["sql"] else "")
        parts.append(f"Wrong if: {text(card['unless'])}" if card["unless"] else "")
    return parts


def _advice(it: Values) -> list[str]:
    parts: list[str] = []
    for run in it["runs"]:
        parts += [f"### {text(run['label'])}" if run["label"] else "", text(run["lead"])]
        for card in run["cards"]:
            parts.append(f"### {text(card['title'])} ({text(', '.join(card['facts']))})")
            parts.append("\n".join(f"- {text(line)}" for line in card["evidence"]))
            parts += [fenced(card["sql"]), table(card["table"])]
        parts += [*_captioned(run["tables"]), *map(text, run["notes"])]
    return parts


def _budget(it: Values) -> list[str]:
    return [text(it["note"]), *_captioned(it["tables"])]


def _measured(it: Values) -> list[str]:
    return _captioned([it["load"], it["provenance"]])


WRITERS: Final[Mapping[str, Callable[[Values], list[str]]]] = {
    "verdict": _verdict,
    "validity": _validity,
    "sheets": _sheets,
    "expectations": _one,
    "endpoints": _tables,
    "errors": _one,
    "payload": _one,
    "memory": _one,
    "leaks": _tables,
    "findings": _findings,
    "advice": _advice,
    "budget": _budget,
    "database": _one,
    "measured": _measured,
}
