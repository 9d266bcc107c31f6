"""A skeleton has the shape of its statement, and the two methods agree on what is alike."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import UsageError
from perfkit.queries.fingerprint import shape_of
from perfkit.queries.methods import Fingerprinter, choose
from perfkit.queries.skeleton import skeleton
from perfkit.queries.tags import tags_of
from tests.queries.test_fingerprint import DIFFERENT, SAME

PIECES = [
    "SELECT a", " FROM t", " WHERE b = 1", "'it''s'", "'", '"', "''", '"A b"', '"a"', "/* x */", "/*", "*/", "--", "\n",
    "-1", "1.5", "1e5", ".5", "5.", "a1", "$1", "$$x$$",
    "$t$", "E'\\''", "U&'x'", "u&5", "B'1'", " 12", "x'1F'", "0x1F",
    "(", ")",
    ",", " IN (1, 2)", ";", "\\", "é", "1_000", "?", "::text", "[1,2]", "\0", "'1' 2", "5'a'",
]  # fmt: skip
SQLISH = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@settings(max_examples=400, deadline=None)
@given(SQLISH | st.text(max_size=30))
def test_a_skeleton_has_the_shape_of_its_statement_or_there_is_none(sql: str) -> None:
    bare = skeleton(sql)
    assert bare is None or shape_of(bare) == shape_of(sql)


def test_ordinary_statements_have_a_skeleton_without_their_values() -> None:
    sql = "SELECT \"a\", t1.b FROM t1 WHERE c = 'it''s' AND d IN (1, 22) AND e = $1 LIMIT 10 /* route='x' */"
    assert (skeleton(sql) or "").rstrip() == (
        "SELECT \"a\", t1.b FROM t1 WHERE c = '''' AND d IN (1, 1) AND e = $1 LIMIT 1"
    )


@pytest.mark.parametrize("wanted", ["own", "parser"])
def test_by_each_method_values_do_not_matter_and_shapes_do(wanted: str) -> None:
    fingerprints = Fingerprinter(choose(wanted))  # type: ignore[arg-type]
    assert all(fingerprints.of(one) == fingerprints.of(other) for one, other in SAME)
    same = [pair for pair in DIFFERENT if fingerprints.of(pair[0]) == fingerprints.of(pair[1])]
    assert len(same) == (2 if wanted == "parser" else 0)  # to it any list of values is one, and OFFSET 2 is no offset


@pytest.mark.parametrize(
    ("one", "other"),
    [("FETCH 10 FROM c", "FETCH 5 FROM c"), ("SELECT a::varchar(10) FROM t", "SELECT a::varchar(20) FROM t")],
)
def test_values_play_no_part_where_the_parser_itself_minds_them(one: str, other: str) -> None:
    fingerprints = Fingerprinter(choose("parser"))
    assert fingerprints.of(one) == fingerprints.of(other)
    assert len(fingerprints.of(one)) == 16


@settings(max_examples=200, deadline=None)
@given(SQLISH | st.text())
def test_what_the_parser_refuses_has_our_own_fingerprint(sql: str) -> None:
    assert len(Fingerprinter(choose("parser")).of(sql)) in (12, 16)


@pytest.mark.parametrize("sql", ["SELEKT 1", "(" * 50_000, "SELECT '\0'", "SELECT " + "1," * 100_000])
def test_no_statement_breaks_the_parser(sql: str) -> None:
    assert len(Fingerprinter(choose("parser")).of(sql)) == 12


@pytest.mark.parametrize("wanted", ["own", "parser"])
def test_a_very_long_list_has_the_fingerprint_of_a_short_one(wanted: str) -> None:
    fingerprints = Fingerprinter(choose(wanted))  # type: ignore[arg-type]
    for one in (
        "SELECT a FROM t WHERE b IN ({})",
        "INSERT INTO t VALUES {}",
        "SELECT a FROM t WHERE b = ANY(ARRAY[{}])",
    ):
        row = "(1, 'x', $1)" if "INSERT" in one else "7"
        assert fingerprints.of(one.format(row)) == fingerprints.of(one.format(", ".join([row] * 100_000)))


def test_the_method_says_its_version_and_the_fingerprints_tell_it_apart() -> None:
    assert choose("parser").name.startswith("pgparse 1.")
    assert choose("own").name == "own"
    assert len(choose("parser").of("SELECT 1")) != len(choose("own").of("SELECT 1"))


def test_without_the_parser_our_own_is_taken_unless_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pgparse", None)
    assert choose().name == "own"
    with pytest.raises(UsageError, match="not installed"):
        choose("parser")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 /* route='/orders/%3Aid',action='list' */", {"route": "/orders/:id", "action": "list"}),
        ("/*controller:orders,action:index*/ SELECT 1", {"controller": "orders", "action": "index"}),
        ("SELECT '/* a=b */'", {}),
        ("SELECT 1 /* to do: this is slow */", {}),
        ("SELECT 1 /*+ SeqScan(t) */", {}),
        ("SELECT 1 -- route='x'\n", {"route": "x"}),
        ("SELECT $$a$$ /* route='x' */", {"route": "x"}),
        ("SELECT 1 /* route='x',traceparent='00-5bd6-01' */", {"route": "x"}),
        ("SELECT 1", {}),
    ],
)
def test_tags_are_read_out_of_comments_and_kept_apart_from_the_shape(sql: str, expected: dict[str, str]) -> None:
    assert dict(tags_of(sql)) == expected


@settings(deadline=None)
@given(SQLISH | st.text())
def test_any_text_has_tags_or_none(sql: str) -> None:
    assert all(key for key, _ in tags_of(f"{sql}/*{sql}*/"))
