"""The Markdown of this repository as tests read it: tables, code, links. Knows Markdown; knows nothing of perfkit."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = tuple(sorted((ROOT / "docs").glob("*.md")))
PAGES = (README, ROOT / "CONTRIBUTING.md", *DOCS)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_SHELLS = {"sh", "console"}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code."""

    language: str
    text: str


def page(name: str) -> str:
    """A page of docs/, by its name without the suffix."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def blocks(text: str, *languages: str) -> list[Block]:
    """The fenced blocks of these languages, or all."""
    found = [Block(*match.groups()) for match in _FENCE.finditer(text)]
    return [block for block in found if not languages or block.language in languages]


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return _FENCE.sub("", text)


def spans(text: str) -> list[str]:
    """Inline code, outside of the fenced blocks."""
    return _CODE.findall(prose(text))


def links(text: str) -> list[str]:
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """What a link may name after its #, as GitHub makes it of the headings."""
    titles = [title.lower() for _, title in _HEADING.findall(prose(text))]
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in titles}


def sections(text: str) -> dict[str, str]:
    """Heading (without backticks) → what stands below it, up to the next heading of any level."""
    parts = _HEADING.split(prose(text))[1:]
    return {title.replace("`", ""): body for title, body in zip(parts[1::3], parts[2::3], strict=True)}


def table(text: str, header: str) -> list[list[str]]:
    """The rows of all tables whose first column has this header, as cells."""
    rows: list[list[str]] = []
    is_inside = False
    for line in prose(text).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        is_row = line.startswith("|")
        if is_row and is_inside and not set(line) <= set("|-: "):
            rows.append(cells)
        is_inside = is_row and (is_inside or cells[0] == header)
    return rows


def first_code(cell: str) -> str:
    """The first inline code of a cell."""
    found = _CODE.search(cell)
    assert found, f"no `code` in {cell!r}"
    return found[1]


def shell_commands(text: str) -> Iterator[list[str]]:
    """The commands in the shell blocks of a page, as words; what is printed between them is left out."""
    for block in blocks(text, *_SHELLS):
        for line in block.text.splitlines():
            if block.language == "sh" or line.startswith("$ "):
                yield from split(line.removeprefix("$ "))


def split(line: str) -> Iterator[list[str]]:
    """The commands of one line of shell, without its comment."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for token in lexer:
        if set(token) <= set("|&;"):
            yield words
            words = []
        else:
            words.append(token)
    yield words
