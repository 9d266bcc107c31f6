"""The sample data: how much there is, that it is always the same, and that it belongs together."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

import pytest

from perfkit.demo.passwords import hashed, is_right
from perfkit.demo.rows import KEY_QUOTATIONS, customer_of, rows, sizes
from perfkit.demo.schema import FOREIGN_KEYS, TABLES


def fingerprint(scale: float) -> dict[str, str]:
    return {name: sha256("".join(lines).encode()).hexdigest() for name, lines in rows(sizes(scale))}


def test_rows_are_the_same_every_time() -> None:
    """One fixed seed: a second making gives the same bytes, table by table."""
    assert fingerprint(0.01) == fingerprint(0.01)


def test_rows_are_the_same_in_every_release() -> None:
    """Runs can only be compared when the data did not change under them: whoever changes it changes this."""
    assert fingerprint(0.01)["quotation_items"].startswith("cc1c5a6d025b")
    assert fingerprint(0.01)["products"].startswith("ea1bf68c75a6")


def test_full_size_is_what_the_demo_promises() -> None:
    """About 200,000 items of 20,000 quotations, 100,000 users."""
    counts = {name: sum(1 for _ in lines) for name, lines in rows(sizes())}
    assert counts.keys() == TABLES.keys()
    assert 195_000 < counts["quotation_items"] < 205_000
    assert counts["quotations"] == 20_000
    assert counts["users"] == 100_000
    assert counts["customers"] == 3_000


def test_key_accounts_have_many_quotations() -> None:
    """The customers that the load asks for have 65 quotations each, the others a few: that is where an N+1 hurts."""
    size = sizes()
    of_customer = Counter(customer_of(number, size) for number in range(1, size.quotations + 1))
    assert size.key_accounts == 200
    assert {of_customer[number] for number in range(1, 201)} == {KEY_QUOTATIONS}
    assert max(of_customer[number] for number in range(201, 3_001)) < 5


@pytest.mark.parametrize("table", TABLES)
def test_lines_have_the_columns_of_their_table(table: str) -> None:
    """COPY's text format: as many fields as the table has columns, and no character that would need quoting."""
    columns = sum(1 for part in TABLES[table].split(",") if part.strip() and not part.strip()[0].isdigit())
    for name, lines in rows(sizes(0.001)):
        for line in lines:
            if name == table:
                assert line.count("\t") + 1 == columns
                assert "\\" not in line


def test_foreign_keys_name_real_tables() -> None:
    """Each key is of a table that exists and points to one that does."""
    assert {table for table, _, _ in FOREIGN_KEYS} <= TABLES.keys()
    assert {target.split()[0] for _, _, target in FOREIGN_KEYS} <= TABLES.keys()


def test_only_the_right_password_is_right() -> None:
    """What was kept of a password lets that one in, and no other."""
    kept = hashed("right", "salt")
    assert is_right("right", kept)
    assert not is_right("wrong", kept)
