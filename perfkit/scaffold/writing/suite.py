"""What was imported → the text of its perfkit.toml. Knows the keys; reads none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from perfkit.scaffold.script import Arrivals, Imported, Mix
from perfkit.scaffold.writing.render import prose

DEFAULT_URL: Final = "http://127.0.0.1:8000"
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST_ROUNDS: Final = 20
_REQUESTS_OF_ONE_USER: Final = 200
_TEXT: Final = """\
# A suite for perfkit, made from {origin}.
# `perfkit bench` runs it, `perfkit check-setup` says whether everything in it can be reached.

name = "{slug}"

[target]
url = {url}
{watch}{allow}
# [database]
# dsn_env = "DATABASE_URL"      # the name of an environment variable; the connection string never stands here
# slower_than = "50ms"          # slower statements are captured and explained

[scenario]
file = "scenarios/{slug}/locustfile.py"

[[phase]]                       # one user alone: how fast can it be?
name = "single"
users = 1
iterations = {rounds}
duration = "5m"                 # a cap

{phases}
[[expect]]
that = "latency.p95{{*, {loaded}}} < 500ms"    # * is every endpoint
priority = "high"
advisory = true                 # reported, and never fails a gate: take it away when the limit is yours

[[expect]]
that = "errors.ratio < 1%"
{growth}"""
_CONCURRENT: Final = """\
[[phase]]                       # many users at once: how fast is it then?
name = "concurrent"
users = 10
duration = "30s"
warmup = "5s"                   # the first part of the duration; recorded, and left out of every figure
"""
_RECORDED: Final = """\
# The log: {requests:,} requests in the {minutes:,} minutes that had any. Arrivals per minute:
# median {median:,.0f}, p95 {p95:,.0f}, busiest minute {highest:,}.

[[phase]]                       # as many arrivals as in the median minute, whether the target keeps up or not
name = "recorded"
rate = "{median_per_s}/s"
arrivals = "poisson"
duration = "1m"
warmup = "5s"                   # the first part of the duration; recorded, and left out of every figure

# [[phase]]                     # as in the busiest minute
# name = "busiest"
# rate = "{highest_per_s}/s"
# duration = "1m"
"""
_GROWTH: Final = """
[[expect]]
that = "memory.growth < 20MB"
advisory = true
"""


def suite(imported: Imported, url: str, allow_hosts: Sequence[str] = ()) -> str:
    """The text of perfkit.toml for the target at `url`."""
    is_here = (urlsplit(url).hostname or "") in _HERE
    is_mix = isinstance(imported.load, Mix)
    rounds = min(max(_REQUESTS_OF_ONE_USER // max(len(imported.names), 1), 1), _MOST_ROUNDS)
    return _TEXT.format(
        origin=prose(imported.origin),
        slug=imported.slug,
        url=text(url),
        watch=f'watch = ["port:{_port(url)}"]           # whose memory and CPU are read\n' if is_here else "",
        allow=_allowed(url, allow_hosts, is_here=is_here),
        rounds=rounds,
        phases=_recorded(imported.load.arrivals) if isinstance(imported.load, Mix) else _CONCURRENT,
        loaded="recorded" if is_mix else "concurrent",
        growth=_GROWTH if is_here else "",
    )


def text(value: str) -> str:
    """A TOML string. JSON's are TOML's but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _allowed(url: str, allow_hosts: Sequence[str], *, is_here: bool) -> str:
    if allow_hosts or is_here:
        return f"allow_hosts = [{', '.join(map(text, allow_hosts))}]\n" if allow_hosts else ""
    host = urlsplit(url).hostname or ""
    return f"# allow_hosts = [{text(host)}]   # a host that is neither this machine nor private is named here\n"


def _recorded(arrivals: Arrivals) -> str:
    return _RECORDED.format(
        requests=arrivals.requests,
        minutes=arrivals.minutes,
        median=arrivals.median,
        p95=arrivals.p95,
        highest=arrivals.highest,
        median_per_s=_per_s(arrivals.median),
        highest_per_s=_per_s(arrivals.highest),
    )


def _per_s(per_minute: float) -> str:
    return f"{max(per_minute / 60, 0.01):.3f}".rstrip("0").rstrip(".")
