"""A scenario's secrets: read from the environment, and in no byte that the load writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.errors import ScenarioError
from perfkit.load.engine import list_users, run_phase
from perfkit.model import Phase, Request, Scenario
from perfkit.recorded.rows import read_rows
from tests.load import scenarios
from tests.servers import a_server

TOKEN = "s3cret/Tok=en 17"
KEY = "-----BEGIN-----\nline-of-key\n-----END-----"

LEAKY = """
import logging, sys
from urllib.parse import quote
from locust import FastHttpUser, task
from perfkit.load import HttpUser, env

token = env("SHOP_TOKEN")
key = env("SHOP_KEY")
print("loaded with", token)
logging.getLogger("a.child").warning("at load %s and %r", token, [key])

class Clumsy(FastHttpUser):
    @task
    def clumsy(self):
        logging.getLogger(__name__).error("using %s", {"token": token})
        logging.info(token)
        sys.stderr.write(f"wrote {token} and {key}")
        with self.client.get("/a", name=f"Page?{quote(token)}", catch_response=True) as response:
            response.failure(f"refused {token}")
        try:
            raise KeyError(token)
        except KeyError:
            logging.getLogger("a.child").exception("caught")
        raise RuntimeError(f"bad token {token} with {key}")

class Lean(HttpUser):
    @task
    def lean(self):
        with self.client.get("/a", name=f"Lean {token}", catch_response=True) as response:
            response.failure(f"lean refused {token}")
"""

FORMS = (TOKEN, "s3cret%2FTok%3Den%2017", "s3cret%2FTok%3Den+17", "s3cret/Tok%3Den%2017", "line-of-key")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    monkeypatch.setenv("SHOP_KEY", KEY)


def test_a_secret_is_in_no_byte_that_the_load_writes(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    scenario = Scenario(scenarios.write(tmp_path, LEAKY))
    with a_server() as url:
        run_phase(Phase("load", users=2, iterations=2), scenario, url, folder, on_status=lambda status: None)
    written = [file for file in folder.rglob("*") if file.is_file()]
    log = (folder / "locust.log").read_text()
    for said in ("loaded with ***", "at load ***", "using {'token': '***'}", "KeyError: '***'", "bad token *** with"):
        assert said in log
    leaks = [(file.name, form) for file in written for form in FORMS if form.encode() in file.read_bytes()]
    assert leaks == []
    rows = read_rows(sorted(folder.rglob("*.arrow")), Request).to_pandas()
    assert set(rows["message"]) == {"refused ***", "lean refused ***"}


def test_a_scenario_that_fails_to_load_tells_no_secret(tmp_path: Path) -> None:
    """An uncaught exception passes logging by."""
    text = "from perfkit.load import env\nraise ValueError('no ' + env('SHOP_TOKEN'))\n"
    scenario = Scenario(scenarios.write(tmp_path, text))
    phase = Phase("load", users=1, iterations=1)
    for attempt in (
        lambda: run_phase(phase, scenario, "http://127.0.0.1:1", tmp_path, on_status=lambda status: None),
        lambda: list_users(scenario),
    ):
        with pytest.raises(ScenarioError) as caught:
            attempt()
        assert caught.value.message.endswith("line 2: ValueError: no ***")


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "is not set; export it before the run"), ("", "is empty"), ("ab", "is shorter than 3 characters")],
)
def test_a_missing_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None, said: str
) -> None:
    if value is not None:
        monkeypatch.setenv("SHOP_OTHER", value)
    scenario = Scenario(scenarios.write(tmp_path, "from perfkit.load import env\n\nenv('SHOP_OTHER')\n"))
    with pytest.raises(ScenarioError) as caught:
        list_users(scenario)
    assert f"line 3: MissingSecretError: the environment variable SHOP_OTHER {said}" in caught.value.message
