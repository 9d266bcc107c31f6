"""The table of sections."""

from __future__ import annotations

import pkgutil
from pathlib import Path

from perfkit.report import markdown, sections

TEMPLATES = Path(sections.__file__).parent.parent / "templates"


def test_every_section_is_in_the_table() -> None:
    """A section that is forgotten there would never be shown."""
    files = {module.name for module in pkgutil.iter_modules(sections.__path__)}
    assert files == set(sections.SECTIONS)


def test_every_section_has_a_template_of_its_name() -> None:
    templates = {path.name.removesuffix(".html.j2") for path in TEMPLATES.glob("*.html.j2")}
    assert templates == {*sections.SECTIONS, "page", "parts"}


def test_markdown_leaves_out_only_charts_and_the_long_list() -> None:
    assert set(sections.SECTIONS) - set(markdown.WRITERS) == {"distributions", "timeline", "everything"}
