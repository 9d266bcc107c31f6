"""A run on the disk, for commands that read one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path

from perfkit import store
from perfkit.model import Request
from perfkit.recorded.rows import RowWriter
from tests.builders import a_phase, a_request, a_run

SUITE = {"target": {"url": "http://127.0.0.1:1"}, "phase": [{"name": "single", "users": 1, "duration": "60s"}]}


def a_kept_run(folder: Path, requests: Iterable[Request] = (), rules: Iterable[str] = ()) -> Path:
    """A folder with a whole run of one phase of a minute, `single`, and these expectations."""
    folder.mkdir(parents=True)
    config = {**SUITE, "scenario": {"file": "none.py"}, "expect": [{"that": rule} for rule in rules]}
    store.write_record(folder, a_run(phases=[a_phase("single")], config=config).record)
    with RowWriter(folder / "requests" / "single-1.arrow", Request) as writer:
        writer.append([astuple(request) for request in (list(requests) or [a_request()])])
    return folder
