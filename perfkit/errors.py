"""Every way perfkit fails on purpose, with its exit code. Knows no stage; only the door (cli) prints and exits."""

from __future__ import annotations

from typing import ClassVar


class PerfkitError(Exception):
    """A failure that the user can act on: one sentence with the fact, one hint with the way out."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PerfkitError):
    """The command line asks for something that cannot be done."""

    exit_code = 2


class ConfigError(PerfkitError):
    """perfkit.toml has mistakes; `problems` holds one line for each, all found in one reading."""

    exit_code = 2

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class StoreError(PerfkitError):
    """A run folder cannot be written, or cannot be read."""

    exit_code = 2


class TargetError(PerfkitError):
    """The system under test does not answer, or the process to watch is not there."""

    exit_code = 3


class ScenarioError(PerfkitError):
    """The Locust scenario cannot be loaded or did not run."""

    exit_code = 4


class DatabaseError(PerfkitError):
    """The database refuses, is unreachable or went away."""

    exit_code = 5


class DiscardedError(PerfkitError):
    """The measurement itself is invalid, so it gives no number to a gate."""

    exit_code = 6


class InconclusiveError(PerfkitError):
    """The evidence decides neither way (only with --strict)."""

    exit_code = 7
