"""What a test needs that not every machine has: a skip with its reason, and a failure where nothing may be skipped."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

VARIABLE = "PERFKIT_REQUIRE_ALL"


def is_required() -> bool:
    """Whether this machine is said to have all that any test needs, as that of continuous integration has."""
    return bool(os.environ.get(VARIABLE))


def without(reason: str) -> NoReturn:
    """Skip the test, or fail it."""
    if is_required():
        pytest.fail(f"{reason}; {VARIABLE} is set, so nothing may be skipped")
    pytest.skip(reason)


def needs(program: str, reason: str) -> pytest.MarkDecorator:
    """The mark of tests that run a program; where it is required they run, and fail without it."""
    return pytest.mark.skipif(shutil.which(program) is None and not is_required(), reason=reason)
