"""The heap of one CPython process from 3.14 on, through `sys.remote_exec`. Knows how to have a script run there.

Both sides of `sys.remote_exec` have to be the same CPython: so the process's own executable is started beside it, and
that one asks. The script runs when the main thread of the process next runs Python code: one that waits without end
never answers.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from perfkit.errors import TargetError
from perfkit.samplers.cpython_script import LONGEST_S
from perfkit.samplers.door import HeapFigures, wait_until
from perfkit.samplers.snapshot import Summary

OLDEST: Final = (3, 14)
FIRST_LIMIT_S: Final = 20.0  # a worker of Gunicorn that waits for a request looks up every 15 s
LIMIT_S: Final = 2.0  # under load: meanwhile nothing else is read
MOST_BYTES: Final = 16 * 2**20

_NAME: Final = re.compile(r"python(?:(\d+)(?:\.(\d+))?)?[a-z]*(?: \(deleted\))?")
_LIBRARY: Final = re.compile(r"/(?:lib)?python(\d+)\.(\d+)[a-z]*(?:\.so|/)")
_ASKING: Final = """
import sys
for line in sys.stdin:
    pid, path = line.rstrip("\\n").split(" ", 1)
    try:
        sys.remote_exec(int(pid), path)
    except Exception as error:
        because = error.__cause__ or error
        print(type(because).__name__, *f"{error}: {because}".split(), flush=True)
    else:
        print("ok", flush=True)
"""
_RIGHTS: Final = "the kernel forbids it: run perfkit as the user of the process, with kernel.yama.ptrace_scope = 0"
_HINTS: Final = (
    ("not enabled", "start it without PYTHON_DISABLE_REMOTE_DEBUG and without -X disable-remote-debug"),
    ("PermissionError", _RIGHTS),
    ("Operation not permitted", _RIGHTS),
)
_BLOCKED: Final = "its main thread waits, in a call or in a module not of Python; read its memory from outside instead"


def is_cpython(pid: int) -> bool:
    """Whether it runs a CPython that can be asked: 3.14 or newer."""
    version = version_of(pid)
    return version is not None and version >= OLDEST


def version_of(pid: int) -> tuple[int, int] | None:
    """Of a process whose executable is called python; None of any other, and where it cannot be seen."""
    try:
        found = _NAME.fullmatch(Path(f"/proc/{pid}/exe").readlink().name)
        if found is None:
            return None
        if found[2] is not None:
            return int(found[1]), int(found[2])
        library = _LIBRARY.search(Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return (int(library[1]), int(library[2])) if library else None


class CPython:
    """A session with one process: a second process of its executable, and a folder for question and answer.

    Raises:
        TargetError: it cannot be asked, and why.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._number = 0
        self._is_owed = False
        owner = _owner(pid)
        self._folder = Path(tempfile.mkdtemp(prefix="perfkit-heap-"))
        self._folder.chmod(0o711)
        self._script, self._answer = (self._folder / name for name in ("question.py", "answer"))
        self._script.touch(0o600)
        # Read through this descriptor: its owner may put another file in its place, but not behind our back.
        self._read = os.open(self._answer, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600)
        if owner is not None:
            for file in (self._script, self._answer):
                os.chown(file, *owner)
        self._helper = self._started(owner)

    def heap(self) -> HeapFigures:
        told = self._ask("blocks", LIMIT_S if self._number else FIRST_LIMIT_S)
        return HeapFigures(used_bytes=told["traced_bytes"], blocks=told["blocks"])

    def clean_heap(self) -> HeapFigures:
        told = self._objects()
        return HeapFigures(used_bytes=float(sum(size for _, size in told["types"].values())), blocks=told["blocks"])

    def contents(self) -> Summary:
        types: Summary = self._objects()["types"]
        return types

    def close(self) -> None:
        if self._is_owed:  # what still waits to be run there is replaced by nothing
            with contextlib.suppress(TargetError):
                self._have_run("/dev/null")
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            self._helper.communicate(timeout=LIMIT_S)
        self._helper.kill()
        self._helper.wait()
        self._discard()

    def _started(self, owner: tuple[int, int] | None) -> subprocess.Popen[str]:
        """The executable of the process once more. Of another user's never as root: who may change it would be root."""
        identity: dict[str, Any] = {"user": owner[0], "group": owner[1], "extra_groups": []} if owner else {}
        program = f"/proc/{self.pid}/exe"
        try:
            name = str(Path(program).readlink()).removesuffix(" (deleted)")
            return subprocess.Popen(
                [name, "-I", "-S", "-c", _ASKING],
                executable=program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for perfkit, which then ends it in order
                **identity,
            )
        except (OSError, subprocess.SubprocessError) as error:
            self._discard()
            raise TargetError(f"the interpreter of CPython process {self.pid} cannot be started: {error}") from error

    def _discard(self) -> None:
        os.close(self._read)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _objects(self) -> dict[str, Any]:
        return self._ask("objects", FIRST_LIMIT_S + LONGEST_S)

    def _ask(self, what: str, limit_s: float) -> dict[str, Any]:
        self._number += 1
        source = Path(__file__).with_name("cpython_script.py").read_text(encoding="utf-8")
        question = f"answer({self._number}, {what!r}, {str(self._answer)!r})"
        self._script.write_text(f"{source}\n{question}\n", encoding="utf-8")
        self._have_run(str(self._script))
        self._is_owed = True
        told = wait_until(self._told, limit_s)
        if told is None:
            self._script.write_text("", encoding="utf-8")
            raise TargetError(f"CPython process {self.pid} has not answered within {limit_s:g} s", hint=_BLOCKED)
        self._is_owed = False
        if "error" in told:
            raise TargetError(f"CPython process {self.pid} cannot tell its heap: {told['error']}")
        return told

    def _have_run(self, path: str) -> None:
        assert self._helper.stdin is not None and self._helper.stdout is not None  # noqa: S101, PT018 (they are pipes)
        try:
            self._helper.stdin.write(f"{self.pid} {path}\n")
            self._helper.stdin.flush()
            said = self._helper.stdout.readline().strip()
        except OSError as error:
            said = str(error)
        if said != "ok":
            hint = next((hint for sign, hint in _HINTS if sign in said), None)
            raise TargetError(f"CPython process {self.pid} cannot be asked: {said or 'no answer'}", hint=hint)

    def _told(self) -> dict[str, Any] | None:
        """The answer to the last question, once it is whole."""
        text = os.pread(self._read, MOST_BYTES, 0).decode("utf-8", "replace")
        if not text.endswith("\n"):
            return None
        try:
            told = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise TargetError(f"CPython process {self.pid} answers what is no answer") from error
        return told if isinstance(told, dict) and told.get("number") == self._number else None


def _owner(pid: int) -> tuple[int, int] | None:
    """Whose the files have to be, where that is not us; they also have to lie where the process can read them."""
    try:
        owner = Path(f"/proc/{pid}").stat()
        is_shared = Path(f"/proc/{pid}/ns/mnt").readlink() == Path("/proc/self/ns/mnt").readlink()
    except OSError as error:
        raise TargetError(f"process {pid} belongs to another user", hint="run perfkit as that user") from error
    if not is_shared:
        hint = "run perfkit in that container, or read its memory from outside"
        raise TargetError(f"CPython process {pid} sees other files than perfkit: it runs in a container", hint=hint)
    return (owner.st_uid, owner.st_gid) if os.geteuid() == 0 and owner.st_uid != 0 else None
