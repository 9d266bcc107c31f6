"""Writing the reports of a run into its folder."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from perfkit.errors import StoreError
from perfkit.report.writing import write_reports
from tests.builders import a_judged, a_metric, a_story
from tests.report.erp import erp_story

FULL_DISK = """
import resource, sys
from pathlib import Path
from perfkit.errors import StoreError
from perfkit.report.writing import write_reports
from tests.report.erp import erp_story
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_reports(erp_story(), Path(sys.argv[1]))
except StoreError as error:
    print(error.message)
"""


def test_four_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    paths = write_reports(a_story(), tmp_path / "new")
    assert [path.name for path in paths] == ["report.html", "report.md", "junit.xml", "metrics.json"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(path.name for path in paths)


def test_no_byte_of_a_report_is_a_literal_unless_it_is_asked_for(tmp_path: Path) -> None:
    """Those of statements, plans, findings and the indexes that are advised; parameters never."""
    secrets = {b"secret-draft", b"secret-status", b"77077"}
    hidden = write_reports(erp_story(), tmp_path / "hidden")
    shown = write_reports(replace(erp_story(), show_literals=True), tmp_path / "shown")
    assert not [path.name for path in hidden if any(one in path.read_bytes() for one in (*secrets, b"secret-"))]
    html, markdown, junit, figures = (path.read_bytes() for path in shown)
    assert [{one for one in secrets if one in told} for told in (html, markdown, figures)] == [secrets] * 3
    assert not [told for told in (html, markdown, junit, figures) if b"secret-bind" in told]


def test_old_reports_are_replaced(tmp_path: Path) -> None:
    write_reports(a_story(), tmp_path)
    write_reports(a_story(title="Second"), tmp_path)
    assert "<h1>Second</h1>" in (tmp_path / "report.html").read_text()


def test_metrics_json_is_what_json_shows(tmp_path: Path) -> None:
    write_reports(a_story(a_judged(metrics=(a_metric(value=7.25),))), tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text())["metrics"][0]["value"] == 7.25


def test_a_folder_that_cannot_be_made_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        write_reports(a_story(), tmp_path / "file" / "folder")
    assert caught.value.hint is not None


def test_a_full_disk_leaves_the_old_reports_and_no_draft(tmp_path: Path) -> None:
    """The limit on file sizes fails a write half-way, as a full disk does."""
    write_reports(a_story(title="Old"), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert "cannot be written" in told.stdout
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_name_that_has_no_utf8_form_does_not_cost_the_report(tmp_path: Path) -> None:
    write_reports(a_story(a_judged(metrics=(a_metric(endpoint="bad \ud800 name", phase="single"),))), tmp_path)
    assert "bad \\ud800 name" in (tmp_path / "report.html").read_text(encoding="utf-8")
