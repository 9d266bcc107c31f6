"""Commands end in their own way whatever their standard streams are, and however early Ctrl-C comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import a_request
from tests.cli.kept import a_kept_run
from tests.cli.perfkit import interrupt_when, perfkit, start

NAME = "GET /müller\x1b[2J\x07\x9b\u202e"
COMMAND = [sys.executable, "-m", "perfkit"]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_nothing(tmp_path: Path, closed: str) -> None:
    a_kept_run(tmp_path / "run", rules=["latency.avg < 1ms"])
    argv = ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, "check", "run"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_stream_that_cannot_hold_a_sign_gets_another(tmp_path: Path, encoding: str) -> None:
    """Tables lose it; JSON loses nothing."""
    a_kept_run(tmp_path / "run", [a_request("Мюллер")], ["latency.avg < 1ms"])
    env = os.environ | {"PYTHONIOENCODING": encoding}
    done, told = (
        subprocess.run([*COMMAND, "check", "run", *more], cwd=tmp_path, env=env, capture_output=True, check=False)
        for more in ([], ["--json"])
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"? fail" in done.stdout
    assert "Мюллер" in {one["scope"].get("endpoint") for one in json.loads(told.stdout.decode(encoding))["metrics"]}


def test_no_sign_of_a_name_does_anything_in_what_perfkit_writes(tmp_path: Path) -> None:
    a_kept_run(tmp_path / "run", [a_request(NAME)], ["latency.avg < 1ms"])
    printed = [perfkit("check", "run", *more, at=tmp_path).out for more in ([], ["--json"])]
    assert perfkit("report", "run", at=tmp_path).code == 0
    names = ("report.html", "report.md", "metrics.json", "junit.xml")
    texts = [*printed, *((tmp_path / "run" / name).read_text() for name in names)]
    assert ["GET /müller" in text for text in texts] == [True] * 5 + [False]
    for text in texts:
        assert not set("\x1b\x07\x9b\u202e") & set(text)


def test_secrets_in_queries_are_in_nothing_that_perfkit_writes(tmp_path: Path) -> None:
    rows = [
        a_request("GET /login?user=a&password=s3cret"),
        a_request("Home", error="http_4xx", message="404 for http://127.0.0.1/?token=s3cret"),
    ]
    a_kept_run(tmp_path / "run", rows, ["latency.avg < 1ms"])
    printed = [perfkit("check", "run", *more, at=tmp_path).out for more in ([], ["--json"])]
    assert "password=***" in printed[0]
    assert perfkit("report", "run", at=tmp_path).code == 0
    names = ("report.html", "report.md", "metrics.json", "junit.xml")
    texts = [*printed, *((tmp_path / "run" / name).read_text() for name in names)]
    assert not [text for text in texts if "s3cret" in text]


def test_ctrl_c_while_perfkit_is_still_imported_is_one_line_and_130(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(60)\n")
    process = start("--version", at=tmp_path)
    done = interrupt_when(process, (tmp_path / "begun").exists, gap_s=0)
    assert (done.code, done.out, done.err) == (130, "", "interrupted\n")
