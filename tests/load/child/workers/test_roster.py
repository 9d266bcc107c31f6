"""Who is there: by what was heard, and by whether there is a connection."""

from __future__ import annotations

from dataclasses import replace

from perfkit.load.child.workers.clocks import Ahead
from perfkit.load.child.workers.roster import SILENT_S, UNREACHED_S, Member, Roster
from perfkit.load.child.workers.summing import summed
from perfkit.load.histogram import Histogram
from perfkit.load.orders import Status

STATUS = Status(
    at=5.0,
    is_final=True,
    measured_at=1.0,
    ended_at=4.0,
    users=3,
    requests=10,
    errors=1,
    requests_per_s=5.0,
    p50_ms=None,
    p95_ms=None,
    generator_cpu_ratio=0.5,
    listener_exceptions=0,
    scenario_exceptions=2,
    rows_lost=0,
    unfinished=1,
    loop_lag_p99_ms=None,
    arrivals=7,
)


class Scene:
    """A roster of two, a clock that is set, and connections that are cut."""

    def __init__(self) -> None:
        self.now = 100.0
        self.cut: set[str] = set()
        self.roster = Roster(lambda client_id: client_id not in self.cut, lambda: self.now)
        for name in ("a", "b"):
            self.roster.add(Member(name, name, is_remote=False))
        self.roster.begin()

    def lost(self) -> list[float | None]:
        return [mark.lost_at_s for mark in self.roster.marks(is_final=False)]


def test_a_worker_without_connection_is_lost_soon_and_one_that_is_only_slow_is_not() -> None:
    scene = Scene()
    scene.now += 7.0
    for name in ("a", "b"):
        scene.roster.hear(name)
    scene.now += UNREACHED_S + 0.1
    assert scene.lost() == [None, None]
    scene.cut.add("b")
    assert scene.lost() == [None, 7.0]
    scene.now += SILENT_S
    assert scene.lost() == [7.0, 7.0]


def test_the_phase_is_over_when_all_who_are_there_have_ended() -> None:
    scene = Scene()
    scene.roster.members["a"].status = STATUS
    assert not scene.roster.is_over()
    scene.cut.add("b")
    scene.now += UNREACHED_S + 0.1
    assert scene.roster.is_over()


def test_who_has_said_all_is_not_lost_when_it_goes() -> None:
    scene = Scene()
    scene.roster.members["a"].status = STATUS
    scene.cut.update("ab")
    scene.now += SILENT_S + 1
    assert [mark.lost_at_s for mark in scene.roster.marks(is_final=True)] == [None, 0.0]


def test_a_word_is_told_in_the_masters_time() -> None:
    """Of a clock that is surely two minutes behind; one that may as well agree is left as it is."""
    member = Member("a", "a", is_remote=True, status=STATUS, clock=Ahead(-120.0, 0.01))
    assert member.told == replace(STATUS, at=125.0, measured_at=121.0, ended_at=124.0)
    member.clock = Ahead(0.005, 0.01)
    assert member.told == STATUS


def test_counts_add_up_and_the_worst_generator_counts() -> None:
    """Measured from when the first began to when the last ended."""
    other = replace(STATUS, measured_at=1.5, ended_at=4.5, generator_cpu_ratio=0.7, loop_lag_p99_ms=20.0, requests=1)
    both = summed([STATUS, other], (), Histogram(), Histogram([8.0]), is_final=True)
    assert (both.requests, both.users, both.errors, both.arrivals, both.scenario_exceptions) == (11, 6, 2, 14, 4)
    assert (both.measured_at, both.ended_at) == (1.0, 4.5)
    assert (both.generator_cpu_ratio, both.loop_lag_p99_ms) == (0.7, 20.0)
    assert both.p99_ms is not None
    assert both.p50_ms is None


def test_the_phase_has_no_end_while_a_worker_is_in_it() -> None:
    running = replace(STATUS, is_final=False, ended_at=None)
    assert summed([STATUS, running], (), Histogram(), Histogram(), is_final=False).ended_at is None
