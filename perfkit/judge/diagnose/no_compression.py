"""Replies go out as large as they are.

From 2 kB on: what fits into one packet of 1,460 bytes arrives as soon, compressed or not. A ratio below 1.05 is none.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.judge.diagnose.evidence import RESPONSES, Evidence
from perfkit.model import Finding

NAME: Final = "no_compression"
MIN_BYTES: Final = 2_000.0
MAX_RATIO: Final = 1.05


def find(evidence: Evidence) -> list[Finding]:
    """One finding for all endpoints: compression is switched on in one place."""
    sizes = {name: evidence.loaded("payload.wire_bytes", name) or 0.0 for name in evidence.endpoints}
    ratios = {name: evidence.loaded("payload.compression_ratio", name) for name in sizes}
    plain = [name for name, ratio in ratios.items() if ratio is not None and ratio < MAX_RATIO]
    large = sorted((name for name in plain if sizes[name] >= MIN_BYTES), key=lambda name: -sizes[name])
    if not large:
        return []
    sent = sum(sizes[name] * evidence.weight(name) for name in large)
    whole = sum(size * evidence.weight(name) for name, size in sizes.items())
    return [
        Finding(
            rule=NAME,
            title=f"Replies of {len(large)} endpoint{'s' * (len(large) > 1)} are not compressed",
            evidence=(
                *(f"{name}: {units.show(sizes[name], 'bytes')} a reply, sent as it is" for name in large[:5]),
                f"{units.show(sent, 'bytes')} under load, {sent / whole:.0%} of all bytes sent",
            ),
            impact_ms=None,
            fix="Compress replies of 1 kB and more (gzip, or br and zstd where clients take them), in the application"
            " or in the proxy before it. Over a network the time saved is the bytes saved by its speed.",
            endpoint=large[0],
            milestone=RESPONSES,
            confidence="measured",
            unless="they are pictures, archives or other content that is compressed already, a proxy that was not part"
            " of this run compresses them, or the scenario's client does not ask for compression",
        )
    ]
