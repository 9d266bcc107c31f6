"""`perfkit compare` as its user sees it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.kept import a_kept_run
from tests.cli.perfkit import perfkit


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    """By whatever names it is called."""
    a_kept_run(tmp_path / "reports" / "20261122-a")
    for one, other in (("latest", "latest"), ("2026", "latest"), ("reports/20261122-a", "latest")):
        done = perfkit("compare", one, other, at=tmp_path)
        assert (done.code, done.out) == (2, "")
        assert f"{one} and {other} are the same run" in done.complaint
