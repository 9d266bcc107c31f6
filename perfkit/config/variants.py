"""Other ways to a Config than the file as it stands: made of a few words, or the same suite shortened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from perfkit.model import Config, Expectation, LeakRounds, OwnShape, Phase, Stage

DURATION_S: Final = 30.0
USERS: Final = 10
QUICK_DURATION_S: Final = 8.0
QUICK_ROUNDS_LIMIT_S: Final = 20.0
QUICK_WARMUP_S: Final = 2.0
QUICK_DRAIN_S: Final = 15.0
QUICK_WINDOW_S: Final = 5.0
QUICK_ITERATIONS: Final = 3
QUICK_TRACED: Final = 2
QUICK_USERS: Final = 10
QUICK_RATE_PER_S: Final = 20.0
QUICK_LEAK_ROUNDS: Final = 4
WARMUP_SHARE: Final = 0.1

_WINDOW: Final = re.compile(r"\bfor\s.*?(?=\s+(?:optional|advisory)\b|$)", re.DOTALL)


def table_without_file(url: str, files: list[str], load: Mapping[str, Any], *, is_lean: bool) -> dict[str, Any]:
    """What perfkit.toml would say: one phase `load`, with what `load` says of it (None: nothing)."""
    given = {key: value for key, value in load.items() if value is not None}
    plain: dict[str, Any] = {"duration": f"{DURATION_S:g}s"} | ({} if "rate" in given else {"users": USERS})
    if not given.keys() & {"users", "rate"}:
        limits = {"limit": given.get("duration"), "warmup": given.get("warmup")}
        plain["shape"] = {key: value for key, value in limits.items() if value is not None}
    return {
        "name": "load",
        "target": {"url": url},
        "scenario": {**({"file": files[0]} if len(files) == 1 else {"files": files}), "lean": is_lean},
        "phase": [{"name": "load", **plain, **given}],
    }


def with_warmup(config: Config) -> Config:
    """The first tenth of each phase as its warm-up."""
    phases = (replace(phase, warmup_s=(phase.duration_s or 0.0) * WARMUP_SHARE) for phase in config.phases)
    return replace(config, phases=tuple(phases))


def quick(config: Config) -> Config:
    """The same suite, shortened: at most 8 s (20 s with iterations), 3 iterations, 10 users or 20 arrivals a second
    (stages keep their shape), 2 s of warm-up a phase.

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
    stages = _quick_stages(phase, longest)
    duration_s = phase.duration_s and min(phase.duration_s, longest)
    if stages:
        duration_s = sum(stage.over_s for stage in stages)
    return replace(
        phase,
        users=min(phase.users, QUICK_USERS),
        iterations=phase.iterations and min(phase.iterations, QUICK_TRACED if phase.is_trace else QUICK_ITERATIONS),
        duration_s=duration_s,
        warmup_s=duration_s if phase.is_warmup_only and stages and duration_s else min(phase.warmup_s, QUICK_WARMUP_S),
        drain_s=min(phase.drain_s, QUICK_DRAIN_S),
        rate_per_s=phase.rate_per_s and phase.rate_per_s * _quick_scale(phase),
        stages=stages,
        shape=phase.shape and _quick_shape(phase.shape),
        leak=phase.leak and LeakRounds(QUICK_LEAK_ROUNDS, cooldown_s=min(phase.leak.cooldown_s, QUICK_WARMUP_S)),
    )


def _quick_shape(shape: OwnShape) -> OwnShape:
    limit_s = QUICK_DURATION_S if shape.limit_s is None else min(shape.limit_s, QUICK_DURATION_S)
    return OwnShape(limit_s, min(shape.warmup_s, QUICK_WARMUP_S))


def _quick_scale(phase: Phase) -> float:
    """What each arrival and each user of the stages becomes."""
    limit = QUICK_RATE_PER_S if phase.is_open else float(QUICK_USERS)
    return min(limit / phase.peak, 1.0) if phase.peak else 1.0


def _quick_stages(phase: Phase, longest_s: float) -> tuple[Stage, ...]:
    scale, whole_s = _quick_scale(phase), sum(stage.over_s for stage in phase.stages)
    shorter = min(longest_s / whole_s, 1.0) if whole_s else 1.0
    tos = [stage.to * scale if phase.is_open else float(round(stage.to * scale)) for stage in phase.stages]
    return tuple(Stage(to, stage.over_s * shorter) for to, stage in zip(tos, phase.stages, strict=True))


def _quick_window(expectation: Expectation) -> Expectation:
    if expectation.window_s is None or expectation.window_s <= QUICK_WINDOW_S:
        return expectation
    selector, brace, asked = expectation.that.rpartition("}")
    that = f"{selector}{brace}{_WINDOW.sub(f'for {QUICK_WINDOW_S:g}s', asked)}"
    return replace(expectation, that=that, window_s=QUICK_WINDOW_S)
