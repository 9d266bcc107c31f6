"""Where the demo's scenario lies: in a checkout beside the package, in an installed wheel inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from perfkit.errors import UsageError

NAME: Final = "pharma_erp"
PACKAGE: Final = Path(__file__).parents[1]


def scenario_folder() -> Path:
    """The folder with `locustfile.py` and `perfkit.toml`.

    Raises:
        UsageError: perfkit was installed without it.
    """
    for place in (PACKAGE / "scenarios" / NAME, PACKAGE.parent / "scenarios" / NAME):
        if (place / "perfkit.toml").is_file():
            return place
    raise UsageError(
        "the demo's scenario is not there", hint="install perfkit anew: pip install --force-reinstall perfkit"
    )
