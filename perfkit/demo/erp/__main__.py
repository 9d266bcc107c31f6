"""Run the sample ERP: `python -m perfkit.demo.erp --fixes cache --port 8000`. Knows uvicorn and the arguments."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from typing import Final

import uvicorn

from perfkit.demo.erp.app import create_app
from perfkit.demo.erp.state import Settings
from perfkit.demo.fixes import parse_fixes
from perfkit.demo.lifeline import watch_lifeline
from perfkit.errors import PerfkitError

GRACE_S: Final = 1


def main(words: list[str] | None = None) -> int:
    """Serve until told to stop, or until the lifeline ends."""
    wish = _wish(words)
    try:
        settings = Settings(os.environ[wish.dsn_env], os.environ[wish.redis_env], parse_fixes(wish.fixes))
    except KeyError as error:
        print(f"the environment variable {error.args[0]} is not set", file=sys.stderr)  # noqa: T201
        return 2
    except PerfkitError as error:
        print(f"{error.message}; {error.hint}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_S,
            lifespan="on",
        )
    )
    if wish.lifeline:
        watch_lifeline(lambda: _end(server))
    server.run(sockets=[_listener(wish)])
    return 0 if server.started else 1


def _wish(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m perfkit.demo.erp")
    parser.add_argument("--dsn-env", default="PERFKIT_DEMO_DSN", help="the variable that holds PostgreSQL's address")
    parser.add_argument("--redis-env", default="PERFKIT_DEMO_REDIS", help="the variable that holds Valkey's address")
    parser.add_argument("--fixes", default="none", help="names with commas between, or all, or none")
    parser.add_argument("--lifeline", action="store_true", help="end when standard input does")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--port", type=int, default=8000, help="on 127.0.0.1")
    where.add_argument("--fd", type=int, help="a socket that already listens, inherited")
    return parser.parse_args(words)


def _listener(wish: argparse.Namespace) -> socket.socket:
    if wish.fd is not None:
        return socket.socket(fileno=wish.fd)
    return socket.create_server(("127.0.0.1", wish.port), backlog=2048)


def _end(server: uvicorn.Server) -> None:
    """Ask it to end, and end it when it does not."""
    server.should_exit = True
    last_resort = threading.Timer(GRACE_S + 2, os._exit, [1])
    last_resort.daemon = True
    last_resort.start()


if __name__ == "__main__":
    sys.exit(main())
