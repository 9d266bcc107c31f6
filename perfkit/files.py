"""Files that are written whole or not at all, and the sentence for when they cannot be. Knows no format."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path

from perfkit.errors import StoreError


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically: a reader, or a crash, sees the old text or the new one.

    Raises:
        StoreError: the folder cannot be written or the disk is full; the old file is untouched.
    """
    write_all({path: text})


def write_all(texts: Mapping[Path, str]) -> None:
    """Replace several files: all new texts are on the disk before the first old one goes.

    Raises:
        StoreError: as `write_text`; every old file is untouched.
    """
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, draft in drafts.items():
            # A lone surrogate (a name read from a broken file) has no UTF-8 form; it must not cost the whole file.
            draft.write_bytes(texts[path].encode("utf-8", "replace"))
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> StoreError:
    """The error for a path that cannot be written: what the system said, and the way out."""
    reason = error.strerror or str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreError(f"{path}: {reason}", hint="free some space, or write elsewhere with --out FOLDER")
    return StoreError(f"{path} cannot be written: {reason}", hint="write elsewhere with --out FOLDER")
