"""Node's inspector from outside: open it with a signal, ask over its WebSocket, close it again. Knows one process.

The port that it opens runs code as the application. So it is opened only when somebody asked for it, it listens on the
loopback address only, and it is closed again, unless the application itself had opened it before.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx
import psutil
import websocket

from perfkit.errors import TargetError
from perfkit.samplers.door import COLLECTIONS, HeapFigures, wait_until
from perfkit.samplers.proc import does_catch
from perfkit.samplers.snapshot import Summary, summed_apart

OPEN_LIMIT_S: Final = 2.0
ANSWER_LIMIT_S: Final = 10.0
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")

# usedSize alone misses Buffers, which lie outside the heap: external counts them (and all else that V8 was told of).
_HEAP: Final = """
(() => {
  const memory = process.memoryUsage();
  const v8 = process.getBuiltinModule ? process.getBuiltinModule("v8") : require("v8");
  return [process.pid, memory.heapUsed, memory.external, v8.getHeapStatistics().heap_size_limit];
})()
"""
_TAKEN: Final = "another process has the inspector's port: start the application with --inspect-port=0"

# Ending the inspector while somebody is connected would freeze the application: so it ends itself, a moment later.
_END: Final = "void setTimeout(() => process._debugEnd(), 50)"


class Inspector:
    """A session with one Node process; `with Inspector(pid) as node:`.

    Raises:
        TargetError: it is no Node process that would survive the signal, or its inspector cannot be opened.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._calls = 0
        self._port, self._is_ours = _port_of(pid)
        self._socket = _connect(pid, self._port)
        if (answering := self.evaluate("process.pid")) != pid:
            self.close()
            raise TargetError(f"the inspector of process {pid} answers as process {answering}", hint=_TAKEN)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON carries it."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, includeCommandLineAPI=True)
        if "exceptionDetails" in answer:
            raise TargetError(f"Node process {self.pid}: {answer['exceptionDetails'].get('text', 'an exception')}")
        return answer["result"].get("value")

    def heap(self) -> HeapFigures:
        _, used, external, limit = self.evaluate(_HEAP)
        return HeapFigures(float(used), float(external), float(limit))

    def clean_heap(self) -> HeapFigures:
        for _ in range(COLLECTIONS):
            self.collect_garbage()
        return self.heap()

    def contents(self) -> Summary:
        """By constructor."""
        return summed_apart(self.snapshot())

    def collect_garbage(self) -> None:
        """A full collection. The application stands still for it, so only between loads."""
        self._call("HeapProfiler.collectGarbage")

    def snapshot(self) -> Iterator[str]:
        """A heap snapshot as the pieces of its JSON. The application stands still while it is taken."""
        self._calls += 1
        call = self._calls
        self._socket.send(json.dumps({"id": call, "method": "HeapProfiler.takeHeapSnapshot", "params": {}}))
        while (message := self._receive()).get("id") != call:
            if message.get("method") == "HeapProfiler.addHeapSnapshotChunk":
                yield message["params"]["chunk"]

    def close(self) -> None:
        """End the session; an inspector that was opened for it is closed."""
        with contextlib.suppress(TargetError):
            if self._is_ours:
                self.evaluate(_END)
        self._socket.close(timeout=0)
        if self._is_ours:
            wait_until(lambda: self._port not in _listening(self.pid), OPEN_LIMIT_S)

    def __enter__(self) -> Inspector:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._calls += 1
        call = self._calls
        try:
            self._socket.send(json.dumps({"id": call, "method": method, "params": parameters}))
        except (OSError, websocket.WebSocketException) as error:
            raise TargetError(f"Node process {self.pid} closed its inspector: {error}") from error
        while (message := self._receive()).get("id") != call:
            continue
        if "error" in message:
            raise TargetError(f"Node process {self.pid} refuses {method}: {message['error'].get('message')}")
        result: dict[str, Any] = message["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        try:
            message: dict[str, Any] = json.loads(self._socket.recv())
        except (OSError, ValueError, websocket.WebSocketException) as error:
            raise TargetError(f"Node process {self.pid} does not answer its inspector: {error}") from error
        return message


def is_node(pid: int) -> bool:
    """Whether it runs Node and has said that it handles SIGUSR1, which would end any other process."""
    try:
        return Path(f"/proc/{pid}/exe").readlink().name.startswith("node") and does_catch(pid, signal.SIGUSR1)
    except OSError:
        return False


def _port_of(pid: int) -> tuple[int, bool]:
    """The port of its inspector, and whether the signal has opened it just now.

    The application's own ports are asked only when no new one appears: then the inspector was open before.
    """
    before = _listening(pid)
    _signal(pid)
    opened = wait_until(lambda: _listening(pid) - before, OPEN_LIMIT_S)
    for port in sorted(opened or ()):
        if _targets(port):
            return port, True
    for port in sorted(before):
        if _targets(port):
            return port, False
    raise TargetError(f"Node process {pid} opens no inspector", hint=_TAKEN)


def _signal(pid: int) -> None:
    if not is_node(pid):
        raise TargetError(
            f"process {pid} is no Node process that handles SIGUSR1; the signal would end it",
            hint="watch the Node process itself, or name a JSON endpoint: heap = { url, used, limit }",
        )
    try:
        os.kill(pid, signal.SIGUSR1)
    except PermissionError as error:
        raise TargetError(f"process {pid} belongs to another user", hint="run perfkit as that user") from error


def _listening(pid: int) -> set[int]:
    """Its TCP ports on the loopback address."""
    with contextlib.suppress(psutil.Error):
        sockets = psutil.Process(pid).net_connections(kind="tcp")
        return {s.laddr.port for s in sockets if s.status == psutil.CONN_LISTEN and s.laddr.ip in _LOOPBACK}
    return set()


def _targets(port: int) -> list[dict[str, Any]]:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/json/list", timeout=1.0, trust_env=False)
        targets = answer.json() if answer.status_code == 200 else []
    except (httpx.HTTPError, ValueError):
        return []
    is_list = isinstance(targets, list) and all(isinstance(one, dict) for one in targets)
    return [one for one in targets if "webSocketDebuggerUrl" in one] if is_list else []


def _connect(pid: int, port: int) -> websocket.WebSocket:
    targets = _targets(port)
    if not targets:
        raise TargetError(f"the inspector of Node process {pid} went away", hint="measure again")
    try:
        return websocket.create_connection(
            targets[0]["webSocketDebuggerUrl"], timeout=ANSWER_LIMIT_S, suppress_origin=True, max_size=None
        )
    except (OSError, websocket.WebSocketException) as error:
        raise TargetError(f"the inspector of Node process {pid} refuses: {error}") from error
