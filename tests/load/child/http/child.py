"""A process patched by gevent, as a Locust child is, that runs pieces of a scenario. One JSON line in, one out.

In: base_url, code, limits, and the client's other settings. The code sees `client`, `gevent`, `rows`, `heard` (what
`events.request` was fired with, when `is_heard`) and sets `result`. Out: result or the exception, and the rows.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import dataclasses  # noqa: E402 (first the patch)
import json  # noqa: E402
import sys  # noqa: E402
import traceback  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from locust.event import EventHook  # noqa: E402

from perfkit.load.child import sink  # noqa: E402
from perfkit.load.child.http.client import Client  # noqa: E402
from perfkit.load.child.http.limits import Limits  # noqa: E402
from perfkit.model import Request  # noqa: E402

COLUMNS = [field.name for field in dataclasses.fields(Request)]


def run(base_url: str, code: str, limits: dict[str, Any], is_heard: bool, **settings: Any) -> dict[str, Any]:
    rows: list[Any] = []
    heard: list[dict[str, Any]] = []
    hook = EventHook()
    if is_heard:
        hook.add_listener(lambda **told: heard.append(told))
    sink.install(sink.Sink("phase", 0.0, rows.append))
    client = Client(base_url, hook, None, Limits(**limits), **settings)
    scope: dict[str, Any] = {"client": client, "gevent": gevent, "heard": heard, "rows": rows, "result": None}
    error = None
    try:
        exec(code, scope)  # noqa: S102 (the test's own code)
    except BaseException as raised:  # noqa: BLE001 (told to the test)
        error = f"{type(raised).__name__}: {raised}"
        if isinstance(raised, NameError | SyntaxError):
            traceback.print_exc()
    finally:
        client.close()
    return {"result": scope["result"], "error": error, "rows": [dict(zip(COLUMNS, row, strict=True)) for row in rows]}


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(**json.loads(line)), default=repr) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
