"""Writes the reports of a story: all of them, or none."""

from __future__ import annotations

from pathlib import Path

from perfkit import files
from perfkit.model import Story
from perfkit.report import html, junit, markdown
from perfkit.report.figures import metrics_json
from perfkit.report.redaction import redacted
from perfkit.visible import json_text


def write_reports(story: Story, folder: Path) -> tuple[Path, ...]:
    """Write report.html, report.md, junit.xml and metrics.json into `folder`; their paths, in this order.

    All are rendered and on the disk before the first old one is replaced, each at once.

    Raises:
        StoreError: the folder cannot be written, or the disk is full; old reports stay as they were.
    """
    shown = redacted(story)
    texts = {
        "report.html": html.render(shown),
        "report.md": markdown.render(shown),
        "junit.xml": junit.render(shown),
        "metrics.json": json_text(metrics_json(story)) + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.unwritable(folder, error) from error
    files.write_all({folder / name: text for name, text in texts.items()})
    return tuple(folder / name for name in texts)
