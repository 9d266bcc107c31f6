"""What more than one room's tests need: a real PostgreSQL for the session, and the switch for golden files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from perfkit.demo.services import create_database, running_services


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server. `dsn` is a superuser's; the server logs to `log_folder` in jsonlog what takes 5 ms or more."""

    dsn: str
    log_folder: Path

    def fresh_database(self, name: str) -> str:
        """An empty database of that name; its DSN."""
        return create_database(self.dsn, name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_services(redis_url="unix:///not/started") as services:
        assert services.log_folder is not None
        yield PostgresServer(services.dsn, services.log_folder)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
