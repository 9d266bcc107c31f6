"""People at work in the pharmaceutical ERP: they watch the dashboard, look things up, log in, now and then write.

Plain Locust, run by perfkit or by `locust -f locustfile.py --host URL`. Expects the data of `perfkit demo`; for a
system of your own change the ranges below. Names of requests are the rows of the tables in perfkit.toml.
"""

from __future__ import annotations

import itertools
import random
from contextlib import AbstractContextManager
from typing import Any

from locust import FastHttpUser, between, task

KEY_ACCOUNTS = range(1, 201)  # customers with 65 quotations each
OTHER_CUSTOMERS = range(201, 3_001)
PRODUCTS = range(1, 2_001)
USERS = range(1, 100_001)  # every twelfth has left, and cannot log in
CATEGORIES = ("Analgesic", "Antibiotic", "Antidiabetic", "Cardiac", "Gastro")
PAGES = range(1, 21)
PASSWORD = "pharma-demo"  # noqa: S105 - of made-up people

seats = itertools.count(1)


class ErpUser(FastHttpUser):
    """One person at a desk. The n-th always makes the same choices, so that two runs ask for the same things."""

    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        self.dice = random.Random(next(seats))

    @task(12)
    def look_at_dashboard(self) -> None:
        with self.ask("GET", "Dashboard Metrics", "/api/dashboard/metrics") as reply:
            require(reply, b'"top_products"')

    @task(4)
    def read_quotations(self) -> None:
        customer = self.dice.choice(KEY_ACCOUNTS)
        with self.ask("GET", "Quotations", f"/api/quotations?customer_id={customer}&limit=20") as reply:
            require(reply, b'"items"')

    @task(6)
    def log_in(self) -> None:
        number = self.dice.choice(USERS)
        number -= number % 12 == 0
        credentials = {"email": f"user{number:06}@meridian-pharma.example", "password": PASSWORD}
        with self.ask("POST", "Authentication", "/api/auth/login", json=credentials) as reply:
            require(reply, b'"token"')

    @task(7)
    def list_customers(self) -> None:
        with self.ask("GET", "Customer List", f"/api/customers?page={self.dice.choice(PAGES)}&limit=50") as reply:
            require(reply, b'"credit_limit"')

    @task(6)
    def list_products(self) -> None:
        only = f"&category={self.dice.choice(CATEGORIES)}" if self.dice.random() < 0.3 else ""
        page = 1 if only else self.dice.choice(PAGES)
        with self.ask("GET", "Product List", f"/api/products?page={page}&limit=50{only}") as reply:
            require(reply, b'"generic_name"')

    @task(6)
    def list_inventory(self) -> None:
        with self.ask("GET", "Inventory Data", f"/api/inventory?page={self.dice.choice(PAGES)}&limit=50") as reply:
            require(reply, b'"batch_number"')

    @task(1)
    def write_quotation(self) -> None:
        products = self.dice.sample(PRODUCTS, 3)
        items = [{"product_id": product, "quantity": self.dice.randrange(1, 100)} for product in products]
        wish = {"customer_id": self.dice.choice(OTHER_CUSTOMERS), "items": items}
        with self.ask("POST", "Create Quotation", "/api/quotations", json=wish) as reply:
            require(reply, b'"draft"')

    def ask(self, method: str, name: str, path: str, **more: Any) -> AbstractContextManager[Any]:
        return self.client.request(method, path, name=name, catch_response=True, **more)


def require(reply: Any, marker: bytes) -> None:
    """A reply that says 200 and holds something else is a failure. Only its beginning is looked at: that costs nothing.

    Other statuses are left to Locust, which counts them as failures by itself.
    """
    if 200 <= reply.status_code < 300 and marker not in (reply.content or b"")[:20_000]:
        reply.failure(f"the reply does not hold {marker.decode()}")
