"""A headless Chromium, driven over CDP: opens a page and keeps what it complained of and what it asked for."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websocket

_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
_COMPLAINTS = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}


def find() -> str | None:
    """The program: $CHROME_PATH, else one on PATH."""
    names = (os.environ.get("CHROME_PATH"), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@dataclass
class Page:
    """One tab. `complaints` are what the page last opened wrote to the console, `requests` its addresses."""

    socket: websocket.WebSocket
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    _last: int = 0
    _loaded: bool = False

    def open(self, url: str, *, width: int = 1280, height: int = 900, is_dark: bool = False) -> None:
        """Show a page at a width in CSS pixels, and wait until it is loaded."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.complaints.clear()
        self.requests.clear()
        self.dialogs.clear()
        self._loaded = False
        self.call("Page.navigate", url=url)
        while not self._loaded:
            self._take(json.loads(self.socket.recv()))

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self, path: Path, *, top: int = 0, height: int = 1600) -> None:
        """A strip of the page as PNG, for a person to look at."""
        width = self.evaluate("innerWidth")
        clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(answer["data"]))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        self.socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self._last:
                assert "error" not in message, message["error"]
                answer: dict[str, Any] = message["result"]
                return answer
            self._take(message)

    def _take(self, event: dict[str, Any]) -> None:
        match event.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])
            case "Page.javascriptDialogOpening":
                self.dialogs.append(event["params"]["message"])
                self._last += 1
                answer = {"id": self._last, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
                self.socket.send(json.dumps(answer))
            case method if method in _COMPLAINTS:
                self.complaints.append(json.dumps(event["params"]))


@contextmanager
def a_page(program: str) -> Iterator[Page]:
    """A tab in a browser of its own with an empty profile; nothing of it is left behind."""
    with tempfile.TemporaryDirectory(prefix="perfkit-chromium-", ignore_cleanup_errors=True) as profile:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [program, *_FLAGS, *sandbox, f"--user-data-dir={profile}", "about:blank"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with closing(websocket.create_connection(_tab(_address(Path(profile), browser)), timeout=30)) as socket:
                yield Page(socket)
        finally:
            browser.terminate()
            browser.wait(timeout=20)


def _address(profile: Path, browser: subprocess.Popen[bytes]) -> str:
    """Chromium writes its port into its profile once it listens."""
    said = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and browser.poll() is None:
        lines = said.read_text().split() if said.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise RuntimeError(f"Chromium did not start (exit code {browser.poll()})")


def _tab(address: str) -> str:
    """The address of the first tab, from that of the whole browser."""
    with closing(websocket.create_connection(address, timeout=30)) as socket:
        socket.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
        answer = json.loads(socket.recv())
    tab = next(it["targetId"] for it in answer["result"]["targetInfos"] if it["type"] == "page")
    return f"{address.partition('/devtools/')[0]}/devtools/page/{tab}"
