"""One database for the tests of all plan rules: tables that are just above the rules' gates, and some that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

SHOP = """
CREATE TABLE item AS SELECT g AS id, g % 20000 AS quotation_id, (g % 7 || 'x')::varchar(9) AS status, 'C' || g AS code,
                            timestamp '2024-01-01' + g * interval '1 minute' AS sold_at, repeat('y', 60) AS note
                       FROM generate_series(1, 120000) g;
CREATE TABLE small AS SELECT * FROM item LIMIT 5000;

CREATE TABLE "order" AS SELECT g AS id, 'city' || g % 50 AS city, 'land' || g % 50 AS land
                       FROM generate_series(1, 60000) g;
CREATE TABLE line AS SELECT g AS id, g % 60000 AS order_id FROM generate_series(1, 240000) g;
CREATE INDEX line_order ON line (order_id);

CREATE TABLE event AS SELECT g AS id, g % 5 AS kind, CASE WHEN g > 99000 THEN 7777 ELSE g % 1000 END AS actor,
                             timestamp '2024-01-01' + g * interval '1 second' AS at
                        FROM generate_series(1, 100000) g;
CREATE INDEX event_kind ON event (kind);
CREATE INDEX event_at ON event (at);

CREATE TABLE broad AS SELECT g AS id, g % 7 AS bucket, repeat('b', 1900) AS body FROM generate_series(1, 21000) g;
CREATE INDEX broad_bucket ON broad (bucket);

CREATE TABLE visit (day int, customer int, note text) PARTITION BY RANGE (day);
DO $$ BEGIN
    FOR d IN 1..8 LOOP
        EXECUTE format('CREATE TABLE visit_on_%s PARTITION OF visit FOR VALUES FROM (%s) TO (%s)', d, d, d + 1);
    END LOOP;
END $$;
INSERT INTO visit SELECT 1 + g / 10000, g / 10, repeat('v', 40) FROM generate_series(0, 79999) g;

CREATE FUNCTION wanted() RETURNS SETOF int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN QUERY VALUES (1), (2), (3); END';
CREATE FUNCTION told() RETURNS SETOF int LANGUAGE plpgsql STABLE ROWS 3 AS 'BEGIN RETURN QUERY VALUES (1); END';
"""


@pytest.fixture(scope="session")
def shop(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("shop")
    with psycopg.connect(address, autocommit=True, options="-c synchronous_commit=on") as connection:
        connection.execute(SHOP)
        connection.execute("SELECT pg_stat_force_next_flush()")  # else ANALYZE would come before what it is to forget
        connection.execute("VACUUM ANALYZE")
    return address
