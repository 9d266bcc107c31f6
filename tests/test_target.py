"""Targets that answer, do not answer, and are started and stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import psutil
import pytest

from perfkit.errors import TargetError
from perfkit.model import Target
from perfkit.target import does_answer, require_answer, running
from tests.servers import a_server

SERVE = (sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1")


def test_a_target_that_answers_is_taken_as_it_is() -> None:
    with a_server(lambda path: (404, {}, b"")) as url, running(Target(url=url)) as target:
        assert target == Target(url=url)


def test_nothing_listening_is_a_target_error() -> None:
    with pytest.raises(TargetError, match=r"nothing answers at http://127\.0\.0\.1:1") as caught:
        require_answer(Target(url="http://127.0.0.1:1"))
    assert (caught.value.exit_code, bool(caught.value.hint)) == (3, True)


def test_a_server_error_is_not_ready() -> None:
    with a_server(lambda path: (503, {}, b"")) as url:
        assert not does_answer(Target(url=url, ready="/health"))


def test_a_started_target_has_a_port_is_watched_and_ends_with_the_block() -> None:
    with running(Target(url="http://127.0.0.1:{port}", start=SERVE)) as target:
        assert httpx.get(target.url, trust_env=False).status_code == 200
        (watch,) = target.watch
        pid = int(watch.removeprefix("pid:"))
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)


def test_what_is_installed_beside_perfkit_is_found_though_nothing_is_activated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The folder of the running Python stands first on the command's PATH, before all that was on it."""
    monkeypatch.setenv("PATH", "/nowhere")
    own = Path(sys.executable)
    with running(Target(url="http://127.0.0.1:{port}", start=(own.name, *SERVE[1:]))) as target:
        (watch,) = target.watch
        path = psutil.Process(int(watch.removeprefix("pid:"))).environ()["PATH"]
    assert path == f"{own.parent}:/nowhere"


def test_a_command_that_ends_at_once_is_explained_with_its_last_words(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; print('no such database'); sys.exit(3)")
    with (
        pytest.raises(TargetError, match="ended with code 3") as caught,
        running(Target(url="http://127.0.0.1:{port}", start=command), tmp_path / "target.log"),
    ):
        pass
    assert "no such database" in str(caught.value.hint)


def test_a_command_that_does_not_exist_is_explained() -> None:
    with (
        pytest.raises(TargetError, match="cannot be started"),
        running(Target(url="http://127.0.0.1:{port}", start=("no-such-program-here",))),
    ):
        pass
