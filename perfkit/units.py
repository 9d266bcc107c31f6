"""Units of metrics: the suffix of a metric's name ⇄ human text, both ways. Knows no metric by name.

A metric's unit is the last word of its name: `latency.p95_ms`, `memory.growth_bytes`, `errors.ratio`,
`throughput.requests_per_s`, `requests.count`. A name without such a word (`system.load1`) is a plain number.
"""

from __future__ import annotations

import math
import re
from typing import Final

SUFFIXES: Final = ("per_s", "ms", "bytes", "ratio", "count", "s")

_SCALES: Final[dict[str, dict[str, float]]] = {
    "ms": {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3, "min": 60e3, "h": 3600e3, "d": 86400e3},
    "s": {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
    "bytes": {
        "b": 1.0,
        **{f"{letter}b": 1000.0**power for power, letter in enumerate("kmgt", start=1)},
        **{f"{letter}ib": 1024.0**power for power, letter in enumerate("kmgt", start=1)},
    },
    "ratio": {"%": 0.01, "": 1.0},
    "per_s": {"/s": 1.0, "/min": 1 / 60, "/m": 1 / 60, "/h": 1 / 3600},
    "count": {"": 1.0, "k": 1e3},
    "": {"": 1.0},
}
_NUMBER: Final = r"((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
_UNIT: Final = r"([^0-9\s.,+-]+)"
_PART: Final = re.compile(rf"{_NUMBER}\s*{_UNIT}?")
_WHOLE: Final = re.compile(rf"\s*([+-]?)\s*((?:{_NUMBER}\s*{_UNIT}\s*)*(?:{_NUMBER}\s*)?)")
_IDLE_ZEROS: Final = re.compile(r"\.0+(?![0-9])|(?<=\.[0-9])0+(?![0-9])")
LONGEST: Final = {"s": 365 * 86400.0, "ms": 365 * 86400e3}  # what anybody can mean to wait for: a year
MISSING: Final = "–"


def suffix_of(name: str) -> str:
    """The unit word of a metric's name, `""` for a plain number."""
    last = name.rpartition(".")[2]
    for suffix in SUFFIXES:
        if last == suffix or last.endswith(f"_{suffix}"):
            return suffix
    return ""


def stem_of(name: str) -> str:
    """The name as people write it: `latency.p95_ms` → `latency.p95`; `errors.ratio` stays."""
    suffix = suffix_of(name)
    return name.removesuffix(f"_{suffix}") if suffix else name


def parse(text: str, suffix: str) -> float:
    """Human text to a value in the unit `suffix`: ("1m30s", "s") → 90.0; ("80%", "ratio") → 0.8; ("2MB", "bytes") → 2e6

    A duration needs its unit, as a bare number could mean seconds or milliseconds. MB is 10⁶ bytes, MiB is 2²⁰.

    Raises:
        ValueError: no number, an unknown unit, or a unit of another kind; the message names the units that fit.
    """
    whole = _WHOLE.fullmatch(text)
    parts = list(_PART.finditer(whole[2])) if whole else []
    if whole is None or not parts or (len(parts) > 1 and suffix not in {"ms", "s"}):
        raise ValueError(f"{text!r} is not a quantity; write for example {_example(suffix)}")
    total = sum(float(part[1].replace(",", "")) * _scale_of(part[2] or "", suffix, text) for part in parts)
    if not math.isfinite(total):
        raise ValueError(f"{text!r} is too large a number")
    return -total if whole[1] == "-" else total


def _scale_of(unit: str, suffix: str, text: str) -> float:
    scales = _SCALES[suffix]
    if unit.lower() in scales:
        return scales[unit.lower()]
    fits = ", ".join(key for key in scales if key)
    what = f"the unit {unit!r} does not fit" if unit else "a unit is missing"
    raise ValueError(f"{text!r}: {what}" + (f"; use one of {fits}" if fits else "; write a plain number"))


def _example(suffix: str) -> str:
    examples = {"ms": "200ms", "s": "30s", "bytes": "2MB", "ratio": "80%", "per_s": "200/s", "count": "100"}
    return examples.get(suffix, "1.5")


def show(value: float, suffix: str) -> str:
    """A value in the unit `suffix` as people read it, three significant digits: 1065.2 ms → "1,065 ms"; NaN → "–"."""
    if not math.isfinite(value):
        return MISSING if math.isnan(value) else f"{'-' * (value < 0)}∞"
    match suffix:
        case "ms":
            return _show_ms(value)
        case "s":
            return _show_ms(value * 1e3) if abs(value) < 60 else _show_long(value)
        case "bytes":
            return _show_bytes(value)
        case "ratio":
            return f"{_digits(value * 100)}%"
        case "per_s":
            return f"{_digits(value)}/s"
        case "count":
            return f"{value:,.0f}"
    return _digits(value)


def count(number: float, what: str, many: str = "") -> str:
    """A number of things: "1 row", "1,234 rows", "2 indices" with `many`."""
    return f"{number:,.0f} {what if round(number) == 1 else many or f'{what}s'}"


def show_metric(name: str, value: float) -> str:
    """A metric's value as people read it, by the unit in its name."""
    return show(value, suffix_of(name))


def show_limit(name: str, value: float) -> str:
    """A limit or an allowance as people write it, without idle zeros: "2 MB" and "0.1%", not "2.00 MB" and "0.10%"."""
    return _IDLE_ZEROS.sub("", show_metric(name, value))


def _digits(value: float) -> str:
    size = abs(value)
    if size >= 99.95 or value == 0:
        return f"{value:,.0f}"
    if size < 0.00995:  # a small error ratio must not read as none at all
        return f"{value:.2g}"
    return f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"


def _show_ms(value: float) -> str:
    if abs(value) >= 9999.5:
        return f"{_digits(value / 1e3)} s"
    return f"{_digits(value)} ms" if abs(value) >= 0.01 or value == 0 else f"{_digits(value * 1e3)} µs"


def _show_long(seconds: float) -> str:
    if seconds < 0:
        return f"-{_show_long(-seconds)}"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    return " ".join(f"{number}{unit}" for number, unit in parts if number) or "0 s"


def _show_bytes(value: float) -> str:
    for scale, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(value) >= scale * 0.9995:
            return f"{_digits(value / scale)} {unit}"
    return f"{value:,.0f} B"
