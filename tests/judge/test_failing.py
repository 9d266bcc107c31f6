"""A phase in which nothing succeeded is said once, with what went wrong most."""

from __future__ import annotations

from perfkit.judge.failing import all_failed
from tests.builders import a_phase, a_request, a_run


def test_one_sentence_for_all_endpoints() -> None:
    """The most frequent kind, and of that the most frequent message; warm-up does not count."""
    refused = {"error": "connect", "message": "refused", "status": None}
    requests = [
        *(a_request(endpoint, **refused) for endpoint in ("A", "B", "C")),
        a_request("A", error="timeout", message="no reply"),
        a_request("A", is_warmup=True),
    ]
    assert all_failed(a_run(requests)) == ["phase single: no request of 4 succeeded; 3 × connect: refused"]


def test_each_phase_is_looked_at_by_itself() -> None:
    phases = [a_phase("single"), a_phase("concurrent", 60, 120)]
    requests = [a_request(), a_request(phase="concurrent", error="http_5xx", message="HTTP 500")]
    assert all_failed(a_run(requests, phases=phases)) == [
        "phase concurrent: no request of 1 succeeded; 1 × http_5xx: HTTP 500"
    ]


def test_one_success_or_no_request_says_nothing() -> None:
    assert all_failed(a_run([a_request(), a_request(error="closed", message="closed")])) == []
    assert all_failed(a_run()) == []
