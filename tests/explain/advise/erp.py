"""The sample ERP's own statements, captured from the server's log while a few of its users work. No Locust."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from perfkit.demo.server import running_erp
from perfkit.model import CapturedQuery
from perfkit.queries import server_log

CATEGORIES = ("Analgesic", "Antibiotic", "Antidiabetic", "Cardiac", "Gastro")
NEW = {"customer_id": 300, "items": [{"product_id": 3, "quantity": 4}, {"product_id": 5, "quantity": 6}]}


def captured(
    dsn: str, log_folder: Path, *, slower_than_ms: float, fixes: tuple[str, ...] = (), rounds: int = 3
) -> tuple[CapturedQuery, ...]:
    """What the ERP executed for `rounds` of its users' work, in the form in which a run folder has it."""
    capture = server_log.open_capture(dsn, slower_than_ms, log_folder)
    endpoint_ms(dsn, fixes=fixes, rounds=rounds)
    return capture.collect().queries


def endpoint_ms(
    dsn: str, *, fixes: tuple[str, ...] = (), rounds: int = 3, only: frozenset[str] = frozenset()
) -> dict[str, float]:
    """The shortest time of each endpoint, one request at a time, in `rounds` of everything that the scenario does,
    or of some of its endpoints.

    The shortest: others use this machine too, and can only make a request longer.
    """
    took: dict[str, list[float]] = {}
    with (
        running_erp(dsn, "unix:///nowhere/valkey.sock", fixes) as erp,
        httpx.Client(base_url=erp.url, timeout=60, trust_env=False) as client,
    ):
        for number in range(rounds):
            for name, request in _work(random.Random(number)):  # noqa: S311 — whom to ask about, no secrets
                if only and name not in only:
                    continue
                began = time.perf_counter()
                client.send(client.build_request(**request)).raise_for_status()
                took.setdefault(name, []).append((time.perf_counter() - began) * 1e3)
    return {name: min(values) for name, values in took.items()}


def _work(dice: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """(endpoint, request) of everything that the scenario does."""
    login = {"email": f"user{dice.randrange(1, 1000) * 12 + 1:06}@meridian-pharma.example", "password": "pharma-demo"}
    of_one = {"customer_id": dice.randrange(1, 5)}
    yield "Dashboard Metrics", {"method": "GET", "url": "/api/dashboard/metrics"}
    yield "Quotations", {"method": "GET", "url": "/api/quotations", "params": of_one}
    yield "Authentication", {"method": "POST", "url": "/api/auth/login", "json": login}
    yield "Customer List", {"method": "GET", "url": "/api/customers"}
    yield "Product List", {"method": "GET", "url": "/api/products"}
    yield "Product List", {"method": "GET", "url": "/api/products", "params": {"category": dice.choice(CATEGORIES)}}
    yield "Inventory Data", {"method": "GET", "url": "/api/inventory"}
    yield "Create Quotation", {"method": "POST", "url": "/api/quotations", "json": NEW}
