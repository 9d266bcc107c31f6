"""The hosts that a load may go to."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import PerfkitError, TargetError, UsageError
from perfkit.net import addresses_of, is_own_address, require_allowed_host

PUBLIC = "93.184.216.34"


def unresolvable(_: str) -> tuple[str, ...]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://localhost",
        "http://127.1:8000",
        "http://0.0.0.0:8000",
        "http://10.1.2.3",
        "http://172.31.255.255/base",
        "https://192.168.0.7:8443",
        "http://[::1]:8000",
        "http://[fd00::1]",
        "http://[::ffff:127.0.0.1]",
        "http://127.0.0.1:{port}",
    ],
)
def test_loopback_and_private_addresses_pass(url: str) -> None:
    """The system's own resolver reads the address, in any of its written forms."""
    read: list[str] = []
    require_allowed_host(url, resolve=lambda host: read.extend(addresses_of(host)) or read)
    assert [is_own_address(address) for address in read] == [True] * max(len(read), 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34",
        "http://172.32.0.1",
        "http://169.254.169.254/latest",
        "http://192.0.2.1",
        "http://[2606:2800:220:1::1]:80",
        "http://[::ffff:93.184.216.34]",
    ],
)
def test_any_other_address_must_be_named(url: str) -> None:
    """The refusal says which line lets it pass."""
    with pytest.raises(UsageError) as refused:
        require_allowed_host(url)
    assert "allow_hosts = [" in str(refused.value.hint)


def test_a_named_host_passes_without_being_resolved() -> None:
    """Case, a trailing dot and a port do not matter."""
    resolved: list[str] = []
    for allowed in ("erp.example.com", "ERP.example.com.", "erp.example.com:8443"):
        require_allowed_host(
            "https://Erp.example.com:8443", [allowed], resolve=lambda host: resolved.append(host) or ()
        )
    assert resolved == []


def test_another_port_than_the_named_one_is_not_named() -> None:
    """`host:port` allows that port only."""
    with pytest.raises(UsageError):
        require_allowed_host("https://erp.example.com:9", ["erp.example.com:8443"], resolve=lambda _: (PUBLIC,))


def test_a_name_that_only_begins_like_a_named_one_is_refused() -> None:
    """Names are compared whole."""
    with pytest.raises(UsageError):
        require_allowed_host("http://erp.example.com.evil.org", ["erp.example.com"], resolve=lambda _: (PUBLIC,))


def test_a_name_with_private_addresses_only_passes() -> None:
    resolved: list[str] = []
    require_allowed_host("http://erp.intranet", resolve=lambda host: resolved.append(host) or ("10.0.0.4", "fd00::4"))
    assert resolved == ["erp.intranet"]


def test_a_name_with_one_public_address_is_refused() -> None:
    """The connection might go to either."""
    with pytest.raises(UsageError):
        require_allowed_host("http://erp.intranet", resolve=lambda _: ("10.0.0.4", PUBLIC))


def test_a_name_without_an_address_is_an_unreachable_target() -> None:
    """Exit code 3, and the name is in the message."""
    with pytest.raises(TargetError, match=r"erp\.invalid") as refused:
        require_allowed_host("http://erp.invalid", resolve=unresolvable)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "http://", "http://[::1"])
def test_a_url_without_a_host_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError):
        require_allowed_host(url)


@given(st.text(), st.lists(st.text()))
def test_any_text_passes_or_is_refused_in_words(url: str, allow_hosts: list[str]) -> None:
    """No other exception than perfkit's own, whatever is written."""
    try:
        require_allowed_host(url, allow_hosts, resolve=lambda _: ("127.0.0.1",))
    except PerfkitError as error:
        assert error.hint  # noqa: PT017  (passing is fine too)


@given(st.ip_addresses())
def test_an_address_is_own_or_not_without_an_error(address: object) -> None:
    assert is_own_address(str(address)) in (True, False)
