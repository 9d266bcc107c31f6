"""`perfkit demo` as a user gets it: from the built wheel, outside the checkout, on services of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.cli.perfkit import perfkit, start, strays
from tests.load import scenarios
from tests.servers import a_server

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and installed into a folder of its own; what it depends on is shared."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", site, wheel], check=True, capture_output=True
    )
    return site


@pytest.mark.timeout(280)
def test_the_installed_wheel_tells_the_whole_story(installed: Path, tmp_path: Path) -> None:
    """Before is worse than after where the plan says so, the report is the last line, and nothing stays behind."""
    env = {"PYTHONPATH": str(installed)}
    where = subprocess.run(
        [sys.executable, "-c", "import perfkit; print(perfkit.__file__)"],
        cwd=tmp_path,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(installed))
    with start("demo", "--quick", at=tmp_path, env=env) as process:
        out, err = process.communicate(timeout=270)
    assert process.returncode == 0, err
    report = tmp_path / out.splitlines()[-1]
    assert report.name == "report.html"
    for words in ("Current vs Target Performance", "Dashboard Metrics", "4,400-8,900ms", "Memory Growth under Load"):
        assert words in out
    told = json.loads((report.parent / "metrics.json").read_text())
    before, after = (_average(told[side], "Quotations", "single") for side in ("before", "after"))
    assert before > 3 * after
    assert any("quotation_items" in finding["title"] for finding in told["before"]["findings"])
    assert not strays(tmp_path)


def _average(side: dict[str, list[dict[str, object]]], endpoint: str, phase: str) -> float:
    (value,) = (
        metric["value"]
        for metric in side["metrics"]
        if metric["name"] == "latency.avg_ms" and metric["scope"] == {"endpoint": endpoint, "phase": phase}
    )
    assert isinstance(value, float)
    return value


def test_serve_answers_until_ctrl_c_and_tells_how_to_bench_it_and_what_it_leaves(tmp_path: Path) -> None:
    """Its services end with it; the folder stays where it was told, as --keep asks."""
    with start("demo", "--serve", "--fix", "cache", "--keep", at=tmp_path) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/api/dashboard/metrics", trust_env=False, timeout=30).status_code == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert not strays(tmp_path)
    told = dict(line.removeprefix("· ").split(": ", 1) for line in err.splitlines() if ": " in line)
    kept = Path(told["kept, with PostgreSQL's data and log"])
    assert f"host={kept}" in told["its database"]
    assert told["its database"].startswith("export PERFKIT_DEMO_DSN=")
    assert (kept / "data" / "PG_VERSION").is_file()
    shutil.rmtree(kept)
    command, _, file, *host = told["bench it"].split()
    assert (command, host) == ("perfkit", ["--host", url])
    assert Path(file).is_file()


def test_a_port_that_is_taken_is_said_before_a_database_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = perfkit("demo", "--serve", "--port", str(taken.getsockname()[1]), at=tmp_path)
    assert (done.code, "cannot be used" in done.complaint, "--port" in done.complaint) == (2, True, True), done.err
    assert "PostgreSQL" not in done.err
    assert not strays(tmp_path)


def test_an_unknown_fix_is_answered_with_the_nearest(tmp_path: Path) -> None:
    done = perfkit("demo", "--fix", "indxes", at=tmp_path)
    assert (done.code, "indexes" in done.complaint) == (2, True), done.err


def test_no_password_reaches_a_file_or_the_terminal(tmp_path: Path, postgres: PostgresServer) -> None:
    """The DSN has one, so has an argument for Locust; every byte of every output is searched."""
    secret = "hunter2-correct-horse"
    suite = """
[target]
url = "{url}"
[database]
dsn_env = "SHOP_DSN"
slower_than = "1ms"
[scenario]
file = "locustfile.py"
arguments = ["--db-password", "{secret}"]
[sampling]
settle = "100ms"
[[phase]]
name = "single"
iterations = 2
"""
    text = scenarios.FAST + (
        "\nfrom locust import events\n\n@events.init_command_line_parser.add_listener\n"
        "def _(parser):\n    parser.add_argument('--db-password')\n"
    )
    scenarios.write(tmp_path, text)
    dsn = postgres.fresh_database("secrets") + f" password={secret}"
    with a_server(delay_s=0.02) as url:
        (tmp_path / "perfkit.toml").write_text(suite.format(url=url, secret=secret))
        done = perfkit("bench", "--json", at=tmp_path, env={"SHOP_DSN": dsn})
        broken = perfkit("bench", at=tmp_path, env={"SHOP_DSN": f"postgresql://u:{secret}@127.0.0.1:1/none"})
        explained = perfkit("explain", "--sql", "-", at=tmp_path, env={"DATABASE_URL": dsn}, stdin="SELECT 1")
    assert (done.code, broken.code, explained.code) == (0, 5, 0), done.err + explained.err
    (record,) = (tmp_path / "reports").glob("*/run.json")
    assert json.loads(record.read_text())["provenance"]["database"]["version"].startswith("PostgreSQL")
    said = done.out + done.err + broken.out + broken.err + explained.out + explained.err
    assert secret not in said
    for path in (tmp_path / "reports").rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
