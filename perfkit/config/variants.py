"""Other ways to a Config than the file as it stands: made of a few words, or the same suite shortened."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from perfkit.model import Config, Expectation, Phase

DURATION_S: Final = 30.0
USERS: Final = 10
QUICK_DURATION_S: Final = 8.0
QUICK_ROUNDS_LIMIT_S: Final = 20.0
QUICK_WARMUP_S: Final = 2.0
QUICK_DRAIN_S: Final = 15.0
QUICK_WINDOW_S: Final = 5.0
QUICK_ITERATIONS: Final = 3
QUICK_USERS: Final = 10
WARMUP_SHARE: Final = 0.1

_WINDOW: Final = re.compile(r"\bfor\s.*?(?=\s+(?:optional|advisory)\b|$)", re.DOTALL)


def table_without_file(url: str, locustfile: str, users: int | None, duration: str | None, warmup: str | None) -> Any:
    """What perfkit.toml would say: one phase `load`."""
    phase = {"name": "load", "users": USERS if users is None else users, "duration": duration or f"{DURATION_S:g}s"}
    return {
        "name": "load",
        "target": {"url": url},
        "scenario": {"file": locustfile},
        "phase": [phase | ({} if warmup is None else {"warmup": warmup})],
    }


def with_warmup(config: Config) -> Config:
    """The first tenth of each phase as its warm-up."""
    phases = (replace(phase, warmup_s=(phase.duration_s or 0.0) * WARMUP_SHARE) for phase in config.phases)
    return replace(config, phases=tuple(phases))


def quick(config: Config) -> Config:
    """The same suite, shortened: at most 8 s (20 s with iterations), 3 iterations, 10 users, 2 s of warm-up a phase.

    Windows (`for 10s`) shrink to 5 s, or no phase would hold a whole one.
    """
    return replace(
        config,
        phases=tuple(_quick_phase(phase) for phase in config.phases),
        expectations=tuple(_quick_window(expectation) for expectation in config.expectations),
    )


def _quick_phase(phase: Phase) -> Phase:
    longest = QUICK_DURATION_S if phase.iterations is None else QUICK_ROUNDS_LIMIT_S
    longest = QUICK_WARMUP_S if phase.is_warmup_only else longest
    return replace(
        phase,
        users=min(phase.users, QUICK_USERS),
        iterations=phase.iterations and min(phase.iterations, QUICK_ITERATIONS),
        duration_s=phase.duration_s and min(phase.duration_s, longest),
        warmup_s=min(phase.warmup_s, QUICK_WARMUP_S),
        drain_s=min(phase.drain_s, QUICK_DRAIN_S),
    )


def _quick_window(expectation: Expectation) -> Expectation:
    if expectation.window_s is None or expectation.window_s <= QUICK_WINDOW_S:
        return expectation
    selector, brace, asked = expectation.that.rpartition("}")
    that = f"{selector}{brace}{_WINDOW.sub(f'for {QUICK_WINDOW_S:g}s', asked)}"
    return replace(expectation, that=that, window_s=QUICK_WINDOW_S)
