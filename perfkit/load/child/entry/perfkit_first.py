"""Loaded by Locust before the scenario, inside the load child: what must be so when the scenario is imported."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import Any, NoReturn

import locust
from locust import debug, events, main

from perfkit.load.orders import VARIABLE


class RefusedError(Exception):
    """The scenario cannot be read, or does while it is loaded what would never let the load begin."""


def _refuse_single_user(*_: Any, **__: Any) -> NoReturn:
    raise RefusedError("run_single_user is called while the file is loaded, and would never return")


def _load(load: Any, path: str) -> Any:
    try:
        return load(path)
    except SystemExit as left:
        raise RefusedError(f"sys.exit({left.code!r}) is called while the file is loaded") from left
    except SyntaxError as error:
        files = {Path(at.filename) for at in extract_tb(error.__traceback__)}
        if error.filename is None and Path(path) not in files:  # of null bytes Python does not say where they are
            raise RefusedError(f"{path} is no Python source: {error.msg}") from error
        raise


@events.init.add_listener
def _leave_no_trace(environment: Any, **_: Any) -> None:
    """To the scenario its own files are the only ones, as under plain Locust."""
    ours = Path(__file__).parent
    files = [file for file in environment.parsed_locustfiles if Path(file).parent != ours]
    environment.parsed_locustfiles = files
    environment.locustfile = Path(files[0]).name


@events.quitting.add_listener
def _exit_as_the_scenario_says(environment: Any, **_: Any) -> None:
    """Called after all other listeners: of what else Locust makes an exit code the parent is told otherwise."""
    environment.process_exit_code = environment.process_exit_code or 0


debug.run_single_user = locust.run_single_user = _refuse_single_user
main.load_locustfile = partial(_load, main.load_locustfile)
if json.loads(os.environ.get(VARIABLE, "{}")).get("is_lean"):
    from perfkit.load.child.lean import swap

    swap.install()
