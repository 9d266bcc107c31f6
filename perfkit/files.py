"""Files that are written whole or not at all, and the sentence for when they cannot be. Knows no format."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from perfkit.errors import StoreError


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically: a reader, or a crash, sees the old text or the new one.

    Raises:
        StoreError: the folder cannot be written or the disk is full; the old file is untouched.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(text.encode())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> StoreError:
    """The error for a path that cannot be written: what the system said, and the way out."""
    reason = error.strerror or str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreError(f"{path}: {reason}", hint="free some space, or write elsewhere with --out FOLDER")
    return StoreError(f"{path} cannot be written: {reason}", hint="write elsewhere with --out FOLDER")
