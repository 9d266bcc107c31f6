"""Equal rounds against a leaky server, as a leak phase drives them, but over bare sockets: thousands of runs of it must
not take days."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from perfkit.metrics.growth import MORE_ROUNDS
from perfkit.metrics.leak import is_decided, leaks_of
from perfkit.model import LeakVerdict, PhaseMark, Round, Rounds
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.rest import AtRest
from perfkit.samplers.runtime import RuntimeHeaps
from tests.leaks.targets import Runtime, a_leaky_server

ROUNDS = 8
IDLE_READINGS = 6
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A server, its defect, and how it is driven. `quiet_s` is how long it must be idle before it is read."""

    runtime: Runtime
    defect: str
    size: int = 1000
    requests: int = 1000
    connections: int = 4
    rounds: int = ROUNDS
    quiet_s: float = 0.5
    is_collected: bool = field(default=True)


def verdicts(case: Case) -> dict[str, LeakVerdict]:
    """The verdict on each resource."""
    return judged(measured(case))


def judged(rounds: Rounds) -> dict[str, LeakVerdict]:
    """The same of rounds that were measured before."""
    mark = PhaseMark("leak", 1, 0.0, 0.0, 1.0, rounds=rounds)
    return {verdict.resource: verdict for verdict in leaks_of(mark)}


def measured(case: Case) -> Rounds:
    """A server of its own, driven round after round, with a few more where the planned ones decide nothing."""
    with a_leaky_server(case.runtime, case.defect, case.size) as server:
        watch = (f"pid:{server.pid}",)
        heaps = RuntimeHeaps(ProcessTree(watch)) if case.runtime != "python" and case.is_collected else None
        rest = AtRest(watch, heaps, quiet_s=case.quiet_s)
        rest.wait()
        idle = tuple(rest.read() for _ in range(IDLE_READINGS))
        found = Rounds(idle, is_collected=heaps is not None)
        while _wants_more(found, case.rounds + found.warmups):
            _drive(server.port, case.requests, case.connections)
            has_rested = rest.wait()
            one = Round(case.requests, 1.0, rest.read(), has_rested)
            found = replace(found, rounds=(*found.rounds, one))
        rest.wait()
        found = replace(found, cooled=rest.read())
        if heaps is not None:
            heaps.close()
    return found


def _wants_more(found: Rounds, planned: int) -> bool:
    done = len(found.rounds)
    return done < planned or (done < planned + MORE_ROUNDS and not is_decided(found))


def _drive(port: int, requests: int, connections: int) -> None:
    """Exactly `requests`, over `connections` at once."""
    shares = [requests // connections + (number < requests % connections) for number in range(connections)]
    with ThreadPoolExecutor(connections) as pool:
        for call in [pool.submit(_call, port, share) for share in shares]:
            call.result()


def _call(port: int, times: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(times):
            connection.sendall(_REQUEST)
            reply = b""
            while not reply.endswith((b"\r\n\r\nok", b"0\r\n\r\n")):
                if not (piece := connection.recv(65536)):
                    raise ConnectionError("the server closed the connection before its reply was whole")
                reply += piece
