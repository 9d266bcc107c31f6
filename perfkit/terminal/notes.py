"""What a reader of a run is to know beside its figures."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from perfkit.model import Story
from perfkit.terminal.text import plain


def notes_list(story: Story) -> list[RenderableType]:
    """The notes of the run, or of both, each with whose it is."""
    told = [("", note) for note in story.after.run.notes]
    if story.before is not None:
        told = [("before: ", note) for note in story.before.run.notes] + [("after: ", note) for _, note in told]
    return [Text("note: ", "yellow").append(whose).append(plain(note)) for whose, note in told]
