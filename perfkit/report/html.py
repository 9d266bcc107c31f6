"""The report as one HTML file that needs nothing else: no script, no request. Knows no figure; sections bring them."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from perfkit import __version__
from perfkit.model import Story
from perfkit.report.sections import SECTIONS
from perfkit.visible import visible


def render(story: Story) -> str:
    """The whole page. What the story has no data for has no section."""
    parts = [(name, title, body) for name, title, body in _sections(story) if body]
    page = _environment().get_template("page.html.j2")
    return visible(page.render(title=story.title, parts=parts, version=__version__))


def _sections(story: Story) -> list[tuple[str, str, Markup | None]]:
    return [(name, section.TITLE, _body(name, section.prepare(story))) for name, section in SECTIONS.items()]


def _body(name: str, values: object) -> Markup | None:
    if values is None:
        return None
    # Safe: the template that made it escaped every value.
    return Markup(_environment().get_template(f"{name}.html.j2").render(it=values))  # noqa: S704


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("perfkit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
