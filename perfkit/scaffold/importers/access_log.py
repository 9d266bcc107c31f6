"""An access log (common or combined format) → the mix of its addresses, and how many requests came in a minute.

Knows one line at a time: the log may be larger than memory. Which addresses are kept as examples is drawn by lot, so
that one that was asked for often is likely among them.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Final

from perfkit import units
from perfkit.errors import UsageError
from perfkit.patterns import MOST_NAMES
from perfkit.scaffold import addresses, names, source
from perfkit.scaffold.mixture import MOST_COUNTED, Mixture
from perfkit.scaffold.recording.kept import STATIC_ENDS
from perfkit.scaffold.script import Arrivals, Imported, Mix, Skipped, Wishes
from perfkit.scaffold.secrecy.vault import Vault

LONGEST_ADDRESS: Final = 2_000
_MOST_MINUTES: Final = 2_000_000
_REPLAYED: Final = ("GET", "HEAD")
_LINE: Final = re.compile(
    rb"\[(?P<day>\d{2})/(?P<month>[A-Z][a-z]{2})/(?P<year>\d{4}):(?P<hour>\d{2}):(?P<minute>\d{2}):\d{2}"
    rb'(?: (?P<zone>[+-]\d{4}))?\] "(?P<request>(?:[^"\\]|\\.){0,65536})" (?P<status>\d{3})\b'
)
_REQUEST: Final = re.compile(r"(?P<method>[A-Za-z]{1,20}) (?P<address>\S.*?)(?: HTTP/[\d.]+)?")
_ESCAPE: Final = re.compile(r"\\x([0-9A-Fa-f]{2})|\\([\"\\])")
_ABSOLUTE: Final = re.compile(r"(?:https?:)?//[^/?#]*", re.IGNORECASE)
_MONTHS: Final = {name: at for at, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


@dataclass(slots=True)
class _Read:
    """What was counted so far."""

    mixture: Mixture = field(default_factory=lambda: Mixture(random.Random(0)))  # noqa: S311 (a lot, no secret)
    lines: int = 0
    unparsed: int = 0
    static: int = 0
    methods: Counter[str] = field(default_factory=Counter)
    too_long: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)


def read(file: Path, wishes: Wishes) -> tuple[Imported, Vault]:
    """The mix that an access log recorded; it still holds the secrets that stand in its addresses.

    Raises:
        UsageError: it cannot be read, no line of it is of a known format, or none can be replayed.
    """
    seen = _Read()
    for line in source.lines_of(file):
        seen.lines += 1
        _count(line, seen)
    if seen.unparsed == seen.lines:
        what = f"none of the {seen.lines:,} lines of {file} is" if seen.lines else f"{file} is empty, and not"
        hint = 'a line looks like: 10.0.0.7 - - [17/Sep/2025:06:00:01 +0000] "GET /api HTTP/1.1" 200 512'
        raise UsageError(f"{what} in the common or combined log format", hint=hint)
    requests = seen.mixture.requests()
    if not requests:
        raise UsageError(f"{file} has no GET or HEAD request of a page that was answered well: nothing can be replayed")
    slug = names.slug(file.name.removesuffix(".gz").removesuffix(".log"), "traffic")
    imported = Imported(
        slug=slug,
        origin=f"{file.name}, an access log of {units.count(seen.lines, 'line')}",
        url=None,
        load=Mix(requests, _arrivals(seen.minutes)),
        skipped=_skipped(seen),
        notes=tuple(_notes(seen, len(requests))),
    )
    return imported, Vault(slug)


def _count(line: bytes | None, seen: _Read) -> None:
    found = _LINE.search(line) if line else None
    request = _REQUEST.fullmatch(_unescaped(found["request"])) if found else None
    minute = _minute_of(found) if found else None
    if found is None or request is None or minute is None:
        seen.unparsed += 1
        return
    method, address = request["method"].upper(), _ABSOLUTE.sub("", request["address"], count=1)
    path = address.partition("?")[0].lower()
    if method not in _REPLAYED:
        seen.methods[method] += 1
    elif path.endswith(STATIC_ENDS):
        seen.static += 1
    elif len(address) > LONGEST_ADDRESS:
        seen.too_long += 1
    elif found["status"][:1] == b"4":
        seen.refused[int(found["status"])] += 1
    else:
        clean = addresses.clean(address)
        seen.mixture.add(f"{method} {_pattern_of(clean.partition('?')[0])}", clean, is_fine=found["status"] < b"400")
        if minute in seen.minutes or len(seen.minutes) < _MOST_MINUTES:
            seen.minutes[minute] += 1


@lru_cache(maxsize=20_000)
def _pattern_of(path: str) -> str:
    return names.pattern_of(path)


def _unescaped(request: bytes) -> str:
    r"""The request line without the escapes of nginx (\x22) and Apache (\")."""
    text = request.decode("utf-8", "replace")
    return _ESCAPE.sub(lambda hit: chr(int(hit[1], 16)) if hit[1] else hit[2], text) if "\\" in text else text


def _minute_of(found: re.Match[bytes]) -> int | None:
    return _minute(*(found[part] for part in ("day", "month", "year", "hour", "minute", "zone")))


@lru_cache(maxsize=4_096)
def _minute(day: bytes, month: bytes, year: bytes, hour: bytes, minute: bytes, zone: bytes | None) -> int | None:
    """Minutes since 1970; None for a time that there is not."""
    offset = int(zone[:3]) * 60 + int(zone[:1] + zone[3:]) if zone else 0
    try:
        clock = timezone(timedelta(minutes=offset)) if offset else UTC
        at = datetime(int(year), _MONTHS.get(month, 0), int(day), int(hour), int(minute), tzinfo=clock)
        return int(at.timestamp()) // 60
    except (ValueError, OverflowError):
        return None


def _arrivals(minutes: Counter[int]) -> Arrivals:
    counts = sorted(minutes.values()) or [0]
    return Arrivals(
        requests=sum(counts),
        minutes=len(counts),
        median=float(median(counts)),
        p95=float(counts[min(int(len(counts) * 0.95), len(counts) - 1)]),
        highest=counts[-1],
    )


def _skipped(seen: _Read) -> tuple[Skipped, ...]:
    """Methods that change something are not replayed: a log does not hold what they sent."""
    reason = "only GET and HEAD are replayed; a log does not hold what was sent"
    methods = [Skipped(f"{count:,} × {method}", reason) for method, count in seen.methods.most_common(20)]
    never = [
        Skipped(f"{count:,} × {name}", "was never answered well") for name, count in seen.mixture.never_fine()[:50]
    ]
    return (*methods, *never)


def _notes(seen: _Read, kept: int) -> list[str]:
    counts = {
        ("line", "not in the common or combined format"): seen.unparsed,
        ("request", "for static files"): seen.static,
        ("request", f"with addresses of more than {LONGEST_ADDRESS:,} characters"): seen.too_long,
        **{("request", f"answered {status}"): count for status, count in seen.refused.most_common(10)},
    }
    notes = [f"left out: {units.count(count, what)} {how}" for (what, how), count in counts.items() if count]
    if (different := seen.mixture.different) > MOST_NAMES:
        counted = f"more than {MOST_COUNTED:,}" if different >= MOST_COUNTED else f"{different:,}"
        notes.append(f"{counted} patterns of addresses were folded into {units.count(kept, 'name')}")
    return notes
