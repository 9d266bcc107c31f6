"""Whatever a server says, the client ends, raises nothing, and leaves exactly one row a request."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, Talk, a_raw_server

KINDS = {None, "connect", "timeout", "closed", "tls", "http_4xx", "http_5xx", "validation", "generator", "other"}

numbers = st.integers(min_value=-1, max_value=2**70).map(lambda n: b"%d" % n)
fields = st.one_of(
    st.tuples(st.just(b"Content-Length"), numbers),
    st.tuples(st.just(b"Transfer-Encoding"), st.sampled_from([b"chunked", b"gzip, chunked", b"identity", b"CHUNKED "])),
    st.tuples(st.just(b"Connection"), st.sampled_from([b"close", b"keep-alive", b"upgrade", b"x"])),
    st.tuples(st.just(b"Content-Encoding"), st.sampled_from([b"gzip", b"br", b"zstd", b"deflate", b"x", b"gzip,br"])),
    st.tuples(st.just(b"Location"), st.sampled_from([b"/", b"x", b"http://", b"\xff", b"http://[", b""])),
    st.tuples(st.just(b"Set-Cookie"), st.binary(max_size=12)),
    st.tuples(st.just(b"Age"), numbers),
    st.tuples(st.binary(max_size=8), st.binary(max_size=8)),
)
heads = st.builds(
    lambda status, given: b"HTTP/1.1 %b X\r\n" % status + b"".join(b"%b: %b\r\n" % field for field in given) + b"\r\n",
    st.one_of(st.sampled_from([b"200", b"204", b"304", b"302", b"100", b"101", b"404", b"500"]), numbers),
    st.lists(fields, max_size=4),
)
sizes = st.one_of(st.integers(0, 20), st.sampled_from([2**63, 2**64 - 1, 2**64, 2**70]))
chunks = st.builds(lambda size, body: b"%x\r\n%b\r\n" % (size, body), sizes, st.binary(max_size=20))
pieces = st.one_of(st.binary(max_size=40), heads, heads, chunks, st.just(OK), st.just(OK[:30]))
ends = st.sampled_from(["close", "reset", "silence"])
methods = st.sampled_from(["get", "post", "head"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pieces, min_size=1, max_size=5), ends, st.booleans(), methods, st.booleans())
def test_no_server_hangs_or_breaks_the_client(
    lean: Lean, said: list[bytes], end: str, is_at_once: bool, method: str, is_caught: bool
) -> None:
    def script(talk: Talk) -> None:
        for _ in range(3):
            if not talk.hear():
                return
            talk.say(*([b"".join(said)] if is_at_once else said))
        if end == "reset":
            talk.reset()
        elif end == "silence":
            talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = lean.run(
            server.url,
            f"""
            import contextlib
            for _ in range(3):
                response = client.{method}("/", catch_response={is_caught})
                try:
                    with response if {is_caught} else contextlib.nullcontext():
                        response.text, response.headers, response.cookies, response.request
                except Exception as error:
                    assert type(error).__name__ == "UndecodableBodyError", repr(error)
            """,
            limits={"silence_s": 0.04, "reply_bytes": 10_000},
            max_redirects=2,
        )
    assert outcome.error is None
    assert len(outcome.rows) == 3
    for row in outcome.rows:
        assert row["error"] in KINDS
        assert (row["message"] is None) == (row["error"] is None)
        assert row["error"] is not None or row["status"] is not None
        assert row["ttfb_s"] is None or 0 <= row["ttfb_s"] <= row["service_s"]
