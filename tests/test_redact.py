"""Nothing that somebody else may not read survives redaction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.redact import redact_dsn, redact_literals, redact_plan_details, redact_query, redact_secrets

# What must not survive. It stands between other characters, so that it cannot arise by chance.
SECRET = "Zq7Xw"

values = st.text(alphabet="ab'\\\"$;-/* \n%é1", max_size=8).map(lambda text: f"{text}{SECRET}{text[::-1]}")


def plain(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def escaped(value: str) -> str:
    return "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def dollar(value: str) -> str:
    return f"$perf${value}$perf$"


@given(values, st.sampled_from([plain, escaped, dollar]), values)
def test_no_string_survives(value: str, quote: object, comment: str) -> None:
    assert callable(quote)
    sql = f"SELECT a /* {plain(comment).replace('*/', '').replace('/*', '')} */ FROM t WHERE b = {quote(value)} AND c"
    shown = redact_literals(sql)
    assert SECRET not in shown
    assert shown.startswith("SELECT a ")
    assert shown.endswith("FROM t WHERE b = ? AND c")


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False) | st.integers(min_value=0))
def test_no_number_survives(number: float) -> None:
    assert redact_literals(f"a = {number!r} AND b1 = $1") == "a = ? AND b1 = $1"


@pytest.mark.parametrize("tail", ["'Zq7Xw", "E'\\'Zq7Xw", "$x$ Zq7Xw", "/* Zq7Xw", "-- Zq7Xw"])
def test_what_is_never_closed_is_taken_out_to_the_end(tail: str) -> None:
    assert SECRET not in redact_literals(f"SELECT 1 {tail}")


def test_names_parameters_and_types_stay() -> None:
    assert redact_literals('(("o"."e-mail")::text = $2) AND t1.ok') == '(("o"."e-mail")::text = $2) AND t1.ok'


def test_details_of_a_plan_lose_their_literals_and_keep_names_and_measured_numbers() -> None:
    details = {
        "Filter": "(email = 'x@y'::text)",
        "Sort Key": ["(a || 'secret'::text)"],
        "Subplan Name": "InitPlan 1",
        "Rows Removed by Filter": 7,
        "Workers": [{"Worker Number": 0, "Sort Method": "quicksort"}],
    }
    assert redact_plan_details(details) == {
        "Filter": "(email = ?::text)",
        "Sort Key": ["(a || ?::text)"],
        "Subplan Name": "InitPlan 1",
        "Rows Removed by Filter": 7,
        "Workers": [{"Worker Number": 0, "Sort Method": "quicksort"}],
    }


passwords = st.text(alphabet="ab:/@?#&=%'\"\\é", max_size=6).map(lambda text: f"{text}{SECRET}")


@given(passwords)
def test_no_password_of_a_url_survives(password: str) -> None:
    shown = redact_dsn(f"cannot reach postgresql://bob:{password}@db:5432/erp now")
    assert SECRET not in shown
    assert shown.startswith("cannot reach postgresql://bob:***@")
    assert shown.endswith(" now")


@given(passwords)
def test_no_quoted_password_of_a_conninfo_survives(password: str) -> None:
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    assert redact_dsn(f"host=db password = '{quoted} {SECRET}' dbname=erp") == "host=db password = *** dbname=erp"


@given(passwords)
def test_no_bare_password_of_a_conninfo_survives(password: str) -> None:
    bare = password.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    shown = redact_dsn(f"host=db password={bare} dbname=erp")
    assert SECRET not in shown
    assert shown.startswith("host=db ")


@pytest.mark.parametrize(
    "text", ["postgresql://bob@db/erp", "http://127.0.0.1:8000/a", "10:30 at http://x", "bypass all"]
)
def test_a_text_without_a_password_stays(text: str) -> None:
    assert redact_dsn(text) == text


@given(passwords)
def test_known_secrets_are_masked_as_they_are_and_percent_encoded(secret: str) -> None:
    from urllib.parse import quote

    shown = redact_secrets(f"a {secret} b {quote(secret, safe='')} c", [secret, ""])
    assert shown == "a *** b *** c"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert redact_secrets("token abcdef", ["abc", "abcdef"]) == "token ***"


def test_without_secrets_the_text_stays() -> None:
    assert redact_secrets("a text", ["", "a"]) == "a text"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /login?user=a&password=s3cret&x=1", "GET /login?user=a&password=***&x=1"),
        ("/a?access_token=s3cret#top", "/a?access_token=***#top"),
        ("404 for url: http://h/a?api_key=s3cret and more", "404 for url: http://h/a?api_key=*** and more"),
        ("/a?client%5Bsecret%5D=s3cret;userToken=s3cret", "/a?client%5Bsecret%5D=***;userToken=***"),
        ("/a?sig=s3cret", "/a?sig=***"),
        ("/a?design=oak&assign=me&author=x&page=2&password=", "/a?design=oak&assign=me&author=x&page=2&password="),
        ("/a?token={any}", "/a?token={any}"),
        ("password=visible, as it is in no query", "password=visible, as it is in no query"),
    ],
)
def test_what_a_query_has_behind_a_name_of_a_secret_is_masked(text: str, shown: str) -> None:
    assert redact_query(text) == shown
    assert redact_query(shown) == shown
