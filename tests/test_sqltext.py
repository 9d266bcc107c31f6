"""SQL text is cut as PostgreSQL's scanner cuts it, without losing a character, in time that grows with its length."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import UsageError
from perfkit.sqltext import MAX_FILE_CHARACTERS, highest_parameter, identifiers, statements, tokens

PIECES = st.sampled_from(
    ["'", "''", '"', "$$", "$a$", "$1", "/*", "*/", "--", "\n", "E'", "\\", "x", "1.5e3", ";", "::", " ", "é", "(", ")"]
)


def kinds(sql: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokens(sql) if token.kind != "space"]


@given(st.lists(PIECES, max_size=40).map("".join) | st.text())
def test_joined_together_the_tokens_are_the_text_again(sql: str) -> None:
    assert "".join(token.text for token in tokens(sql)) == sql


@pytest.mark.parametrize(
    "literal",
    [
        "'it''s'",
        "''",
        r"E'it\'s'",
        r"'no escape \'",
        "$$ it's $$",
        "$tag$ $$ ' $tag$",
        "U&'d\\0061t'",
        "x'1FF'",
        "n'x'",
        "'-- no comment'",
        "'/* no comment'",
    ],
)
def test_each_form_of_a_string_is_one_literal(literal: str) -> None:
    assert kinds(literal) == [("literal", literal)]


def test_block_comments_nest() -> None:
    assert kinds("/* a /* b */ c */ d") == [("comment", "/* a /* b */ c */"), ("name", "d")]


def test_a_dollar_inside_a_name_begins_no_string() -> None:
    assert kinds("a$b$c") == [("name", "a$b$c")]


def test_a_digit_inside_a_name_is_no_number() -> None:
    assert kinds("t1.c2") == [("name", "t1"), ("mark", "."), ("name", "c2")]


def test_a_parameter_inside_a_string_is_none() -> None:
    assert highest_parameter("SELECT '$7', $2, $$ $9 $$ -- $5") == 2


def test_statements_end_at_a_semicolon_outside_of_strings_and_comments() -> None:
    assert statements("select ';' ; /* ; */ select $$;$$; -- ;\n ; select 2") == [
        "select ';'",
        "/* ; */ select $$;$$",
        "select 2",
    ]


def test_too_much_text_is_refused_before_it_is_cut() -> None:
    with pytest.raises(UsageError, match="1,000,001 characters"):
        statements("x" * (MAX_FILE_CHARACTERS + 1))


@pytest.mark.alone
@pytest.mark.parametrize("piece", ["'", "$a$", "$a$$b$", "/*", "*/", "E'\\", '"', "1e", "1_", "a$", "--", "(", "0x"])
def test_eight_times_the_text_takes_nothing_like_sixty_four_times_the_time(piece: str) -> None:
    """The time per character stays about the same; 30 leaves room for a busy machine, quadratic time would be 64."""

    def seconds(length: int) -> float:
        sql = (piece * length)[:length]
        best = float("inf")
        for _ in range(5):
            began_at = time.perf_counter()
            for _ in tokens(sql):
                pass
            best = min(best, time.perf_counter() - began_at)
        return best

    assert seconds(160_000) < 30 * max(seconds(20_000), 0.001)


def test_identifiers_are_as_the_server_writes_them() -> None:
    sql = """SELECT a.Total, "Weird ""x" FROM Public.t WHERE note = 'needle' -- hidden"""
    assert {"a", "total", 'Weird "x', "public", "t", "note"} < identifiers(sql)
    assert not {"needle", "hidden", "Total"} & identifiers(sql)
