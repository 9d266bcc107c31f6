"""The rows of the sample ERP, table by table, always the same ones: every number comes from one fixed random seed.

Knows how many of each there are and how they belong together; a row is a line of COPY's text format.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from perfkit.demo import words
from perfkit.demo.passwords import hashed

SEED: Final = 20250917
TODAY: Final = date(2025, 9, 17)  # the day of the plans: the data ends here, so that no figure depends on the real day
NOW: Final = datetime(2025, 9, 17, 12, tzinfo=UTC)
PASSWORD: Final = "pharma-demo"  # noqa: S105 - of every sample user; scenarios/pharma_erp logs in with it
ACCOUNTS_SHARE: Final = 15  # one customer in so many is a key account with many quotations
KEY_QUOTATIONS: Final = 65
ITEMS_PER_ORDER: Final = 14


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows. `quotation_items` is ten for each quotation on average."""

    users: int
    customers: int
    products: int
    inventory: int
    quotations: int
    orders: int

    @property
    def key_accounts(self) -> int:
        """Customers 1 … n with `KEY_QUOTATIONS` quotations each; the rest is spread over all others."""
        return max(1, self.customers // ACCOUNTS_SHARE)


def sizes(scale: float = 1.0) -> Sizes:
    """The demo's sizes times `scale`, nowhere below 20 rows."""

    def of(full: int) -> int:
        return max(20, round(full * scale))

    return Sizes(
        users=of(100_000),
        customers=of(3_000),
        products=of(2_000),
        inventory=of(6_000),
        quotations=of(20_000),
        orders=of(12_000),
    )


def rows(size: Sizes) -> Iterator[tuple[str, Iterator[str]]]:
    """(table, its lines) in an order that foreign keys allow. Take the lines of a table before the next one's."""
    dice = random.Random(SEED)
    texts = _texts(dice)
    yield "roles", _roles(dice)
    yield "users", _users(size, dice, texts)
    yield "customers", _customers(size, dice, texts)
    yield "products", _products(size, dice, texts)
    yield "inventory", _inventory(size, dice, texts)
    yield "quotations", _quotations(size, dice, texts)
    yield "quotation_items", _quotation_items(size, dice, texts)
    yield "orders", _orders(size, dice, texts)
    yield "order_items", _order_items(size, dice)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts, persons and moments, made once and drawn many times: drawing is what a million fields can afford."""

    short: list[str]
    long: list[str]
    people: list[str]
    moments: list[str]


def _texts(dice: random.Random) -> _Texts:
    days = [TODAY - timedelta(days=dice.randrange(1, 620)) for _ in range(5_000)]
    return _Texts(
        short=[dice.choice(words.SENTENCES) for _ in range(64)],
        long=[" ".join(dice.sample(words.SENTENCES, 5)) for _ in range(400)],
        people=[f"{first} {last}" for first in words.FIRST_NAMES for last in words.LAST_NAMES],
        moments=[f"{day} {dice.randrange(8, 20):02}:{dice.randrange(60):02}:00+00" for day in days],
    )


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _roles(dice: random.Random) -> Iterator[str]:
    for name in words.ROLES:
        allowed = {area: dice.choice(("none", "read", "write")) for area in words.DEPARTMENTS}
        yield f"{name}\tMay work as {name}.\t{json.dumps(allowed)}\n"


def _users(size: Sizes, dice: random.Random, texts: _Texts) -> Iterator[str]:
    hashes = [hashed(PASSWORD, f"salt-{number:02}") for number in range(32)]  # one for each user would take minutes
    wishes = [
        json.dumps({"theme": theme, "language": language, "page_size": page, "widgets": list(words.DEPARTMENTS)})
        for theme in ("light", "dark")
        for language in ("en", "hi", "ta")
        for page in (25, 50, 100)
    ]
    draw, people, moments, long = dice.random, texts.people, texts.moments, texts.long
    for number in range(1, size.users + 1):
        x = draw()
        name = people[int(x * len(people))]
        moment = moments[int(draw() * len(moments))]
        yield (
            f"{number}\tuser{number:06}@meridian-pharma.example\t{hashes[number % 32]}\t{name}\t"
            f"{words.ROLES[number % 6]}\t{words.DEPARTMENTS[int(x * 97) % 6]}\t+91 98{int(x * 1e8):08}\t"
            f"{'f' if number % 12 == 0 else 't'}\t{wishes[number % 18]}\t{long[int(x * 1e4) % 400]}\t"
            f"{moment}\t{moment}\n"
        )


def _customers(size: Sizes, dice: random.Random, texts: _Texts) -> Iterator[str]:
    for number in range(1, size.customers + 1):
        city, state, code = dice.choice(words.CITIES)
        kind = dice.choice(words.CUSTOMER_KINDS)
        name = f"{dice.choice(words.CUSTOMER_WORDS)} {dice.choice(words.LAST_NAMES)} {kind}"
        moment = dice.choice(texts.moments)
        yield (
            f"{number}\tC{number:05}\t{name}\t{kind}\t{dice.choice(texts.people)}\torders@customer{number:05}.example\t"
            f"+91 22{dice.randrange(10**8):08}\t27ABCDE{number:04}F1Z{number % 10}\tMH-MZ3-{number:06}\t"
            f"{dice.randrange(1, 400)}, {dice.choice(words.STREETS)}\t{city}\t{state}\t"
            f"{code}{dice.randrange(1000):03}\t{dice.randrange(1, 60)}0000.00\tnet {dice.choice((7, 15, 30, 45))}\t"
            f"{'f' if number % 17 == 0 else 't'}\t{dice.choice(texts.long)}\t{moment}\t{moment}\n"
        )


def _products(size: Sizes, dice: random.Random, texts: _Texts) -> Iterator[str]:
    for number in range(1, size.products + 1):
        generic, form, strength = dice.choice(words.GENERICS), dice.choice(words.FORMS), dice.choice(words.STRENGTHS)
        brand = f"{dice.choice(words.BRAND_HEADS)}{dice.choice(words.BRAND_TAILS)} {strength}"
        price = dice.randrange(500, 90_000)
        moment = dice.choice(texts.moments)
        yield (
            f"{number}\tP{number:05}\t{brand}\t{generic}\t{dice.choice(words.MAKERS)}\t{dice.choice(words.CATEGORIES)}\t"
            f"{form}\t{strength}\t{dice.choice((1, 10, 15, 30))} x {form}\t3004{dice.randrange(10, 99)}00\t"
            f"{_money(price)}\t{_money(price * 5 // 4)}\t{dice.choice(('5.00', '12.00', '18.00'))}\t"
            f"{dice.choice(texts.short)}\t{dice.choice(texts.long)}\t{dice.choice(texts.long)}\t"
            f"{'f' if number % 11 == 0 else 't'}\t{moment}\t{moment}\n"
        )


def _inventory(size: Sizes, dice: random.Random, texts: _Texts) -> Iterator[str]:
    for number in range(1, size.inventory + 1):
        made = TODAY - timedelta(days=dice.randrange(30, 700))
        yield (
            f"{number}\t{1 + number % size.products}\tB{dice.randrange(10**6):06}\t{dice.choice(words.WAREHOUSES)}\t"
            f"R{dice.randrange(1, 40):02}-S{dice.randrange(1, 9)}\t{dice.randrange(2_000)}\t{dice.randrange(50)}\t"
            f"{dice.choice((50, 100, 200))}\t{_money(dice.randrange(300, 60_000))}\t{made}\t"
            f"{made + timedelta(days=730)}\t{dice.choice(texts.long)}\t{dice.choice(texts.moments)}\n"
        )


def _quotations(size: Sizes, dice: random.Random, texts: _Texts) -> Iterator[str]:
    for number in range(1, size.quotations + 1):
        subtotal = dice.randrange(100_000, 9_000_000)
        tax = subtotal * 12 // 100
        moment = dice.choice(texts.moments)
        yield (
            f"{number}\tQ-{number:06}\t{customer_of(number, size)}\t{1 + dice.randrange(size.users)}\t"
            f"{dice.choice(words.QUOTATION_STATES)}\t{moment}\t{TODAY + timedelta(days=number % 30)}\t"
            f"{_money(subtotal)}\t{_money(tax)}\t{_money(subtotal + tax)}\t"
            f"{dice.choice(texts.long)}\t{dice.choice(texts.short)}\n"
        )


def customer_of(quotation: int, size: Sizes) -> int:
    """Who a quotation is for: key accounts first, `KEY_QUOTATIONS` rounds of them, then everybody else in turn."""
    key, others = size.key_accounts, size.customers - size.key_accounts
    if quotation <= key * KEY_QUOTATIONS or others == 0:
        return 1 + quotation % key
    return key + 1 + quotation % others


def _quotation_items(size: Sizes, dice: random.Random, texts: _Texts) -> Iterator[str]:
    draw, short, products = dice.random, texts.short, size.products
    number = 0
    for quotation in range(1, size.quotations + 1):
        for _ in range(6 + int(draw() * 9)):
            number += 1
            x = draw()
            quantity, cents = 1 + int(x * 1e4) % 200, 500 + int(x * 1e8) % 89_500
            yield (
                f"{number}\t{quotation}\t{1 + int(x * products)}\t{quantity}\t{_money(cents)}\t{number % 5}.00\t"
                f"{_money(quantity * cents)}\t{short[number % 64]}\n"
            )


def _orders(size: Sizes, dice: random.Random, texts: _Texts) -> Iterator[str]:
    for number in range(1, size.orders + 1):
        quotation = 1 + (number * 7) % size.quotations
        yield (
            f"{number}\tO-{number:06}\t{customer_of(quotation, size)}\t{quotation}\t{dice.choice(words.ORDER_STATES)}\t"
            f"{dice.choice(texts.moments)}\t{_money(dice.randrange(100_000, 9_000_000))}\t{'ft'[number % 3 > 0]}\t"
            f"{dice.choice(texts.long)}\n"
        )


def _order_items(size: Sizes, dice: random.Random) -> Iterator[str]:
    draw, products = dice.random, size.products
    for number in range(1, size.orders * ITEMS_PER_ORDER + 1):
        x = draw()
        quantity, cents = 1 + int(x * 1e4) % 300, 500 + int(x * 1e8) % 89_500
        yield (
            f"{number}\t{1 + number % size.orders}\t{1 + int(x * x * products)}\t{quantity}\t{_money(cents)}\t"
            f"{_money(quantity * cents)}\n"
        )
