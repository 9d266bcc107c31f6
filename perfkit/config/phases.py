"""The load: [[phase]] with its stages, and the same in [profile.NAME]. Knows what goes with what; starts nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final, Literal, cast

from perfkit.config.section import Section, did_you_mean, quoted
from perfkit.model import LeakRounds, OwnShape, Phase, Stage

_NAME: Final = re.compile(r"\w[\w .-]*")
_PLAIN: Final = Phase("")
_LEAK: Final = LeakRounds()
FEWEST_ROUNDS: Final = 4
_OPEN_ONLY: Final = ("arrivals", "max_users")
_TRACE_ROUNDS: Final = 3
_TRACE_LIMIT_S: Final = 30.0
_TRACE_THINK_S: Final = (0.02, 0.02)  # so that the end of one request and the start of the next are told apart
_NOT_OF_A_TRACE: Final = (
    *("users", "rate", "stages", "warmup", "pacing", "think", "arrivals", "max_users"),
    *("shape", "leak"),
)
_SHAPE_SAYS: Final = "a LoadTestShape says itself how many users there are"
# What a phase cannot have both of, and why.
_EITHER: Final = (
    ("iterations", "rate", "arrivals come for a duration; take one of the two"),
    ("iterations", "stages", "stages take the time that they say; take one of the two"),
    ("duration", "stages", "the stages say how long; leave the duration out"),
    ("pacing", "rate", "arrivals have a schedule of their own; pacing is for users without a rate"),
    ("pacing", "think", "the one is from start to start, the other a pause; take one of the two"),
    ("iterations", "shape", _SHAPE_SAYS),
    ("rate", "shape", _SHAPE_SAYS),
    ("stages", "shape", _SHAPE_SAYS),
)


def read_load(root: Section, profile: str | None) -> tuple[tuple[Phase, ...], tuple[str, ...]]:
    """The phases to run, those of `profile` where one is asked for; and the names of all phases of the suite."""
    profiles = _read_profiles(root)
    own = _read_phases(root, root, is_required=profile is None)
    if profile is not None and profile not in profiles:
        there = f"; there are {', '.join(profiles)}" if profiles else "; write [[profile.NAME.phase]]"
        near = did_you_mean(profile, profiles) or there
        root.notes.add(("--profile",), f"there is no profile {quoted(profile)}{near}")
    names = (phase.name for phases in (own, *profiles.values()) for phase in phases)
    return profiles.get(profile, own) if profile is not None else own, tuple(dict.fromkeys(names))


def _read_profiles(root: Section) -> Mapping[str, tuple[Phase, ...]]:
    table = root.section_or_empty("profile")
    sections = {name: section for name in table.values if (section := table.section(name)) is not None}
    found = {name: _read_phases(section, root) for name, section in sections.items()}
    for section in sections.values():
        section.finish()
    return found


def _read_phases(section: Section, root: Section, *, is_required: bool = True) -> tuple[Phase, ...]:
    """Those of the top level, or of a profile."""
    sections = section.sections("phase")
    if is_required and section.values.get("phase", []) == []:
        section.note("", "no [[phase]]: say at least one, with a name and a duration or iterations")
    phases = tuple(_read_phase(one) for one in sections)
    for index, one in enumerate(sections):
        name = phases[index].name
        if phases[index].is_trace and not _has_database(root):
            one.note("trace", 'needs [database] with a dsn_env, and a capture that is not "off"')
        if name and name in (phase.name for phase in phases[:index]):
            one.note("name", f"a phase {quoted(name)} is there already")
    if phases and all(phase.is_trace or phase.warmup_s == phase.duration_s for phase in phases):
        section.note("phase", "every phase is all warm-up or a trace: nothing would be measured")
    return phases


def _read_phase(section: Section) -> Phase:
    section.require("name")
    if section.flag("trace"):
        return _read_trace(section)
    is_open = _is_open(section)
    stages = tuple(_read_stage(table, is_open=is_open) for table in section.sections("stages"))
    rate_per_s = section.quantity("rate", "per_s", 0.0, is_positive=not stages) if is_open else None
    duration_s = section.quantity("duration", "s", math.inf, is_positive=True) if "duration" in section else None
    phase = Phase(
        name=section.text("name"),
        users=_read_users(section, rate_per_s, stages),
        iterations=section.whole("iterations", 1) if "iterations" in section else None,
        duration_s=sum(stage.over_s for stage in stages) if stages else duration_s,
        warmup_s=section.quantity("warmup", "s", 0.0),
        drain_s=section.quantity("drain", "s", 10.0),
        rate_per_s=rate_per_s,
        arrivals=cast(Literal["constant", "poisson"], section.choice("arrivals", ("constant", "poisson"))),
        max_users=section.whole("max_users", _PLAIN.max_users),
        stages=stages,
        pacing_s=section.quantity("pacing", "s", 0.0, is_positive=True) if "pacing" in section else None,
        think_s=section.span("think", "s"),
        shape=_read_shape(section.section("shape")),
        leak=_read_leak(section.section("leak")),
    )
    _check_phase(section, phase)
    if "page_size" in section:
        section.note("page_size", "goes with trace = true only")
    section.finish()
    return phase


def _has_database(root: Section) -> bool:
    database = root.values.get("database")
    return isinstance(database, dict) and database.get("capture") != "off"


def _read_trace(section: Section) -> Phase:
    """One user, every task a few times in order, one request at a time."""
    for key in _NOT_OF_A_TRACE:
        if key in section:
            section.note(key, "does not go with trace: it is one user, one request at a time")
    phase = Phase(
        name=section.text("name"),
        iterations=section.whole("iterations", _TRACE_ROUNDS),
        duration_s=section.quantity("duration", "s", _TRACE_LIMIT_S, is_positive=True),
        drain_s=section.quantity("drain", "s", _PLAIN.drain_s),
        think_s=_TRACE_THINK_S,
        is_trace=True,
        page_size=section.text_or_none("page_size"),
    )
    _check_phase(section, phase)
    section.finish()
    return phase


def _read_shape(section: Section | None) -> OwnShape | None:
    if section is None:
        return None
    limit_s = section.quantity("limit", "s", math.inf, is_positive=True) if "limit" in section else None
    shape = OwnShape(limit_s, section.quantity("warmup", "s", 0.0))
    if limit_s is not None and shape.warmup_s >= limit_s:
        section.note("warmup", "is not shorter than the limit: nothing would be measured")
    section.finish()
    return shape


def _read_leak(section: Section | None) -> LeakRounds | None:
    if section is None:
        return None
    leak = LeakRounds(
        rounds=section.whole("rounds", _LEAK.rounds, at_least=FEWEST_ROUNDS),
        warmup_rounds=section.whole("warmup_rounds", _LEAK.warmup_rounds),
        cooldown_s=section.quantity("cooldown", "s", _LEAK.cooldown_s),
        has_snapshots=section.flag("snapshots"),
        is_per_task=section.flag("per_task"),
    )
    section.finish()
    return leak


def _is_open(section: Section) -> bool:
    """Whether it has arrivals: the first stage tells where `rate` does not."""
    stages = section.values.get("stages")
    first = stages[0] if isinstance(stages, list) and stages else None
    return "rate" in section or (isinstance(first, dict) and isinstance(first.get("to"), str))


def _read_stage(section: Section, *, is_open: bool) -> Stage:
    section.require("to", "over")
    to = section.quantity("to", "per_s", 0.0) if is_open else float(section.whole("to", 0, at_least=0))
    stage = Stage(to, section.quantity("over", "s", 1.0))
    section.finish()
    return stage


def _read_users(section: Section, rate_per_s: float | None, stages: tuple[Stage, ...]) -> int:
    """Closed: how many there are, with stages at the start. Open: how many are ready, else a second's arrivals."""
    if rate_per_s is None:
        return section.whole("users", 0 if stages else 1, at_least=0 if stages else 1)
    peak = max(rate_per_s, *(stage.to for stage in stages), 0.0)
    limit = section.whole("max_users", _PLAIN.max_users)
    return section.whole("users", min(max(math.ceil(peak), 1), limit))


def _check_phase(section: Section, phase: Phase) -> None:
    if phase.name and not _NAME.fullmatch(phase.name):
        section.note("name", f"{quoted(phase.name)}: write letters, digits, spaces, dots, - and _ only")
    for key, other, why in _EITHER:
        if key in section and other in section:
            section.note(key, f"does not go with {other}: {why}")
    if not phase.is_open:
        for key in _OPEN_ONLY:
            if key in section:
                section.note(key, "goes with rate, or with stages of rates, only")
    _check_length(section, phase)
    if phase.is_open and phase.users > phase.max_users:
        section.note("users", f"{phase.users:,} are to be ready, and max_users is {phase.max_users:,}")


def _check_length(section: Section, phase: Phase) -> None:
    if phase.leak is not None and (phase.iterations is None or phase.is_open):
        section.note("leak", "needs equal rounds of load: give users and iterations")
    if phase.iterations is None and phase.duration_s is None and phase.shape is None:
        missing = "no duration" if phase.is_open else "neither duration nor iterations"
        section.note("", f"the phase {quoted(phase.name)} has {missing}")
    if phase.stages and (phase.duration_s == 0 or phase.peak == 0):
        section.note("stages", "take no time" if phase.duration_s == 0 else "lead to nobody")
    if phase.duration_s is not None and phase.warmup_s > phase.duration_s:
        what = "the stages, of which" if phase.stages else "duration, of which"
        section.note("warmup", f"is longer than {what} it is the first part")
