"""`perfkit init` as a user runs it: a process, its files, what it says, and that the suite then runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.perfkit import perfkit
from tests.scaffold.shop import a_shop

API = {
    "openapi": "3.1.0",
    "info": {"title": "Shop"},
    "servers": [{"url": "https://shop.example.com/api"}],
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/customers": {"get": {}},
        "/customers/{id}": {"get": {"parameters": [{"in": "path", "name": "id", "required": True}]}, "delete": {}},
        "/nowhere": {"get": {}},
    },
}
KEY = "key-of-the-clerk"


def test_a_suite_made_from_an_openapi_document_is_replayed_and_then_runs(tmp_path: Path) -> None:
    """The list names what did not answer; the same key in the environment serves both. The suite is shortened only."""
    (tmp_path / "api.json").write_text(json.dumps(API))
    with a_shop(api_key=KEY) as shop:
        made = perfkit("init", "--openapi", "api.json", "--host", shop.url, at=tmp_path, env={"SHOP_TOKEN": KEY})
        assert (made.code, made.err) == (0, "")
        assert "DELETE /customers/{id}: deletes; include it with --include-delete" in made.out
        assert "4 requests, 1 of its endpoints did not answer 2xx:\n   404  GET /nowhere" in made.out
        assert "reads SHOP_TOKEN: bearer token" in made.out
        suite = tmp_path / "perfkit.toml"
        text = suite.read_text().replace('"30s"', '"2s"').replace('"5s" ', '"0s" ').replace("< 1%", "< 60%")
        suite.write_text(text.replace("iterations = 20", "iterations = 1") + '[sampling]\nsettle = "50ms"\n')
        env = {"SHOP_TOKEN": KEY, "SCENARIO_PACE": "0.2"}
        ran = perfkit("bench", "--quick", "--json", at=tmp_path, env=env)
    assert ran.code == 0, ran.err
    counted = [one for one in json.loads(ran.out)["metrics"] if one["name"] == "requests.count"]
    seen = {(one["scope"].get("endpoint"), one["scope"].get("phase")) for one in counted if one["value"]}
    assert {("GET /customers", "single"), ("GET /customers/{id}", "concurrent"), ("GET /nowhere", "single")} <= seen
    assert KEY not in "".join(path.read_text() for path in tmp_path.glob("scenarios/**/*.py"))


def test_without_a_host_nothing_is_asked_and_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(API))
    made = perfkit("init", "suite", "--openapi", "api.json", "--json", at=tmp_path)
    said = json.loads(made.out)
    assert made.code == 0
    assert said["replay"] == {
        "requests": 0,
        "reason": "no --host was given",
        "not_asked": ["GET /customers", "GET /customers/{id}", "GET /nowhere"],
        "unanswered": [],
    }
    assert said["written"] == ["suite/perfkit.toml", "suite/scenarios/shop/locustfile.py"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--openapi", "none.json"], "there is no none.json"),
        (["--har", "."], "cannot read ."),
        (["--openapi", "api.json", "--host", "http://127.0.0.1 :80"], "has a space in it"),
        (["--openapi", "api.json", "--har", "api.json"], "a suite is made from one of them"),
        (["--host", "http://127.0.0.1"], "--host goes with"),
        (["--openapi", "api.json", "kept"], "there already: kept/perfkit.toml"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_and_nothing_is_written(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "api.json").write_text(json.dumps(API))
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/perfkit.toml").write_text("mine")
    made = perfkit("init", *arguments, at=tmp_path)
    assert made.code == 2
    assert said in made.complaint
    assert "Traceback" not in made.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["api.json", "kept", "perfkit.toml"]
    assert (tmp_path / "kept/perfkit.toml").read_text() == "mine"


def test_what_to_do_next_works_as_it_is_printed(tmp_path: Path) -> None:
    """From the folder in which it was printed: the suite is named where it is in another one."""
    (tmp_path / "api.json").write_text(json.dumps(API))
    ways = {
        "": "next: set target.url in perfkit.toml, then run: perfkit check-setup\n",
        "my erp": "next: set target.url in 'my erp/perfkit.toml',"
        " then run: perfkit check-setup 'my erp/perfkit.toml'\n",
    }
    for folder, said in ways.items():
        assert perfkit("init", folder or ".", at=tmp_path).out.endswith(said)
    made = perfkit("init", "shop", "--openapi", "api.json", at=tmp_path)
    assert made.out.endswith("next: perfkit check-setup shop/perfkit.toml, then perfkit bench shop/perfkit.toml\n")
    assert perfkit("check-setup", "shop/perfkit.toml", at=tmp_path).code != 2
    here = perfkit("init", "--openapi", "api.json", "--force", at=tmp_path)
    assert here.out.endswith("next: perfkit check-setup, then perfkit bench\n")
