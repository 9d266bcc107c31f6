"""Two users on one machine: a process of `nobody`, and what somebody who is not root sees of the processes of root."""

from __future__ import annotations

import contextlib
import encodings.ascii  # noqa: F401 (used after the change of user, which may not read the library)
import json
import os
import pwd
import subprocess
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from tests import lacking

# Without these, root is nobody special: it sees of other users' processes what any user sees.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def needs_root() -> None:
    """Skips the test where no process of another user can be had."""
    if os.geteuid() != 0:
        lacking.without("only root can start a process of another user")


@contextlib.contextmanager
def a_process_of_nobody(*argv: str) -> Iterator[int]:
    """The pid of a process of `nobody`; by default one that sleeps."""
    needs_root()
    command = argv or ("sleep", "60")
    with subprocess.Popen(command, user="nobody", group=pwd.getpwnam("nobody").pw_gid, extra_groups=[]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def as_nobody(look: Callable[[], Any]) -> Any:
    """What `look` returns, as JSON carries it, in a child that has become `nobody`. It may import nothing any more."""
    needs_root()
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            entry = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            os.write(writer, json.dumps(look()).encode())
        except BaseException:  # noqa: BLE001 (whatever it is, this child may not go on as a second pytest)
            traceback.print_exc()  # the parent finds no answer, and this says why
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return json.loads(told)
