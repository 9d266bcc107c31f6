"""No secret of a source gets into a file: each is known by its place, and then hidden wherever else it stands."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import UsageError
from perfkit.scaffold.secrecy.vault import Vault, is_secret_key
from tests.scaffold.wild import imported

# Long enough to be no accident, with what is encoded differently in addresses, JSON and HTML.
SECRETS = st.builds(
    "{}{}{}".format,
    st.text("abcdefghijkmnpqrstuvwxyz", min_size=4, max_size=8),
    st.sampled_from(["", "+", "/", "%", "é", '"', "'", " ", "&", "<", "\\", "€ ", "{x}", "=="]),
    st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=6, max_size=20),
)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
JSON = "application/json"


def forms_of(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}


def forms_left(kind: str, document: Any, secret: str) -> list[str]:
    """The forms of the secret that are in anything that is written or printed."""
    try:
        written, *texts = imported(kind, document)
        said = [written.imported.origin, *written.imported.names, *written.imported.notes]
        said += [f"{one.name} {one.reason}" for one in written.imported.skipped]
    except UsageError as error:
        texts, said = [], [error.message]
    return [form for form in forms_of(secret) for text in (*texts, *said) if form in text]


def an_entry(url: str, **more: Any) -> dict[str, Any]:
    headers = [{"name": name, "value": value} for name, value in more.get("headers", {}).items()]
    request = {"method": more.get("method", "GET"), "url": url, "headers": headers}
    if "body" in more:
        request["postData"] = {"mimeType": more.get("mime", JSON), "text": more["body"]}
    reply = {"mimeType": more.get("reply_mime", "text/html"), "text": more.get("reply", "")}
    set_cookies = [{"name": "Set-Cookie", "value": value} for value in more.get("set_cookies", ())]
    return {"request": request, "response": {"status": 200, "headers": set_cookies, "content": reply}}


# Where a recording may say a secret: (entry that gives it away).
PLACES = {
    "bearer": lambda s: an_entry("http://h/a", headers={"Authorization": f"Bearer {s}"}),
    "basic": lambda s: an_entry(
        "http://h/a", headers={"Authorization": "Basic " + base64.b64encode(f"joe:{s}".encode()).decode()}
    ),
    "api key": lambda s: an_entry("http://h/a", headers={"X-Api-Key": s}),
    "cookie": lambda s: an_entry("http://h/a", headers={"Cookie": f"lang=en; sid={s.replace(';', '')}"}),
    "set-cookie": lambda s: an_entry("http://h/a", set_cookies=[f"sid={s}; Path=/; HttpOnly"]),
    "json": lambda s: an_entry("http://h/a", method="POST", body=json.dumps({"user": {"passWord": s}})),
    "nested": lambda s: an_entry("http://h/a", method="POST", body=json.dumps({"credentials": [{"value": s}]})),
    "form": lambda s: an_entry(
        "http://h/a", method="POST", body=f"user=joe&pwd={quote_plus(s)}", mime="application/x-www-form-urlencoded"
    ),
    "query": lambda s: an_entry(f"http://h/a?page=1&access_token={quote(s, safe='')}"),
    "foreign host": lambda s: an_entry("http://tracker/a.png", headers={"Authorization": f"Bearer {s}"}),
}


@pytest.mark.parametrize("place", PLACES)
@settings(QUICK, max_examples=15)
@given(SECRETS)
def test_a_secret_of_a_recording_is_hidden_everywhere(place: str, secret: str) -> None:
    """Known by its place, it is hidden in a path, a query, a body, a header and beside what a reply told."""
    encoded = quote(secret, safe="")
    page = f'<input data-x="{secret}" name="code" value="tok-{"9" * 12}">'
    entries = [
        an_entry("http://h/", reply=page),
        an_entry("http://h/c", reply=json.dumps({secret: {"id": "ref-4711-4711"}}), reply_mime=JSON),
        PLACES[place](secret),
        an_entry(f"http://h/files/{encoded}/x?q={encoded}&code=tok-{'9' * 12}", headers={"X-Note": f"see {secret}"}),
        an_entry("http://h/d/ref-4711-4711", method="PUT", body=json.dumps({secret: 1, "note": [f"a {secret} b"]})),
        an_entry("http://h/e", method="POST", body=f"<note>{secret}</note>", mime="text/xml"),
    ]
    assert forms_left("har", {"log": {"entries": entries}}, secret) == []


@QUICK
@given(SECRETS)
def test_a_secret_in_an_openapi_example_is_hidden(secret: str) -> None:
    """Also where another operation repeats it."""
    body = {"content": {JSON: {"example": {"email": "joe@example.org", "password": secret}}}}
    note = {"content": {JSON: {"example": {"note": f"not {secret}!"}}}}
    key = {"in": "query", "name": "api_key", "required": True, "schema": {"type": "string", "example": secret}}
    paths = {
        f"/{secret}": {"get": {"parameters": [key]}},
        "/login": {"post": {"requestBody": body}},
        "/notes": {"post": {"requestBody": note}},
    }
    assert forms_left("openapi", {"openapi": "3.0.0", "info": {"title": f"Of {secret}"}, "paths": paths}, secret) == []


@QUICK
@given(SECRETS)
def test_a_secret_in_the_addresses_of_a_log_is_hidden(secret: str) -> None:
    """By the key before it, and in the path of the next line."""
    encoded = quote(secret, safe="")
    line = '10.0.0.1 - joe [17/Sep/2025:06:00:01 +0000] "GET {} HTTP/1.1" 200 5\n'
    lines = [line.format(f"/a?token={encoded}&page=2"), line.format(f"/files/{encoded}"), line.format("/b")]
    assert forms_left("access-log", "".join(lines).encode(), secret) == []


def test_a_key_to_an_account_in_a_path_is_a_secret() -> None:
    """What follows /reset-password/ works once, for one person."""
    line = b'::1 - - [17/Sep/2025:06:00:01 +0000] "GET /reset-password/9f8e7d6c5b4a HTTP/1.1" 200 5\n'
    assert forms_left("access-log", line, "9f8e7d6c5b4a") == []


def test_multipart_bodies_hold_secrets_too() -> None:
    body = '--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nopen-sesame-7\r\n--x--\r\n'
    entry = an_entry("http://h/a", method="POST", body=body, mime="multipart/form-data; boundary=x")
    assert forms_left("har", {"log": {"entries": [entry]}}, "open-sesame-7") == []


def test_one_secret_is_one_variable_wherever_it_stands() -> None:
    """The scenario sends it where the recording had it: it must be the same value."""
    login = an_entry("http://shop/a", method="POST", body=json.dumps({"password": "open-sesame-7"}))
    entries = [login, an_entry("http://shop/b?q=open-sesame-7")]
    written, scenario, _ = imported("har", {"log": {"entries": entries}})
    assert [one.name for one in written.imported.variables] == ["SHOP_PASSWORD"]
    assert '"/b?q={quoted(SHOP_PASSWORD)}"' in scenario


@pytest.mark.parametrize(
    "key", ["password", "newPassword", "X-Api-Key", "api_key", "accessToken", "Authorization", "client-secret", "PIN"]
)
def test_keys_of_secrets_are_known(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize("key", ["page", "max_tokens", "spinner", "customer_id", "keyboard", "note", "assignee"])
def test_other_keys_are_not_taken_for_secrets(key: str) -> None:
    assert not is_secret_key(key)


def test_thousands_of_secrets_cost_no_more_than_a_look_each() -> None:
    """A recording of a long session has a new cookie in every reply."""
    vault = Vault("shop")
    for number in range(20_000):
        vault.learn(f"{number:06}-abcdef")
    assert vault.redact("see 000017-abcdef, and 019999-abcdef") == "see ***, and ***"
