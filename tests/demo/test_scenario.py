"""The scenario that comes with perfkit: it fits the ERP, the plans' tables and the configuration's format."""

from __future__ import annotations

import re

import pytest

from perfkit import config, metrics
from perfkit.demo.fixes import FIXES
from perfkit.demo.rows import PASSWORD, sizes
from perfkit.demo.scenario import scenario_folder
from perfkit.demo.server import DSN_ENV
from perfkit.demo.services import SLOWER_THAN


def suite() -> config.Config:
    return config.load(scenario_folder() / "perfkit.toml", metrics=metrics.names())


def locustfile() -> str:
    return (scenario_folder() / "locustfile.py").read_text()


def test_every_row_of_the_plans_table_is_a_task() -> None:
    """The endpoints of the first table are the names that the load records."""
    rows = {row.name for row in suite().sheets[0].rows}
    named = set(re.findall(r'self\.ask\("\w+", "([^"]+)"', locustfile()))
    assert len(rows) == 6
    assert named == rows | {"Create Quotation"}


def test_the_scenario_is_plain_locust() -> None:
    """It can be copied and run without perfkit."""
    assert "perfkit" not in re.sub(r'""".*?"""', "", locustfile(), flags=re.DOTALL)


def test_the_scenario_asks_for_what_is_seeded() -> None:
    """Its ranges and its password are those of the sample data."""
    text, size = locustfile(), sizes()
    assert f'PASSWORD = "{PASSWORD}"' in text
    for line in (
        f"KEY_ACCOUNTS = range(1, {size.key_accounts + 1})",
        f"OTHER_CUSTOMERS = range({size.key_accounts + 1}, {size.customers + 1:_})",
        f"PRODUCTS = range(1, {size.products + 1:_})",
        f"USERS = range(1, {size.users + 1:_})",
    ):
        assert line in text


def test_the_suite_asks_for_what_the_services_log() -> None:
    """The DSN comes in the variable that the demo sets, and the log holds all that the suite wants to see."""
    database = suite().database
    assert database is not None
    assert database.dsn_env == DSN_ENV
    assert f"{database.slower_than_ms:g}ms" == SLOWER_THAN


@pytest.mark.parametrize("profile", ["smoke", "regression", "load", "spike", "soak"])
def test_the_plans_schedule_is_there_as_profiles(profile: str) -> None:
    """Each asks something of what it loads."""
    chosen = config.load(scenario_folder() / "perfkit.toml", metrics=metrics.names(), profile=profile)
    assert chosen.phases != suite().phases
    assert chosen.expectations


def test_every_fix_is_explained() -> None:
    """One sentence each, for `--help` and the report."""
    assert len(FIXES) == 8
    assert all(len(sentence) > 20 for sentence in FIXES.values())
