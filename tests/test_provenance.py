"""What a run says of where it was made."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from perfkit import __version__, provenance
from perfkit.errors import DatabaseError

if TYPE_CHECKING:
    from tests.conftest import PostgresServer


def test_the_machine_the_versions_and_the_scenario_are_told(tmp_path: Path) -> None:
    scenario = tmp_path / "locustfile.py"
    scenario.write_text("import locust\n")
    facts = provenance.of_this_machine((scenario,))
    assert facts["perfkit"] == __version__
    assert facts["memory_bytes"] == psutil.virtual_memory().total
    assert facts["scenario_sha256"] == hashlib.sha256(b"import locust\n").hexdigest()
    assert facts["libraries"]["locust"]
    assert facts["git_commit"] is None  # outside a repository


def test_the_commit_is_that_of_the_scenario() -> None:
    facts = provenance.of_this_machine((Path(__file__),))
    assert facts["git_commit"] is None or len(facts["git_commit"]) == 40


def test_the_server_tells_its_version_and_settings_and_no_address(postgres: PostgresServer) -> None:
    facts = provenance.of_server(postgres.dsn)
    assert facts["version"].startswith("PostgreSQL 18")
    assert facts["settings"]["shared_buffers"].endswith("MB")
    assert "primary_conninfo" not in facts["settings"]


def test_no_server_is_a_database_error() -> None:
    with pytest.raises(DatabaseError):
        provenance.of_server("postgresql://127.0.0.1:1/none")
