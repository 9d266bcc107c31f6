"""nginx as the target of benchmarks: one worker on the last core, answering at once from memory."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import bounds

BODY = json.dumps({"items": list(range(20)), "note": "about one hundred bytes"})

CONFIG = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} backlog=16384;
    location / {{ default_type application/json; return 200 '{body}'; }}
  }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """nginx on the last core, on a free loopback port; yields its URL."""
    if shutil.which("nginx") is None:
        raise SystemExit("nginx is not on PATH: apt-get install nginx-light, or what your system calls it")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, body=BODY))
    with bounds.started([*on_core(-1), "nginx", "-c", str(config)], stderr=subprocess.DEVNULL):
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"


def on_core(position: int) -> list[str]:
    """The words before a command that pin it to one of the cores that this process may use."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[position])]


@contextlib.contextmanager
def pinned(position: int) -> Iterator[None]:
    """This process, and what it starts, on one of its cores."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[position]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit("nginx does not listen")
