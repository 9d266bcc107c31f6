"""The workers of a phase as their master knows them: who has come, how far each is, and who has not been heard since.

Knows clocks and words; sends nothing. A worker speaks at least once a second, but a starved machine may be late.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from perfkit.load.child.workers.clocks import Ahead
from perfkit.load.orders import Status
from perfkit.model import WorkerMark

SILENT_S: Final = 20.0
UNREACHED_S: Final = 2.0


@dataclass(slots=True)
class Member:
    """One worker. `taken`: how far its feeds got in the phases before. `clock`: how far it is ahead, and how surely."""

    client_id: str
    name: str
    is_remote: bool
    taken: dict[str, int] = field(default_factory=dict)
    is_ready: bool = False
    has_users: bool = False
    status: Status | None = None
    clock: Ahead | None = None
    shifted_s: float | None = None
    is_fetched: bool = True
    heard_at: float = 0.0

    @property
    def has_ended(self) -> bool:
        return self.status is not None and self.status.is_final

    @property
    def ahead_s(self) -> float | None:
        """How far its clock is surely ahead; None where it may as well agree."""
        return self.clock.certain_s if self.clock is not None else None

    @property
    def told(self) -> Status | None:
        """Its last word, in the master's time."""
        status, ahead_s = self.status, self.ahead_s
        if status is None or ahead_s is None:
            return status
        ended_at = None if status.ended_at is None else status.ended_at - ahead_s
        return replace(status, at=status.at - ahead_s, measured_at=status.measured_at - ahead_s, ended_at=ended_at)


class Roster:
    """`reaches` tells whether a worker's connection stands. `began_at`, in unix seconds: when the load was to start."""

    def __init__(self, reaches: Callable[[str], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self.members: dict[str, Member] = {}
        self.began_at = time.time()
        self._reaches = reaches
        self._clock = clock
        self._began = clock()

    def add(self, member: Member) -> None:
        member.heard_at = self._clock()
        self.members[member.client_id] = member

    def hear(self, client_id: str) -> None:
        """Something has come from this worker, whatever it was."""
        if client_id in self.members:
            self.members[client_id].heard_at = self._clock()

    def begin(self) -> None:
        """From now on a worker that is lost is lost from the run."""
        self.began_at, self._began = time.time(), self._clock()

    def forget_silent(self) -> list[str]:
        """Strike out who came and has gone again before the load; their ids."""
        silent = [client_id for client_id, member in self.members.items() if self._is_silent(member)]
        for client_id in silent:
            del self.members[client_id]
        return silent

    def in_order(self) -> list[Member]:
        """Local ones first, by name: the same in every run, as far as names are."""
        return sorted(self.members.values(), key=lambda member: (member.is_remote, member.name))

    @property
    def present(self) -> list[Member]:
        """Who is heard, or has said all."""
        return [member for member in self.members.values() if member.has_ended or not self._is_silent(member)]

    @property
    def remote(self) -> list[Member]:
        """Whose rows are elsewhere, and can be asked for."""
        return [member for member in self.present if member.is_remote and member.has_ended]

    def is_over(self) -> bool:
        """Whether all have ended, as far as they are there."""
        return all(member.has_ended for member in self.present)

    def marks(self, *, is_final: bool) -> Sequence[WorkerMark]:
        """What is known of each; who has not ended by the final word has been lost, too."""
        return tuple(self._mark(member, is_final=is_final) for member in self.in_order())

    def _mark(self, member: Member, *, is_final: bool) -> WorkerMark:
        status = member.status
        is_lost = not member.has_ended and (is_final or self._is_silent(member))
        return WorkerMark(
            name=member.name,
            requests=status.requests if status else 0,
            generator_cpu_ratio=status.generator_cpu_ratio if status else None,
            loop_lag_p99_ms=status.loop_lag_p99_ms if status else None,
            clock_ahead_s=member.shifted_s,
            lost_at_s=max(member.heard_at - self._began, 0.0) if is_lost else None,
            is_fetched=member.is_fetched and not (is_lost and member.is_remote),
        )

    def _is_silent(self, member: Member) -> bool:
        silent_s = self._clock() - member.heard_at
        return silent_s > SILENT_S or (silent_s > UNREACHED_S and not self._reaches(member.client_id))
