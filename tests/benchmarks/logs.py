"""How fast a server log is read, against pgBadger on the same file and the same core.

    python -m tests.benchmarks.logs [--bytes 80MB] [--rounds 2] [--format jsonlog,stderr]

The log is made up here from a fixed seed: seven of ten entries are slow statements (bind parameters, or values in
the text), the rest connections, checkpoints, errors and temporary files. pgBadger is run with `-j 1 -q -o FILE.html`
and the log's format, everything else at its default. Each reads each log whole, in a process of its own that is
pinned to one core, in alternation; what is compared is the time that the core worked for it, so that others on the
machine do not count. Prints medians, ratios and the largest memory (RSS) of each as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from perfkit import units
from tests.benchmarks.pairs import alternate, publish, ratios

BAR: Final = 5.0
MOST_BYTES: Final = 200_000_000
PREFIX: Final = "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
_START: Final = datetime(2026, 11, 22, tzinfo=UTC)
_WORDS: Final = ("amoxicillin", "O'Neil", "Zürich", "backorder", "cold chain", "[2026-01-01,2026-02-01)", "")
_BOUND: Final = (
    "SELECT p.id, p.name, p.price FROM products p WHERE p.category_id = $1 AND p.name ILIKE $2 ORDER BY p.name"
    " LIMIT $3",
    'SELECT "orders"."id", "orders"."placed_at" FROM "orders" WHERE "orders"."customer_id" = $1'
    ' AND "orders"."status" IN ($2, $3) ORDER BY "orders"."placed_at" DESC LIMIT $4',
    "UPDATE stock SET quantity = quantity - $1, changed_at = $2 WHERE product_id = $3 AND warehouse_id = $4",
    "INSERT INTO audit_log (user_id, action, subject, at) VALUES ($1, $2, $3, $4)",
    "SELECT c.id,\n       c.name,\n       sum(i.quantity * i.price) AS total\nFROM customers c\n"
    "JOIN invoices v ON v.customer_id = c.id\nJOIN invoice_items i ON i.invoice_id = v.id\n"
    "WHERE v.issued_at >= $1 AND c.region = $2\nGROUP BY c.id, c.name\nORDER BY total DESC\nLIMIT $3",
)
_WRITTEN: Final = (
    "SELECT count(*) FROM batches WHERE expires_on < '{day}' AND warehouse_id = {n}",
    "SELECT * FROM products WHERE id IN ({list}) AND name <> '{word}'",
    "SELECT b.id, b.lot FROM batches b JOIN products p ON p.id = b.product_id"
    " WHERE p.sku = 'SKU-{n}' AND b.quantity > {m}",
    "DELETE FROM sessions WHERE token = '{word}{n}' /* route='/api/sessions/:id',action='destroy' */",
)
_OTHER: Final = (
    ("LOG", "00000", "connection received: host=10.0.0.7 port=51234"),
    ("LOG", "00000", "connection authorized: user=app database=erp application_name=erp-web"),
    ("LOG", "00000", "disconnection: session time: 0:00:12.345 user=app database=erp host=10.0.0.7 port=51234"),
    ("LOG", "00000", "checkpoint complete: wrote 1204 buffers (7.3%); 0 WAL file(s) added, 0 removed, 1 recycled;"
     " write=119.9 s, sync=0.004 s, total=120.0 s; sync files=51, longest=0.002 s, average=0.001 s;"
     " distance=9122 kB, estimate=11000 kB"),
    ("LOG", "00000", 'temporary file: path "base/pgsql_tmp/pgsql_tmp4711.0", size 20381696'),
    ("ERROR", "23505", 'duplicate key value violates unique constraint "orders_number_key"'),
    ("ERROR", "40P01", "deadlock detected"),
)  # fmt: skip


def entries(seed: int = 0) -> Iterator[dict[str, Any]]:
    """Endless entries of a log, as jsonlog names their fields."""
    chance = random.Random(seed)  # noqa: S311
    number = 0
    while True:
        number += 1
        at = _START + timedelta(milliseconds=20 * number)
        facts = {
            "timestamp": f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC",
            "user": "app",
            "dbname": "erp",
            "pid": chance.randrange(4000, 4080),
            "remote_host": "10.0.0.7",
            "remote_port": 51234,
            "session_id": "6739ab12.fa0",
            "line_num": number,
            "ps": "SELECT",
            "session_start": "2026-11-22 00:00:00 UTC",
            "vxid": f"5/{number}",
            "txid": 0,
            **_said(chance),
            "application_name": "erp-web",
            "backend_type": "client backend",
            "query_id": chance.choice((-6883025487542345243, 1042375842342312313, 77)),
        }
        yield facts


def _said(chance: random.Random) -> dict[str, str]:
    ms = f"duration: {chance.lognormvariate(4, 1):.3f} ms"
    kind = chance.random()
    if kind < 0.45:
        sql = chance.choice(_BOUND)
        values = [_value(chance) for _ in range(sql.count("$"))]
        shown = ("NULL" if value is None else "'" + value.replace("'", "''") + "'" for value in values)
        detail = "Parameters: " + ", ".join(f"${n} = {text}" for n, text in enumerate(shown, start=1))
        message = f"{ms}  execute <unnamed>: {sql}"
        return {"error_severity": "LOG", "state_code": "00000", "message": message, "detail": detail}
    if kind < 0.7:
        return {"error_severity": "LOG", "state_code": "00000", "message": f"{ms}  statement: {_written(chance)}"}
    severity, state, message = chance.choice(_OTHER)
    return {"error_severity": severity, "state_code": state, "message": message}


def _written(chance: random.Random) -> str:
    return chance.choice(_WRITTEN).format(
        day=f"2026-{chance.randrange(1, 13):02d}-01",
        n=chance.randrange(10_000),
        m=chance.randrange(500),
        word=chance.choice(_WORDS).replace("'", "''"),
        list=", ".join(str(chance.randrange(100_000)) for _ in range(chance.randrange(1, 30))),
    )


def _value(chance: random.Random) -> str | None:
    return chance.choice((str(chance.randrange(100_000)), chance.choice(_WORDS), None, "2026-11-22 05:45:48.163+00"))


def as_jsonlog(entry: dict[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"


def as_stderr(entry: dict[str, Any]) -> str:
    prefix = (
        f"{entry['timestamp']} [{entry['pid']}]: [{entry['line_num']}-1] user={entry['user']},db={entry['dbname']},"
        f"app={entry['application_name']},client={entry['remote_host']} "
    )
    lines = prefix + entry["error_severity"] + ":  " + entry["message"].replace("\n", "\n\t") + "\n"
    if detail := entry.get("detail"):
        lines += prefix + "DETAIL:  " + detail.replace("\n", "\n\t") + "\n"
    return lines


FORMATS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {"jsonlog": as_jsonlog, "stderr": as_stderr}


def write_log(path: Path, form: str, wanted_bytes: int) -> None:
    written = 0
    with path.open("w", encoding="utf-8") as log:
        for entry in entries():
            written += log.write(FORMATS[form](entry))
            if written >= wanted_bytes:
                return


def seconds(argv: list[str], peaks: list[int], core: int) -> float:
    """How long a program computes on one core (user and system time); its largest memory is added to `peaks`."""
    child = subprocess.Popen(
        argv,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=partial(os.sched_setaffinity, 0, {core}),  # noqa: PLW1509 (nothing else runs here)
    )
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{argv[0]} failed: {said.decode(errors='replace')[-500:]}")
    peaks.append(usage.ru_maxrss * 1024)
    return usage.ru_utime + usage.ru_stime


def compete(folder: Path, form: str, wanted_bytes: int, rounds: int) -> dict[str, Any]:
    log = folder / f"postgresql.{form}"
    write_log(log, form, wanted_bytes)
    pgbadger = ["pgbadger", "-j", "1", "-q", "-o", str(folder / "out.html"), "-f", form]
    pgbadger += ["-p", PREFIX] if form == "stderr" else []
    perfkit = [sys.executable, "-m", "perfkit", "explain", "--log", str(log), "--json"]
    core = max(os.sched_getaffinity(0))
    peaks: dict[str, list[int]] = {"perfkit": [], "pgbadger": []}
    took = alternate(
        {
            "perfkit": lambda: seconds(perfkit, peaks["perfkit"], core),
            "pgbadger": lambda: seconds([*pgbadger, str(log)], peaks["pgbadger"], core),
        },
        rounds,
    )
    size = log.stat().st_size
    log.unlink()
    return {
        "bytes": size,
        "perfkit_mb_per_s": size / 1e6 / statistics.median(took["perfkit"]),
        "pgbadger_mb_per_s": size / 1e6 / statistics.median(took["pgbadger"]),
        "times_faster": ratios(took["pgbadger"], took["perfkit"]),
        "cpu_seconds": took,
        "peak_rss_mb": {name: max(values) / 1e6 for name, values in peaks.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", default="80MB", help="size of each log; 1GB for the long variant")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--format", default="jsonlog,stderr")
    asked = parser.parse_args()
    if not shutil.which("pgbadger"):
        raise SystemExit("pgbadger is not installed (Debian: apt-get install pgbadger)")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wanted = int(units.parse(asked.bytes, "bytes"))
    with tempfile.TemporaryDirectory() as folder:
        found = {form: compete(Path(folder), form, wanted, asked.rounds) for form in asked.format.split(",")}
    is_met = all(
        one["times_faster"]["median"] >= BAR and one["peak_rss_mb"]["perfkit"] * 1e6 <= MOST_BYTES
        for one in found.values()
    )
    publish("logs", f">= {BAR} times pgBadger's throughput on one core, <= 200 MB", is_met, **found)


if __name__ == "__main__":
    main()
