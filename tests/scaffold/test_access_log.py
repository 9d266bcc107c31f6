"""Access logs: the mix of addresses, the arrivals per minute, and what is counted instead of replayed."""

from __future__ import annotations

import gzip
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from perfkit.errors import UsageError
from perfkit.replay import replay_once
from perfkit.scaffold.script import Arrivals, Mix, Wishes
from perfkit.scaffold.suites import Written, import_source
from tests.servers import Answer, a_server


def a_line(address: str, status: int = 200, minute: int = 0, method: str = "GET", tail: str = ' "-" "curl/8"') -> str:
    return f'10.0.0.7 - ann [17/Sep/2025:06:{minute:02}:01 +0200] "{method} {address} HTTP/1.1" {status} 512{tail}'


def written_from(lines: Iterable[str] | bytes, folder: Path, *, name: str = "access.log") -> Written:
    data = lines if isinstance(lines, bytes) else "\n".join(lines).encode()
    file = folder / name
    file.write_bytes(data)
    return import_source("access-log", file, folder / "suite", Wishes())


def mix_of(lines: Iterable[str] | bytes, folder: Path) -> Mix:
    load = written_from(lines, folder).imported.load
    assert isinstance(load, Mix)
    return load


def counts_of(mix: Mix) -> dict[str, int]:
    return {request.name: request.count for request in mix.requests}


def test_requests_are_counted_by_pattern_the_most_asked_first(tmp_path: Path) -> None:
    """Ids, uuids, dates and hashes in a path become placeholders; the query is no part of a name."""
    lines = [
        a_line("/"),
        *(a_line(f"/customers/{number}?tab=1") for number in range(5)),
        a_line("/orders/6f1c3a52-7d3e-4c1b-9d0a-8f3f0c1a2b3c"),
        a_line("/reports/2025-09-17.pdf"),
        a_line("/files/d41d8cd98f00b204e9800998ecf8427e"),
        a_line("/", method="HEAD"),
    ]
    assert counts_of(mix_of(lines, tmp_path)) == {
        "GET /customers/{id}": 5,
        "GET /": 1,
        "GET /orders/{uuid}": 1,
        "GET /reports/{date}.pdf": 1,
        "GET /files/{hash}": 1,
        "HEAD /": 1,
    }


@pytest.mark.parametrize(
    "line",
    [
        a_line("/a"),
        a_line("/a", tail=""),
        "shop.example:443 " + a_line("/a"),
        a_line("http://shop.example:8080/a"),
        '::1 - - [17/Sep/2025:06:00:01 +0000] "GET /a" 200 5',
        '10.0.0.7 - "an odd user" [17/Sep/2025:06:00:01 +0000] "get /a HTTP/2.0" 200 - "-" "a \\"q\\"" 0.012',
    ],
)
def test_common_combined_and_what_is_near_to_them_is_read(line: str, tmp_path: Path) -> None:
    assert counts_of(mix_of([line], tmp_path)) == {"GET /a": 1}


def test_what_is_not_replayed_is_counted(tmp_path: Path) -> None:
    """Methods that write, refused requests, static files, lines of another format."""
    lines = [
        a_line("/a"),
        a_line("/a", method="POST"),
        a_line("/a", method="DELETE"),
        a_line("/wp-login.php", 404),
        a_line("/app.css?v=2"),
        a_line("/broken", 500),
        "hello",
        a_line("/" + "x" * 3_000),
        a_line("/" + "x" * 70_000),
    ]
    imported = written_from(lines, tmp_path).imported
    assert imported.names == ("GET /a",)
    assert [(one.name, one.reason.partition(";")[0]) for one in imported.skipped] == [
        ("1 × POST", "only GET and HEAD are replayed"),
        ("1 × DELETE", "only GET and HEAD are replayed"),
        ("1 × GET /broken", "was never answered well"),
    ]
    assert set(imported.notes) == {
        "left out: 2 lines not in the common or combined format",
        "left out: 1 request for static files",
        "left out: 1 request with addresses of more than 2,000 characters",
        "left out: 1 request answered 404",
    }


def test_arrivals_are_counted_by_the_minute(tmp_path: Path) -> None:
    """Minutes without any request are no minutes of the load; offsets of the clock are heeded."""
    lines = [a_line("/a", minute=minute) for minute, count in {1: 60, 2: 120, 30: 600}.items() for _ in range(count)]
    lines.append(a_line("/a", minute=2).replace("06:02:01 +0200", "04:02:59 +0000"))
    assert mix_of(lines, tmp_path).arrivals == Arrivals(requests=781, minutes=3, median=121.0, p95=600.0, highest=600)


def test_the_arrival_rate_is_the_rate_of_a_phase(tmp_path: Path) -> None:
    lines = [a_line("/a", minute=minute) for minute in range(3) for _ in range(90)]
    suite = tomllib.loads(written_from(lines, tmp_path).files[0].read_text())
    assert [(phase["name"], phase.get("rate")) for phase in suite["phase"]] == [("single", None), ("recorded", "1.5/s")]


def test_an_address_that_was_asked_for_often_is_asked_for_often(tmp_path: Path) -> None:
    """Twenty addresses are drawn from all requests, each request with the same chance."""
    lines = [a_line("/customers/1" if number % 2 else f"/customers/{number}") for number in range(4_000)]
    (request,) = mix_of(lines, tmp_path).requests
    texts = [address.parts[0] for address in request.addresses]
    assert texts[0] == "/customers/1"
    assert 0.25 <= texts.count("/customers/1") / len(texts) <= 0.75


def test_weights_are_shares_whatever_the_counts(tmp_path: Path) -> None:
    """Locust keeps a task as often as its weight: a million would be a million entries."""
    lines = [*(a_line("/a") for _ in range(3_000)), *(a_line("/b") for _ in range(1_000)), a_line("/rare")]
    scenario = written_from(lines, tmp_path).scenario.read_text()
    weights = re.findall(r"\(  # [\d,]+ requests\n +(\d+),", scenario)
    assert weights == ["7498", "2499", "2"]


def test_the_mix_is_what_the_scenario_asks_for(tmp_path: Path) -> None:
    """Every endpoint once in an iteration, whatever its weight."""
    lines = [*map(a_line, ["/a b?q=1", "/a b?q=1", "/customers/7"]), a_line("/head", method="HEAD")]
    written = written_from(lines, tmp_path)
    asked: list[str] = []

    def answer(path: str) -> Answer:
        asked.append(path)
        return 200, {}, b""

    with a_server(answer) as url:
        replay = replay_once(written.scenario, url, written.imported.names)
    assert (replay.requests, replay.not_asked) == (3, ())
    assert {"/a%20b?q=1", "/customers/7"} <= set(asked)


def test_thousands_of_addresses_are_folded_and_the_count_is_said(tmp_path: Path) -> None:
    """Words that stand for people cannot be told from words that stand for pages, but by their number."""
    words = [f"/people/{chr(97 + n % 26)}{'bcdfghjklm'[n // 26 % 10]}{chr(97 + n // 260)}/page" for n in range(6_000)]
    lines = [*map(a_line, words), *(a_line(f"/shop/{word}") for word in ("cart", "search", "home"))]
    imported = written_from(lines, tmp_path).imported
    assert set(imported.names) == {"GET /people/{any}/page", "GET /shop/cart", "GET /shop/search", "GET /shop/home"}
    assert imported.notes == ("6,003 patterns of addresses were folded into 4 names",)


def test_an_address_with_a_space_or_beyond_ascii_is_sent_encoded(tmp_path: Path) -> None:
    lines = [a_line('/a b?q=\\xc3\\xa4 \\"x\\"'), a_line("/ä/%C3%A4")]
    written = written_from(lines, tmp_path)
    assert '"/a%20b?q=%C3%83%C2%A4%20%22x%22"' in written.scenario.read_text()
    assert written.imported.names == ("GET /a b", "GET /ä/ä")


def test_a_packed_log_is_read(tmp_path: Path) -> None:
    """By what it is, not by its name."""
    packed = gzip.compress(a_line("/a").encode())
    assert written_from(packed, tmp_path, name="access.log.1").imported.names == ("GET /a",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty, and not in the common"),
        (b"hello\nworld\n", "none of the 2 lines"),
        (bytes(range(256)) * 300, "none of the"),
        (b"x" * 1_000_000, "none of the 1 lines"),
        (a_line("/a", method="POST").encode(), "nothing can be replayed"),
        (gzip.compress(a_line("/a").encode() * 50, mtime=0)[:40], "packed with gzip, and broken"),
    ],
)
def test_what_is_no_access_log_is_refused_in_a_sentence(data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        written_from(data, tmp_path)
    assert not (tmp_path / "suite").exists()
