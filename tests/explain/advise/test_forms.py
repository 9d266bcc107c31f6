"""The forms that conditions and orders take: each has its index, found and proven; its near miss has none."""

from __future__ import annotations

import pytest

from perfkit.explain.advise import TRIGRAMS, Wish, advise
from tests.explain.advise.build import a_query, advised, run, shapes
from tests.explain.advise.conftest import Shops

# 12,000 rows on 600 pages. One in a hundred is open, or was never closed.
THINGS = """
CREATE TABLE things (
    id int PRIMARY KEY, owner int NOT NULL, rank int, made_at timestamp NOT NULL, closed_at timestamp,
    is_done boolean NOT NULL, name text NOT NULL, during int4range NOT NULL, place point NOT NULL,
    tags text[] NOT NULL, words tsvector NOT NULL, slot int4range NOT NULL, pad text NOT NULL
);
INSERT INTO things
SELECT g, 1 + g * 7919 % 2000, CASE WHEN g % 9 > 0 THEN g * 104729 % 11987 END,
       timestamp '2026-01-01' + g * interval '1 h',
       CASE WHEN g % 100 > 0 THEN timestamp '2026-06-01' END, g % 100 > 0, md5(g::text), int4range(g * 10, g * 10 + 25),
       point(g * 7919 % 12007, g * 104729 % 11987), ARRAY['t' || g % 1500, 'u' || g % 1400],
       to_tsvector('simple', 'w' || g % 1500 || ' all'), int4range(g, g + 1), repeat('y', 300)
FROM generate_series(1, 12000) g;
ALTER TABLE things ADD EXCLUDE USING gist (slot WITH &&);
VACUUM ANALYZE things
"""
FOUND = {
    "IN ($1,$2) without spaces": (
        a_query("SELECT pad FROM things WHERE owner IN ($1,$2,$3)", ("7", "8", "9")),
        {"things (owner)"},
    ),
    "= ANY of an array": (a_query("SELECT pad FROM things WHERE owner = ANY($1)", ("{7,8}",)), {"things (owner)"}),
    "an OR of two columns": (
        a_query("SELECT pad FROM things WHERE owner = $1 OR rank = $2", ("7", "8")),
        {"things (owner)", "things (rank)"},
    ),
    "an OR of which one arm has its index": (
        a_query("SELECT pad FROM things WHERE id = $1 OR owner = $2", ("7", "8")),
        {"things (owner)"},
    ),
    "ranges that overlap": (
        a_query("SELECT pad FROM things WHERE during && int4range($1,$2)", ("500", "510")),
        {"things USING gist (during)"},
    ),
    "a range that holds a value": (
        a_query("SELECT pad FROM things WHERE $1::int <@ during", ("500",)),
        {"things USING gist (during)"},
    ),
    "points in a box": (
        a_query("SELECT pad FROM things WHERE place <@ $1::box", ("(0,0),(300,300)",)),
        {"things USING gist (place)"},
    ),
    "the nearest": (
        a_query("SELECT id FROM things ORDER BY place <-> point($1,$2) LIMIT 5", ("6", "7")),
        {"things USING gist (place)"},
    ),
    "arrays that overlap": (
        a_query("SELECT pad FROM things WHERE tags && $1", ("{t7,u8}",)),
        {"things USING gin (tags)"},
    ),
    "words": (
        a_query("SELECT pad FROM things WHERE words @@ to_tsquery('simple', $1)", ("w7",)),
        {"things USING gin (words)"},
    ),
    "DISTINCT ON the first of each": (
        a_query("SELECT DISTINCT ON (owner) owner, made_at FROM things ORDER BY owner, made_at DESC"),
        {"things (owner, made_at DESC)"},
    ),
    "a window": (
        a_query("SELECT owner, made_at, lag(made_at) OVER (PARTITION BY owner ORDER BY made_at) FROM things"),
        {"things (owner, made_at)"},
    ),
    "groups in order": (
        a_query("SELECT owner, count(*) FROM things GROUP BY owner ORDER BY owner LIMIT 10"),
        {"things (owner)"},
    ),
    "IS NULL": (a_query("SELECT pad FROM things WHERE closed_at IS NULL"), {"things (closed_at)"}),
    "NOT a boolean": (a_query("SELECT pad FROM things WHERE NOT is_done"), {"things (is_done)"}),
    "ILIKE": (
        a_query("SELECT pad FROM things WHERE name ILIKE $1", ("%ABCDEF%",)),
        {"things USING gin (name gin_trgm_ops)"},
    ),
    "LIKE 'x%'": (
        a_query("SELECT pad FROM things WHERE name LIKE $1", ("abc%",)),
        {"things (name text_pattern_ops)"},
    ),
    "NULLS LAST going down": (
        a_query("SELECT pad FROM things ORDER BY rank DESC NULLS LAST, id LIMIT 5"),
        {"things (rank NULLS FIRST, id DESC NULLS LAST)", "things (rank NULLS FIRST, id DESC)"},
    ),
}
MISSED = [
    a_query("SELECT pad FROM things WHERE owner = $1 OR rank + 1 = $2", ("7", "8")),
    a_query("SELECT pad FROM things WHERE owner > $1 OR rank > $2", ("0", "5")),
    a_query("SELECT pad FROM things WHERE owner NOT IN ($1,$2)", ("7", "8")),
    a_query("SELECT pad FROM things WHERE during && int4range($1,$2)", ("0", "900000")),
    a_query("SELECT pad FROM things WHERE slot && int4range($1,$2)", ("70", "72")),
    a_query("SELECT id FROM things ORDER BY place <-> point($1,$2)", ("6", "7")),
    a_query("SELECT pad, lag(made_at) OVER (PARTITION BY owner % 5 ORDER BY made_at) FROM things"),
    a_query("SELECT DISTINCT ON (rank % 7) * FROM things ORDER BY rank % 7"),
    a_query("SELECT pad FROM things WHERE closed_at IS NOT NULL"),
    a_query("SELECT pad FROM things WHERE is_done"),
    a_query("SELECT pad FROM things WHERE name NOT ILIKE $1", ("%abcdef%",)),
    a_query("SELECT pad FROM things WHERE name LIKE $1", ("%",)),
    a_query("SELECT pad FROM things WHERE words @@ to_tsquery('simple', $1)", ("all",)),
    a_query("SELECT pad FROM things WHERE tags[1] = $1", ("t7",)),
    a_query("SELECT pad FROM things WHERE rank::text = $1", ("8",)),
]


@pytest.fixture(scope="module")
def dsn(shop_18: Shops) -> str:
    address = shop_18(extensions=("pg_trgm", "btree_gist"), name="forms")
    run(address, THINGS)
    return address


@pytest.mark.parametrize("case", FOUND)
def test_a_form_has_its_index(dsn: str, case: str) -> None:
    query, wanted = FOUND[case]
    report = advised(dsn, query)
    found = {one.partition(" INCLUDE")[0] for one in shapes(report)}
    assert found, report.not_advised
    assert found <= wanted
    assert len(found) == (2 if "two columns" in case else 1)


def test_a_near_miss_has_none(dsn: str) -> None:
    """What keeps most rows, is computed, negated, has its index already, or asks for all of them."""
    report = advised(dsn, *MISSED)
    assert shapes(report) == []
    assert not report.left_out


def test_a_prefix_under_a_languages_order_has_its_own_operators(shop_15: Shops) -> None:
    """The plain index that is there serves equality, and no LIKE: letters do not sort by their codes."""
    address = shop_15(
        'ALTER TABLE orders ALTER note TYPE text COLLATE "und-x-icu"', "CREATE INDEX plain ON orders (note)"
    )
    query = a_query("SELECT data FROM orders WHERE note LIKE $1", ("abc%",))
    assert shapes(advised(address, query)) == ["orders (note text_pattern_ops)"]


def test_what_an_extension_would_allow_is_told(shop_18: Shops) -> None:
    dsn = shop_18()
    similar = a_query("SELECT total FROM orders WHERE note ILIKE $1 OR customer_id = $2", ("%abcdef%", "7"))
    assert [
        TRIGRAMS in advise(dsn, [one], Wish()).notes
        for one in (similar, a_query("SELECT total FROM orders WHERE customer_id = $1", ("7",)))
    ] == [True, False]
