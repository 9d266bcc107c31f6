"""One child for all tests of the lean client: gevent must not patch the tests' own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]


@dataclass(frozen=True)
class Outcome:
    """`result` is what the code set, `error` the exception that left it, `rows` by column."""

    result: Any
    error: str | None
    rows: list[dict[str, Any]]

    @property
    def row(self) -> dict[str, Any]:
        (row,) = self.rows
        return row


@dataclass(frozen=True)
class Lean:
    """The lean client in its child."""

    process: subprocess.Popen[str]

    def run(
        self, base_url: str, code: str, *, is_heard: bool = False, limits: dict[str, Any] | None = None, **settings: Any
    ) -> Outcome:
        """Run code that sees `client` and sets `result`. A server may be silent for 5 s unless `limits` says else."""
        job = {
            "base_url": base_url,
            "code": textwrap.dedent(code),
            "limits": {"connect_s": 5.0, "silence_s": 5.0} | (limits or {}),
            "is_heard": is_heard,
            **settings,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return Outcome(**json.loads(self.process.stdout.readline()))

    def get(self, base_url: str, path: str = "/", **options: Any) -> Outcome:
        """One GET; `result` is [status_code, text, ok]."""
        code = f"""
            response = client.get({path!r})
            result = [response.status_code, response.text, response.ok]
        """
        return self.run(base_url, code, **options)


@pytest.fixture(scope="session")
def lean() -> Iterator[Lean]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.load.child.http.child"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Lean(process)
        assert process.stdin is not None
        process.stdin.close()
