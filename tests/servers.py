"""Real HTTP servers on loopback for tests: one that answers as told, in a thread, on a free port."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


class _Server(ThreadingHTTPServer):
    request_queue_size = 512  # users who come at once find no full queue


@contextlib.contextmanager
def a_server(
    answer: Callable[[str], Answer] = lambda path: (200, {}, b"{}"),
    delay_s: float = 0.0,
    echo: str | None = None,
    host: str = "127.0.0.1",
) -> Iterator[str]:
    """Serve `answer(path)` for every method, and at paths that begin with `echo` what was asked; yields the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one write a reply: the default of two meets Nagle's algorithm and costs 40 ms

        def reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(delay_s)
            status, headers, body = answer(self.path)
            if echo is not None and self.path.startswith(echo):
                body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Transfer-Encoding" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)
            self.wfile.flush()

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = reply  # noqa: N815 (http.server's names)

        def log_message(self, *_: Any) -> None:
            return

    server = _Server((host, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def chunked(*parts: bytes) -> bytes:
    """A body in chunked transfer coding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))
