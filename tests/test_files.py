"""Files are replaced whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from perfkit.errors import StoreError
from perfkit.files import unwritable, write_all, write_text


def test_a_write_that_fails_leaves_every_old_file_and_no_draft(tmp_path: Path) -> None:
    old, lost = tmp_path / "report.md", tmp_path / "no-such-folder" / "report.html"
    write_text(old, "old")
    with pytest.raises(StoreError, match="cannot be written"):
        write_all({old: "new", lost: "new"})
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_text_without_a_utf_8_form_is_written_all_the_same(tmp_path: Path) -> None:
    write_text(tmp_path / "report.md", "name \ud800")
    assert (tmp_path / "report.md").read_text() == "name ?"


@pytest.mark.parametrize(("number", "hint"), [(errno.ENOSPC, "free some space"), (errno.EACCES, "--out")])
def test_the_way_out_fits_the_reason(number: int, hint: str) -> None:
    assert hint in str(unwritable(Path("reports"), OSError(number, "reason")).hint)
