"""A log file is recognised, unwrapped and read, whatever it is; what cannot be read is said and not guessed."""

from __future__ import annotations

import bz2
import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import UsageError
from perfkit.queries.formats import FORMATS, Missed
from perfkit.queries.log_reading import ReadLog, read_logs
from perfkit.queries.recognition import PREFIXES, recognise
from perfkit.queries.wrappers import WRAPPERS
from tests.queries import written

MESSAGE = "duration: 12.5 ms  execute <unnamed>: SELECT a\nFROM t WHERE b = $1"
DETAIL = "Parameters: $1 = 'it''s\ntwo lines'"
SQL = "SELECT a\nFROM t WHERE b = $1"
CLOUD = "2026-11-22 05:45:48.163 UTC [77]: [2-1] db=erp,user=bob "


def lines(*objects: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def cloud_sql() -> bytes:
    detail = f"{CLOUD}DETAIL:  {DETAIL}"
    return lines({"textPayload": f"{CLOUD}LOG:  {MESSAGE}", "resource": {}}, {"textPayload": detail, "resource": {}})


def azure_flexible() -> bytes:
    def entry(text: str) -> dict[str, Any]:
        message = f"2026-11-22 05:45:48 UTC-6921a4b3.4d-{text}"
        return {
            "time": "2026-11-22T05:45:48Z",
            "properties": {"processId": 77, "message": message, "errorLevel": "LOG"},
        }

    return lines(entry(f"LOG:  {MESSAGE}"), entry(f"DETAIL:  {DETAIL}"))


def cloudnativepg() -> bytes:
    record = {"log_time": written.AT, "user_name": "bob", "database_name": "erp", "message": MESSAGE, "detail": DETAIL}
    said = {"level": "info", "logger": "postgres", "msg": "record"}
    return lines(
        {"level": "info", "msg": "starting"}, {**said, "record": {**record, "query_id": "-6883025487542345243"}}
    )


def docker() -> bytes:
    text = written.stderr(MESSAGE, DETAIL).decode()
    pieces = [text[:70], *text[70:].splitlines(keepends=True)]  # a long line comes in pieces
    return lines(*({"log": piece, "stream": "stderr", "time": "2026-11-22T05:45:48Z"} for piece in pieces))


def syslog(host: str = "db", *, numbered: bool = True) -> bytes:
    """As rsyslog writes it: tabs as #011, an entry in numbered pieces, others in between."""
    pieces = [f"{CLOUD}LOG:  duration: 12.5 ms  execute <unnamed>: SEL", "ECT a", "#011FROM t WHERE b = $1"]
    pieces += [f"{CLOUD}DETAIL:  Parameters: $1 = 'it''s", "#011two lines'"]
    if not numbered:
        pieces[:2] = ["".join(pieces[:2])]
    told = []
    for piece, text in enumerate(pieces, start=1):
        for pid in (77, 78):
            mark = f"[5-{piece}] " if numbered else ""
            told.append(f"Nov 22 05:45:48 {host} postgres[{pid}]: {mark}{text}\n")
    return "".join(told).encode()


KINDS: dict[str, tuple[bytes, int]] = {
    "jsonlog": (written.jsonlog(MESSAGE, DETAIL), 1),
    "csvlog": (written.csvlog(MESSAGE, DETAIL), 1),
    "stderr '%m [%p] %q%u@%d '": (written.stderr(MESSAGE, DETAIL), 1),
    "stderr in Cloud SQL '%m [%p]: [%l-1] db=%d,user=%u '": (cloud_sql(), 1),
    "jsonlog in Azure": (azure_flexible(), 1),
    "jsonlog in CloudNativePG": (cloudnativepg(), 1),
    "stderr in Docker '%m [%p] %q%u@%d '": (docker(), 1),
    "stderr in syslog '%m [%p]: [%l-1] db=%d,user=%u '": (syslog(), 2),
}


def read(folder: Path, text: bytes, **asked: Any) -> ReadLog:
    file = folder / "a.log"
    file.write_bytes(text)
    return read_logs([str(file)], **asked)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_log_gives_statement_time_and_parameters(tmp_path: Path, kind: str) -> None:
    text, calls = KINDS[kind]
    found = read(tmp_path, text)
    assert found.kinds[0][1] == kind
    (query,) = found.queries
    assert (query.statement, query.calls, query.max_ms) == (SQL, calls, 12.5)
    assert query.parameter_sets[0].values == ("it's\ntwo lines",)
    assert found.lines_unparsed == 0


def test_syslog_without_numbers_is_read_too(tmp_path: Path) -> None:
    (query,) = read(tmp_path, syslog(numbered=False)).queries
    assert (query.statement, query.calls, query.parameter_sets[0].values) == (SQL, 2, ("it's\ntwo lines",))


def test_hosted_services_prefixes_are_recognised(tmp_path: Path) -> None:
    start = "2026-11-22 05:45:48 UTC:10.0.0.7(51234):bob@erp:[77]:"
    found = read(tmp_path, written.stderr(MESSAGE, DETAIL, prefix=start))
    assert (found.kinds[0][1], found.queries[0].database) == ("stderr '%t:%r:%u@%d:[%p]:'", "erp")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd.compress], ids=["gz", "bz2", "zst"])
def test_compression_is_told_by_the_bytes(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    assert read(tmp_path, compress(written.jsonlog(MESSAGE, DETAIL))).queries[0].statement == SQL


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd.compress], ids=["gz", "bz2", "zst"])
def test_a_compressed_file_that_ends_in_the_middle_gives_what_it_has(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    text = b"".join(written.jsonlog(f"duration: 1.0 ms  statement: SELECT {n * 7919 % 10007}") for n in range(8_000))
    packed = compress(text)
    found = read(tmp_path, packed[: len(packed) // 2])
    assert 0 < found.executions < 8_000 or compress is bz2.compress
    assert any("ends in the middle" in note for note in found.notes)


def test_several_logs_are_read_as_one_and_progress_is_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(written.jsonlog(MESSAGE, DETAIL) * 10)
    told: list[tuple[int, int | None]] = []
    names = [str(tmp_path / name) for name in ("a", "b")]
    found = read_logs(names, on_progress=lambda done, total: told.append((done, total)))
    size = (tmp_path / "a").stat().st_size
    assert found.queries[0].calls == 20
    assert told == [(size, 2 * size), (2 * size, 2 * size)]


def test_a_prefix_that_is_given_is_believed(tmp_path: Path) -> None:
    text = written.stderr(MESSAGE, prefix="bob/erp:77|")
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert "--log-line-prefix" in (caught.value.hint or "")
    assert read(tmp_path, text, prefix="%u/%d:%p|").queries[0].database == "erp"


def test_an_uncertain_prefix_is_not_guessed(tmp_path: Path) -> None:
    """Is it user and database, or the other way round?"""
    text = written.stderr(MESSAGE, prefix="2026-11-22 05:45:48.163 UTC [77]: db=erp,user=bob,app=x ")
    with pytest.raises(UsageError, match=r"no PostgreSQL log|not sure"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("Dauer: 12.500 ms  Anweisung: SELECT 1", "German"),
        ("durée : 12.500 ms, instruction : SELECT 1", "French"),
        ("продолжительность: 12.500 мс, оператор: SELECT 1", "Russian"),
        ("期間: 12.500 ミリ秒  文: SELECT 1", "Japanese"),
    ],
)
@pytest.mark.parametrize("write", [written.jsonlog, written.csvlog, written.stderr], ids=list(FORMATS))
def test_a_log_in_another_language_is_told_with_the_setting_that_changes_it(
    tmp_path: Path, write: Callable[[str], bytes], message: str, language: str
) -> None:
    with pytest.raises(UsageError, match=f"is in {language}") as caught:
        read(tmp_path, write(message) * 3)
    assert "lc_messages = 'C'" in (caught.value.hint or "")


def test_a_log_of_french_in_its_own_encoding_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is in French"):
        read(tmp_path, "2026-11-22 05:45:48.163 UTC [7] LOG:  durée : 2.100 ms, x : SELECT 1\n".encode("latin-1"))


def test_an_empty_log_is_a_log_without_a_statement(tmp_path: Path) -> None:
    assert read(tmp_path, b"").queries == ()


def test_a_log_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_logs(["/nowhere/at/all.log"])


def test_what_cannot_be_read_is_counted_in_a_note(tmp_path: Path) -> None:
    found = read(tmp_path, written.jsonlog(MESSAGE, DETAIL) + b"garbage\n\x00\xff\n" + b"{\n")
    assert found.lines_unparsed == 3
    assert "3 lines of the server log could not be read: not counted" in found.notes


@settings(max_examples=80, deadline=None)
@given(
    st.binary()
    | st.lists(st.sampled_from([*(text for text, _ in KINDS.values()), b"{", b'{"log": 1}\n'])).map(b"".join)
)
def test_no_file_breaks_the_reading(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    try:
        found = read(tmp_path_factory.getbasetemp(), text)
    except UsageError:
        return
    assert found.lines_unparsed >= 0


@pytest.mark.parametrize("wrapper", WRAPPERS)
@settings(max_examples=80, deadline=None)
@given(st.lists(st.binary() | st.sampled_from([text[:90] for text, _ in KINDS.values()])))
def test_no_line_breaks_a_wrapper(wrapper: str, told: list[bytes]) -> None:
    missed = Missed()
    for block in WRAPPERS[wrapper]([line + b"\n" for line in told], missed):
        assert isinstance(block, bytes)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_default_of_each_service_is_a_prefix_that_is_recognised(prefix: str) -> None:
    told = {"%m": written.AT, "%t": "2026-11-22 05:45:48 UTC", "%p": "77", "%u": "bob", "%d": "erp", "%a": "app",
            "%h": "10.0.0.7", "%r": "10.0.0.7(5123)", "%l": "3", "%c": "6921a4b3.4d", "%q": ""}  # fmt: skip
    start = prefix
    for escape, text in told.items():
        start = start.replace(escape, text)
    kind = recognise(written.stderr(MESSAGE, prefix=start), "a.log")
    assert kind.prefix is not None
    assert kind.prefix.pattern.fullmatch(start.encode())


def test_a_statement_of_a_megabyte_is_read(tmp_path: Path) -> None:
    sql = "SELECT " + "1, " * 400_000 + "2"
    found = read(tmp_path, written.jsonlog(f"duration: 1.0 ms  statement: {sql}") * 2)
    assert (found.queries[0].calls, found.lines_unparsed) == (2, 0)


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """Statements that are all different, with parameters that are all different."""
    with (tmp_path / "big.log").open("wb") as log:
        for number in range(1_000):
            sql = f"duration: 1.0 ms  execute x: SELECT c{number} FROM t WHERE a = $1 AND b = '{'x' * 5_000}'"
            log.write(written.jsonlog(sql, f"Parameters: $1 = '{'v' * 10_000}{number}'") * 2)
    tracemalloc.start()
    read_logs([str(tmp_path / "big.log")], fingerprints="own")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000 < (tmp_path / "big.log").stat().st_size
