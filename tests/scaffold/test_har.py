"""HAR recordings: what becomes a step, in which order, after which pause, and what is taken from earlier replies."""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from perfkit.errors import UsageError
from perfkit.replay import replay_once
from perfkit.scaffold.script import Journey, Step, Wishes
from perfkit.scaffold.suites import import_source
from tests.scaffold.shop import EMAIL, PASSWORD, a_session, a_shop
from tests.scaffold.wild import imported


def an_entry(url: str, at_s: float = 0.0, took_ms: float = 0.0, status: int = 200, **more: Any) -> dict[str, Any]:
    """An entry as a browser writes it; the reply is `reply` (JSON unless it is text)."""
    reply = more.get("reply", "")
    text, mime = (reply, "text/html") if isinstance(reply, str) else (json.dumps(reply), "application/json")
    request = {"method": more.get("method", "GET"), "url": url, "headers": _pairs(more.get("headers", {}))}
    if "body" in more:
        body = more["body"]
        is_form = isinstance(body, str)
        kind = "application/x-www-form-urlencoded" if is_form else "application/json"
        request["postData"] = {"mimeType": kind, "text": body if is_form else json.dumps(body)}
    return {
        "startedDateTime": f"2025-09-17T06:00:{at_s:09.6f}+02:00",
        "time": took_ms,
        "_resourceType": more.get("kind", "document"),
        "request": request,
        "response": {
            "status": status,
            "headers": _pairs(more.get("reply_headers", {})),
            "content": {"mimeType": more.get("mime", mime), "text": text},
        },
    }


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def a_recording(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"log": {"entries": list(entries)}}


def steps_of(*entries: dict[str, Any]) -> tuple[Step, ...]:
    load = imported("har", a_recording(*entries))[0].imported.load
    assert isinstance(load, Journey)
    return load.steps


def scenario_of(*entries: dict[str, Any]) -> str:
    return imported("har", a_recording(*entries))[1]


def test_a_recording_replays_against_a_server_on_which_no_recorded_value_is_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Form token, session, bearer token, ids in JSON, a link and Location are new; only the password stays."""
    file = tmp_path / "session.har"
    with a_shop() as recorded:
        file.write_text(json.dumps(a_session(recorded.url)))
    monkeypatch.setenv("RECORDED_PASSWORD", PASSWORD)
    with a_shop() as shop:
        written = import_source("har", file, tmp_path / "suite", Wishes(url=shop.url))
        replay = replay_once(written.scenario, shop.url, written.imported.names)
    assert [(one.name, one.status) for one in replay.unanswered] == [("POST /login", 303)]
    assert (replay.requests, replay.not_asked) == (9, ())
    assert len(shop.orders) == 1
    assert EMAIL in written.scenario.read_text()


def test_requests_come_in_the_order_of_their_start_with_the_pauses_between() -> None:
    """A pause is from the end of all replies so far; requests beside each other have none; a minute is the most."""
    entries = [
        an_entry("http://h/second", at_s=3.0, took_ms=500),
        an_entry("http://h/first", at_s=0.0, took_ms=1_000),
        an_entry("http://h/beside", at_s=3.1, took_ms=2_000),
        an_entry("http://h/after", at_s=6.1),
    ]
    found = [(step.name, step.think_s) for step in steps_of(*entries)]
    assert found == [("GET /first", 0.0), ("GET /second", 2.0), ("GET /beside", 0.0), ("GET /after", 1.0)]


def test_what_is_no_load_on_the_target_is_left_out_and_counted() -> None:
    """Static files, other hosts, WebSockets, data: addresses, preflights, what was never answered."""
    entries = [
        an_entry("http://h/page"),
        an_entry("http://h/api", kind="xhr", reply={}),
        an_entry("http://h/logo.png"),
        an_entry("http://h/font", mime="font/woff2"),
        an_entry("http://tracker.example/hit"),
        an_entry("ws://h/live"),
        an_entry("data:text/css,x"),
        an_entry("http://h/api", method="OPTIONS"),
        an_entry("http://h/blocked", status=0),
    ]
    written = imported("har", a_recording(*entries))[0].imported
    assert written.names == ("GET /page", "GET /api")
    assert set(written.notes) == {
        "left out: 2 static files",
        "left out: 1 to another host (tracker.example)",
        "left out: 2 not HTTP (WebSocket, data:, blob:)",
        "left out: 1 preflight (OPTIONS)",
        "left out: 1 never answered",
    }


def test_the_target_is_where_most_requests_went_that_are_no_files() -> None:
    """Pages from one host, the API on another: the API is the load."""
    entries = [an_entry("https://www.example/"), *(an_entry(f"https://api.example/{n}", reply={}) for n in range(3))]
    assert imported("har", a_recording(*entries))[0].url == "https://api.example"


def test_a_redirect_is_a_step_and_so_is_where_it_led() -> None:
    """The recording has both: the client must not follow by itself."""
    scenario = scenario_of(an_entry("http://h/old", status=302), an_entry("http://h/new"))
    assert 'self.client.get("/old", name="GET /old", allow_redirects=False)' in scenario
    assert 'self.client.get("/new", name="GET /new")' in scenario


def test_headers_of_the_browser_and_of_the_cache_are_left_to_the_client() -> None:
    headers = {":authority": "h", "Host": "h", "User-Agent": "Mozilla", "sec-ch-ua": "x", "If-None-Match": "y"}
    kept = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}
    (step,) = steps_of(an_entry("http://h/a", headers={**headers, **kept, "X-Bad": "a\nb"}))
    assert dict(step.headers).keys() == kept.keys()


@pytest.mark.parametrize(
    ("reply", "used", "extract"),
    [
        ({"items": [{"id": 7}, {"id": 8}]}, "/customers/8", 'customer_id=pointed(reply, "/items/1/id")'),
        ({"ref": "INV-2025-0007"}, "/customers/INV-2025-0007", 'ref=pointed(reply, "/ref")'),
        ({"a/b": {"~": "abc-123-def"}}, "/customers?q=abc-123-def", 'pointed(reply, "/a~1b/~0")'),
        ('<a href="/customers/12">', "/customers/34", None),
        ('<a href="/customers/34">', "/customers/34", r'matched(reply.text, r"/customers/(\d+)")'),
        ('<input name="t" value="abc123def">', "/customers?t=abc123def", r"""r'<input name="t" value="([^"]+)')"""),
        ("var key = 'abc123def';", "/customers?t=abc123def", "matched(reply.text,"),
    ],
)  # fmt: skip
def test_what_an_earlier_reply_told_is_taken_from_the_reply(reply: Any, used: str, extract: str | None) -> None:
    scenario = scenario_of(an_entry("http://h/customers", reply=reply), an_entry(f"http://h{used}"))
    if extract is None:
        assert f'"{used}"' in scenario
    else:
        assert extract in scenario
        assert "self.found[" in scenario.partition(extract)[2]


def test_a_short_number_is_taken_only_from_an_id_of_the_same_thing() -> None:
    """7 is also a page, a quantity, and the id of something else."""
    reply = {"page": 7, "product": {"id": 7}}
    assert '"/customers/7"' in scenario_of(an_entry("http://h/shop", reply=reply), an_entry("http://h/customers/7"))


def test_dates_words_and_amounts_are_not_taken_for_ids() -> None:
    reply = {"day": "2025-09-17", "state": "in-progress", "amount": "1200.50"}
    address = "/orders?day=2025-09-17&state=in-progress&amount=1200.50"
    assert f'"{address}"' in scenario_of(an_entry("http://h/a", reply=reply), an_entry(f"http://h{address}"))


def test_a_bearer_token_comes_from_the_reply_that_gave_it_else_from_the_environment() -> None:
    token = "t0ken-0123456789"
    asked = an_entry("http://h/a", headers={"Authorization": f"Bearer {token}"})
    told = scenario_of(an_entry("http://h/login", reply={"token": token}), asked)
    assert "f\"Bearer {self.found['token']}\"" in told
    assert 'f"Bearer {H_TOKEN}"' in scenario_of(asked)


def test_a_number_in_a_body_stays_a_number() -> None:
    scenario = scenario_of(
        an_entry("http://h/customers", reply={"id": 17}),
        an_entry("http://h/orders", method="POST", body={"customer_id": 17, "text": "17"}),
    )
    assert 'json={"customer_id": self.found["customer_id"], "text": "17"}' in scenario


def test_a_session_that_began_before_the_recording_is_said_and_comes_from_the_environment() -> None:
    headers = {"Cookie": "sessionid=0123456789abcdef; _ga=GA1.2.3"}
    written, scenario, _ = imported("har", a_recording(an_entry("http://shop/a", headers=headers)))
    assert "begins inside a session" in written.imported.notes[-1]
    assert "sessionid" in written.imported.notes[-1]
    assert "_ga" not in written.imported.notes[-1]
    assert 'SHOP_COOKIES.split("; ")' in scenario


def test_bodies_are_written_as_what_they_are() -> None:
    """JSON as a value, a form as pairs, anything else as text with its type; what was not recorded is said."""
    scenario = scenario_of(
        an_entry("http://h/a", method="POST", body={"a": [1, None, True]}),
        an_entry("http://h/b", method="POST", body="a=1&a=2&b=%C3%A9"),
    )
    assert 'json={"a": [1, None, True]}' in scenario
    assert 'data=urlencode([("a", "1"), ("a", "2"), ("b", "é")])' in scenario
    upload = an_entry("http://h/c", method="POST", headers={"Content-Length": "7"})
    written = imported("har", a_recording(an_entry("http://h/a"), upload))[0].imported
    assert [(one.name, one.reason) for one in written.skipped] == [("POST /c", "its body is not in the recording")]


def test_graphql_requests_are_told_apart_by_their_operation() -> None:
    """They all have one address."""
    bodies = [{"operationName": name, "query": "{ a }", "variables": {}} for name in ("Customers", "Orders")]
    steps = steps_of(*(an_entry("http://h/graphql", method="POST", body=body) for body in bodies))
    assert [step.name for step in steps] == ["POST /graphql Customers", "POST /graphql Orders"]


def test_replies_in_base64_are_read() -> None:
    """Firefox and proxies write them so."""
    first = an_entry("http://h/customers")
    packed = base64.b64encode(b'{"id": "cust-000017"}').decode()
    first["response"]["content"] = {"mimeType": "application/json", "encoding": "base64", "text": packed}
    assert 'pointed(reply, "/id")' in scenario_of(first, an_entry("http://h/customers/cust-000017"))


def test_more_than_five_hundred_names_are_folded_and_the_count_is_said() -> None:
    """And more than two thousand requests are a recording of something else than a visit."""
    words = ("".join(letters) for letters in itertools.product("abcdefghijklm", repeat=3))
    entries = [an_entry(f"http://h/shop/{word}/view") for word in itertools.islice(words, 2_100)]
    written = imported("har", a_recording(*entries))[0].imported
    assert written.names == ("GET /shop/{any}/view",)
    assert written.notes == (
        "left out: 100 after the first 2,000",
        "2,000 patterns of addresses were folded into 1 names",
    )


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "has no log.entries"),
        ({"log": {"entries": {}}}, "has no log.entries"),
        ({"log": {"entries": []}}, "recorded nothing"),
        ({"log": {"entries": [1, None, "x"]}}, "recorded nothing"),
        (a_recording(an_entry("http://h/a.css")), "can be replayed: 1 static files"),
        (a_recording(an_entry("nonsense")), "can be replayed: 1 without an address"),
        (b'{"log": ', "line 1: is not JSON"),
        (b"\xff\xfe\x00binary", "is not text|is not JSON"),
    ],
)
def test_what_is_no_recording_is_refused_in_a_sentence(document: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        imported("har", document)
