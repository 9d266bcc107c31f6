"""Reports: what was judged, as files for people and machines. Everything arrives computed; nothing is judged here."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from perfkit.errors import StoreError
from perfkit.model import Story
from perfkit.report import html, junit, markdown
from perfkit.report.figures import metrics_json
from perfkit.report.redaction import redacted

__all__ = ["metrics_json", "write_reports"]


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
        "metrics.json": json.dumps(metrics_json(story), indent=1, ensure_ascii=False) + "\n",
    }
    return _replace_all(folder, texts)


def _replace_all(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    drafts = {folder / name: folder / f".{name}.{os.getpid()}" for name in texts}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, draft in drafts.items():
            # A lone surrogate (a name read from a broken file) has no UTF-8 form; it must not cost the whole report.
            draft.write_bytes(texts[path.name].encode("utf-8", "replace"))
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        _discard(drafts.values())
        reason = error.strerror or str(error)
        raise StoreError(f"the report cannot be written to {folder}: {reason}", hint="free it, or use --out") from error
    return tuple(drafts)


def _discard(drafts: Iterable[Path]) -> None:
    for draft in drafts:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
