"""Who may join a run: addresses as people write them, and when a token is wanted."""

from __future__ import annotations

import socket

import pytest

from perfkit.errors import UsageError
from perfkit.load import access
from perfkit.load.access import PORT, TOKEN, Address
from perfkit.model import Workers

LONG = "0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.5", ("10.0.0.5", PORT)),
        ("run.example.com:6000", ("run.example.com", 6000)),
        ("::1", ("::1", PORT)),
        ("[::1]", ("::1", PORT)),
        ("[fe80::1]:6000", ("fe80::1", 6000)),
    ],
)
def test_an_address_is_a_host_and_perhaps_a_port(text: str, expected: tuple[str, int]) -> None:
    assert access.address(text, "--master") == expected


@pytest.mark.parametrize("text", ["", ":5557", "host:", "host:port", "host:0", "host:65536", "http://host:1", "h:1:x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--master"):
        access.address(text, "--master")


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("localhost", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.5", False), ("x", False)],
)
def test_loopback_is_this_machine_only(host: str, is_loopback: bool) -> None:
    assert Address(host, 1).is_loopback == is_loopback


def test_a_port_that_is_taken_is_said_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match=r"cannot listen at 127\.0\.0\.1"):
            access.bound(f"127.0.0.1:{taken.getsockname()[1]}")


def test_other_machines_need_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """To be let in, and to join; this machine's own processes do not, and have one all the same."""
    monkeypatch.delenv(TOKEN, raising=False)
    with pytest.raises(UsageError, match=TOKEN):
        access.token_to_bind(Workers(remote=1, host="0.0.0.0"))  # noqa: S104
    with pytest.raises(UsageError, match=TOKEN):
        access.token_to_join(Address("10.0.0.5", PORT))
    assert access.token_to_join(Address("127.0.0.1", PORT)) is None
    assert access.token_to_bind(Workers(remote=1)) is None
    assert len(access.token_to_bind(Workers(local=2)) or "") > 32
    monkeypatch.setenv(TOKEN, LONG)
    assert access.token_to_bind(Workers(remote=1, host="10.0.0.5")) == LONG


def test_a_short_token_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, LONG[:-1])
    with pytest.raises(UsageError, match="shorter than 16"):
        access.token_to_join(Address("10.0.0.5", PORT))
