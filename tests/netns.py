"""Another machine, as far as the network goes: a network namespace behind a pair of virtual interfaces. Needs root."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from tests import lacking

_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class OtherMachine:
    """`prefix` before a command runs it there; it reaches this machine at `here`, and at its other addresses."""

    prefix: tuple[str, ...]
    here: str
    link: str

    def cut(self) -> None:
        """From now on nothing passes, either way, and no connection hears of it."""
        _ip("link", "set", self.link, "down")

    def mend(self) -> None:
        """What was cut is whole again."""
        _ip("link", "set", self.link, "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


@contextlib.contextmanager
def another_machine() -> Iterator[OtherMachine]:
    """Skips the test, with the reason, where it cannot be had."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        lacking.without("a network namespace cannot be made here (needs root and iproute2)")
    number = os.getpid() % 20_000 * 4 + next(_NUMBERS) % 4
    name, link, peer = f"pk{number}", f"pkh{number}", f"pkn{number}"
    third, fourth = divmod(number, 60)
    net = f"10.{200 + third // 256 % 50}.{third % 256}"
    here, there = f"{net}.{fourth * 4 + 1}", f"{net}.{fourth * 4 + 2}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", link, "type", "veth", "peer", "name", peer, "netns", name)
        _ip("addr", "add", f"{here}/30", "dev", link)
        _ip("link", "set", link, "up")
        _ip("-n", name, "addr", "add", f"{there}/30", "dev", peer)
        _ip("-n", name, "link", "set", peer, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "route", "add", "default", "via", here)
        yield OtherMachine(("ip", "netns", "exec", name), here, link)
    finally:
        subprocess.run(["ip", "link", "del", link], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
