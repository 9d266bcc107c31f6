"""What the tests of perfkit.toml share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a scenario in it, for a perfkit.toml to lie beside."""
    (tmp_path / "locustfile.py").write_text("")
    return tmp_path
