"""Whether a run measured the target, or the load generator, the machine and chance. Knows no target's limit.

`CHECKS` is the table; a new check is a function and a line. A check whose fact was not observed says so and holds: the
figures that need the fact are missing as well, and a missing figure fails its target by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from perfkit import units
from perfkit.model import Check, PhaseMark, Run, Validity
from perfkit.recorded.spread import Pile, Spread

GENERATOR_CPU_LIMIT: Final = 0.9
SPARE_CPU: Final = 0.7
MISSED_LIMIT: Final = 0.05
UNFINISHED_LIMIT: Final = 0.10
LOST_LIMIT: Final = 0.01
LATENESS_LIMIT_MS: Final = 100.0
LOOP_LAG_LIMIT_MS: Final = 100.0
ACHIEVED_LIMIT: Final = 0.99
POOL_LIMIT: Final = 0.9
_NO_RATE: Final = "no phase has a rate"


def validity(run: Run) -> Validity:
    """All checks of a run, those that hold too."""
    return Validity(tuple(check(run) for check in CHECKS))


def requests_measured(run: Run) -> Check:
    """A phase in which nothing was measured has no figures to be judged by."""
    counts = _measured_counts(run) | {mark.name: mark.requests for mark in run.record.phases if mark.rounds is not None}
    least = min(counts, key=lambda name: counts[name]) if counts else None
    return Check(
        name="requests measured",
        is_ok=least is not None and counts[least] > 0,
        observed="no phase was measured" if least is None else f"{counts[least]:,} in phase {least}",
        limit="> 0 in every phase",
        remedy="measure longer, shorten the warm-up, or see locust.log for why the scenario made no request",
    )


def generator_cpu(run: Run) -> Check:
    """A generator without CPU to spare measures itself: its own queueing counts as the target's latency."""
    highest, where = _worst(run, "generator_cpu_ratio")
    return Check(
        name="generator CPU",
        is_ok=highest < GENERATOR_CPU_LIMIT,
        observed=f"{units.show(highest, 'ratio')} of one core in {where}" if where else "not observed",
        limit=f"< {GENERATOR_CPU_LIMIT:.0%} of one core",
        remedy=f"add {_more_workers(run)}, use fewer users, or a lighter scenario (--lean, FastHttpUser)",
    )


def event_loop_lag(run: Run) -> Check:
    """All users of a generator share one event loop: a reply that lies unread while others compute looks slow."""
    highest, where = _worst(run, "loop_lag_p99_ms")
    return Check(
        name="event-loop lag",
        is_ok=highest <= LOOP_LAG_LIMIT_MS,
        observed=f"99% within {units.show(highest, 'ms')} in {where}" if where else "not observed",
        limit=f"99% within {units.show(LOOP_LAG_LIMIT_MS, 'ms')}",
        remedy=f"add {_more_workers(run)}, use fewer users, and nothing in the scenario that computes long or blocks",
    )


def listener_exceptions(run: Run) -> Check:
    return _nothing_of(
        run,
        "recorder exceptions",
        lambda mark: mark.listener_exceptions,
        "see locust.log: requests may be missing from the figures",
    )


def rows_lost(run: Run) -> Check:
    return _nothing_of(
        run,
        "rows lost",
        lambda mark: mark.rows_lost,
        "see locust.log for why; on a full disk free some space, or write the run elsewhere with --out FOLDER",
    )


def users_lost(run: Run) -> Check:
    """A user that ended before its phase takes its share of the load with it: the target met less than was asked."""
    shares = [(mark.users_lost / max(mark.users or 0, 1), mark) for mark in _measured(run) if mark.users_lost]
    share, mark = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return Check(
        name="users lost",
        is_ok=share <= LOST_LIMIT,
        observed=f"{mark.users_lost:,} in phase {mark.name}" if mark is not None else "0",
        limit=f"at most {LOST_LIMIT:.0%} of a phase's users",
        remedy="mend what they raised, as told in the notes and in locust.log; in a task, an Exception ends no user",
    )


def users_finished(run: Run) -> Check:
    """Requests cut off at the end are the slowest ones; figures without many of them flatter the target."""
    counts = _measured_counts(run)
    shares = [(mark.unfinished / max(counts[mark.name], 1), mark) for mark in _measured(run)]
    share, mark = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return Check(
        name="requests cut off",
        is_ok=share < UNFINISHED_LIMIT,
        observed=f"{mark.unfinished:,} in phase {mark.name}" if mark is not None and share else "0",
        limit=f"< {UNFINISHED_LIMIT:.0%} of the phase's requests",
        remedy="give the phase a longer drain, or measure longer",
    )


def target_restarts(run: Run) -> Check:
    """A target that started again has lost its caches and its memory, and refused requests meanwhile."""
    readings = run.samples.of("target", "restarts_count")
    restarts = readings.highest if len(readings) else 0.0
    return Check(
        name="target restarts",
        is_ok=restarts == 0,
        observed=f"{restarts:.0f}" if len(readings) else "not observed",
        limit="0",
        remedy="see the target's own log for why it ended, and measure again",
    )


def sampling_kept_up(run: Run) -> Check:
    """A watcher that falls behind is a sign of a machine without CPU to spare, and misses peaks."""
    ticks, readings = run.samples.of("perfkit", "missed_ticks_count"), run.samples.looks
    missed = ticks.highest if len(ticks) else 0.0
    share = missed / (missed + readings) if missed else 0.0
    return Check(
        name="readings missed",
        is_ok=share < MISSED_LIMIT,
        observed=f"{missed:,.0f} of {missed + readings:,.0f}" if readings else "not observed",
        limit=f"< {MISSED_LIMIT:.0%}",
        remedy="set a longer sampling.period, or leave the machine more CPU",
    )


def lateness(run: Run) -> Check:
    """Arrivals that began long after their time mean a generator that cannot keep its schedule, or lacks users."""
    late = _late(run)
    p99_ms = late.at(0.99) if late is not None else 0.0
    return Check(
        name="lateness",
        is_ok=p99_ms <= LATENESS_LIMIT_MS,
        observed=f"99% within {units.show(p99_ms, 'ms')}" if late is not None else _NO_RATE,
        limit=f"99% within {units.show(LATENESS_LIMIT_MS, 'ms')}",
        remedy=f"let more users be ready (users), add {_more_workers(run)}, or leave the machine more CPU",
    )


def achieved_rate(run: Run) -> Check:
    """A generator that starts less than it was asked to has loaded the target with less, and measured another load."""
    shares = [(mark.started / mark.arrivals, mark.name) for mark in _measured(run) if mark.arrivals]
    share, phase = min(shares, default=(1.0, ""))
    return Check(
        name="achieved rate",
        is_ok=share >= ACHIEVED_LIMIT,
        observed=f"{units.show(share, 'ratio')} in phase {phase}" if shares else _NO_RATE,
        limit=f">= {ACHIEVED_LIMIT:.0%} of the arrivals",
        remedy="raise max_users, lower the rate, or leave the machine more CPU",
    )


def arrivals_dropped(run: Run) -> Check:
    """An arrival that no user could take was never sent: the slowest moments are then missing from the figures."""
    return _nothing_of(
        run,
        "arrivals dropped",
        lambda mark: mark.dropped,
        "raise max_users; a task set that never interrupts keeps its user for ever",
        nothing="0" if any(mark.arrivals is not None for mark in run.record.phases) else _NO_RATE,
    )


def pool_use(run: Run) -> Check:
    """A pool that is nearly used up drops arrivals at the next slow moment."""
    shares = [(mark.busiest_users / mark.max_users, mark) for mark in _measured(run) if mark.max_users]
    share, mark = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return Check(
        name="users busy at once",
        is_ok=share < POOL_LIMIT,
        observed=f"{mark.busiest_users:,} of {mark.max_users:,} in phase {mark.name}" if mark else _NO_RATE,
        limit=f"< {POOL_LIMIT:.0%} of max_users",
        remedy="raise max_users, or lower the rate: the target is too slow for it",
    )


def workers_there(run: Run) -> Check:
    """A worker that was lost took its share of the load with it, and perhaps its rows: the target met less."""
    lost, missing = [], []
    for mark in run.record.phases:
        of = f"of {len(mark.workers)} in phase {mark.name}"
        gone = [f"{one.name} at second {one.lost_at_s:.0f}" for one in mark.workers if one.lost_at_s is not None]
        lost += [f"lost {len(gone)} {of}: {', '.join(gone)}"] if gone else []
        missing += [f"no rows of {one.name}" for one in mark.workers if not one.is_fetched]
    most = max((len(mark.workers) for mark in run.record.phases), default=0)
    return Check(
        name="workers",
        is_ok=not lost and not missing,
        observed="; ".join([*lost, *missing]) or f"{max(most, 1)}",
        limit="all of them to the end",
        remedy="see that machine, or locust.log, for why it ended, and measure again",
    )


CHECKS: Final[tuple[Callable[[Run], Check], ...]] = (
    requests_measured,
    workers_there,
    generator_cpu,
    listener_exceptions,
    rows_lost,
    users_lost,
    users_finished,
    target_restarts,
    sampling_kept_up,
    event_loop_lag,
    lateness,
    achieved_rate,
    arrivals_dropped,
    pool_use,
)


def _worst(run: Run, fact: str) -> tuple[float, str]:
    """The greatest value of a fact of the generator, and where: phase, and worker if there were several; or nowhere."""
    read: list[tuple[float, str]] = []
    for mark in run.record.phases:
        places = {f"phase {mark.name}, worker {one.name}": getattr(one, fact) for one in mark.workers}
        read += [(value, where) for where, value in places.items() if value is not None]
        if not mark.workers and (value := getattr(mark, fact)) is not None:
            read.append((value, f"phase {mark.name}"))
    return max(read, default=(0.0, ""))


def _more_workers(run: Run) -> str:
    """So many that each would have CPU to spare, by what those of the busiest phase took together."""
    needed = 2
    for mark in run.record.phases:
        cpus = [one.generator_cpu_ratio for one in mark.workers] or [mark.generator_cpu_ratio]
        busy = sum(cpu for cpu in cpus if cpu is not None)
        needed = max(needed, len(cpus) + 1, math.ceil(busy / SPARE_CPU))
    return f"--workers {needed}"


def _nothing_of(run: Run, name: str, count_of: Callable[[PhaseMark], int], remedy: str, *, nothing: str = "0") -> Check:
    """A check that something never happened in any phase, warm-up included."""
    found = {mark.name: count_of(mark) for mark in run.record.phases if count_of(mark)}
    observed = f"{sum(found.values()):,} in phase {', '.join(found)}" if found else nothing
    return Check(name=name, is_ok=not found, observed=observed, limit="0", remedy=remedy)


def _measured(run: Run) -> list[PhaseMark]:
    return [mark for mark in run.record.phases if not mark.is_warmup_only]


def _measured_counts(run: Run) -> dict[str, int]:
    """Requests without warm-up in each measured phase."""
    tallies = run.requests.tallies
    return {mark.name: tallies[mark.name].measured if mark.name in tallies else 0 for mark in _measured(run)}


def _late(run: Run) -> Spread | None:
    """How late (ms) those began that were late: only the first request of an arrival has a time of its own."""
    if not any(tally.late for tally in run.requests.tallies.values()):
        return None
    part = run.requests.part()
    pile = Pile(is_exact=part.is_exact)
    for rows in part.chunks:
        late_ms = rows.response_ms - rows.service_ms
        pile.add(late_ms[late_ms > 0])
    return pile.spread()
