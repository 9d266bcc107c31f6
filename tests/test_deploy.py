"""The manifests in docs/deploy: what they name is there, and their command lines are ones that perfkit has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from typer.main import get_command

from perfkit.cli.app import app
from perfkit.load.access import PORT, TOKEN, address
from tests import pages

FOLDER = pages.ROOT / "docs" / "deploy"


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


def containers() -> dict[str, dict[str, Any]]:
    """Of the manifest for Kubernetes, by kind."""
    workloads = [one for one in documents("kubernetes.yaml") if "template" in one["spec"]]
    return {one["kind"]: one["spec"]["template"]["spec"]["containers"][0] for one in workloads}


def services() -> dict[str, dict[str, Any]]:
    (compose,) = documents("compose.yaml")
    return dict(compose["services"])


def commands() -> Iterator[list[str]]:
    yield from (one["command"] for one in [*containers().values(), *services().values()])


def parsed(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The command and its options, as the real command line reads them."""
    program, name, *rest = words
    assert program == "perfkit"
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    return name, dict(command.make_context(name, rest).params)


def test_every_command_line_is_one_that_perfkit_has() -> None:
    assert [parsed(words)[0] for words in commands()] == ["bench", "worker", "bench", "worker"]


@pytest.mark.parametrize("words", list(commands()), ids=lambda words: " ".join(words[1:4]))
def test_all_meet_at_the_same_port(words: list[str]) -> None:
    name, options = parsed(words)
    option = {"bench": "bind", "worker": "master"}[name]
    assert address(options[option], option).port == PORT


def test_as_many_workers_are_started_as_are_expected() -> None:
    (deployment,) = [one for one in documents("kubernetes.yaml") if one["kind"] == "Deployment"]
    assert parsed(containers()["Job"]["command"])[1]["expect_workers"] == deployment["spec"]["replicas"]
    assert parsed(services()["run"]["command"])[1]["expect_workers"] == services()["worker"]["deploy"]["replicas"]


def test_workers_of_the_cluster_find_the_run() -> None:
    """By the name of a headless service, whose selector fits the job's pod and whose port is the container's."""
    job, service, deployment = documents("kubernetes.yaml")
    assert [job["kind"], service["kind"], deployment["kind"]] == ["Job", "Service", "Deployment"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"].items() <= job["spec"]["template"]["metadata"]["labels"].items()
    assert deployment["spec"]["selector"]["matchLabels"] == deployment["spec"]["template"]["metadata"]["labels"]
    (port,) = service["spec"]["ports"]
    (exposed,) = containers()["Job"]["ports"]
    assert (port["targetPort"], port["port"]) == (exposed["name"], exposed["containerPort"])
    host = address(parsed(containers()["Deployment"]["command"])[1]["master"], "--master").host
    assert host == service["metadata"]["name"]


def test_workers_of_compose_find_the_run() -> None:
    host = address(parsed(services()["worker"]["command"])[1]["master"], "--master").host
    assert host in services()
    assert services()["worker"]["depends_on"] == [host]


def test_the_token_is_a_secret_that_the_page_makes() -> None:
    (named,) = {str(one["env"]) for one in containers().values()}
    secret = containers()["Job"]["env"][0]["valueFrom"]["secretKeyRef"]
    assert TOKEN in named
    made = re.search(r"create secret generic (\S+) --from-literal=(\w+)=", pages.page("workers"))
    assert made is not None
    assert (secret["name"], secret["key"]) == made.groups()
    assert all(one["environment"][TOKEN].startswith("${" + TOKEN + ":?") for one in services().values())
