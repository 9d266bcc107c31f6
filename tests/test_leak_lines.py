"""A verdict on a leak in words: bytes a request, files per thousand, and how long until the limit."""

from __future__ import annotations

from dataclasses import replace

from perfkit import leak_lines
from perfkit.model import LeakVerdict

MEMORY = LeakVerdict(
    phase="leak",
    resource="heap",
    outcome="LEAK",
    reason="it grew",
    floors=(80e6, 85e6, 90e6),
    tolerance=0.5e6,
    requests=1000.0,
    seconds=10.0,
    per_request=5000.0,
    interval=(4900.0, 5100.0),
    per_hour=1.8e9,
    limit_s=5400.0,
    confidence="high",
)


def test_memory_is_told_in_bytes_a_request() -> None:
    told = leak_lines.leak(MEMORY)
    assert told.growth == "5.00 kB a request"
    assert told.interval == "50.0 MB per 10,000; 95%: 4.90 kB to 5.10 kB"
    assert (told.per_hour, told.limit) == ("1.80 GB an hour", "its limit in 1h 30m")
    assert told.at_rest == "80.0 MB → 90.0 MB in 2 rounds of 1,000 requests"


def test_what_is_counted_is_told_per_thousand_requests() -> None:
    files = replace(MEMORY, resource="fds", floors=(30.0, 530.0), per_request=0.5, interval=(0.5, 0.5), limit_s=None)
    told = leak_lines.leak(files)
    assert (told.resource, told.growth, told.limit) == ("open files", "500 per 1,000 requests", "")
    assert told.at_rest == "30 → 530 in 1 rounds of 1,000 requests"
