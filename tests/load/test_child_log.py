"""A load child's log is bounded while it is written: its beginning, its end, and how much was left out between them."""

from __future__ import annotations

from pathlib import Path

from perfkit.load.child_log import FIRST_BYTES, LAST_BYTES, ChildLog
from perfkit.load.engine import run_phase
from perfkit.model import Phase, Scenario
from tests.load import scenarios
from tests.servers import a_server

LINE = 100


def lines(first: int, until: int) -> bytes:
    return b"".join(b"%0*d\n" % (LINE - 1, number) for number in range(first, until))


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_log_that_is_not_long_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "locust.log"
    log = ChildLog(path)
    log.cut(0)
    append(path, lines(0, (FIRST_BYTES + LAST_BYTES) // LINE))
    log.cut(0)
    assert log.text().encode() == lines(0, (FIRST_BYTES + LAST_BYTES) // LINE)


def test_the_middle_is_left_out_and_counted_over_all_cuts(tmp_path: Path) -> None:
    """What stood there before the phase is not touched, and no part of its text."""
    path = tmp_path / "locust.log"
    append(path, b"an earlier phase\n")
    log = ChildLog(path)
    many, at = (FIRST_BYTES + 3 * LAST_BYTES) // LINE, 0
    for _ in range(3):
        append(path, lines(at, at + many))
        at += many
        log.cut()
    log.cut(0)
    text = log.text()
    assert path.read_bytes().startswith(b"an earlier phase\n" + lines(0, 1))
    assert len(text) <= FIRST_BYTES + LAST_BYTES + 200
    assert text.endswith(lines(at - 1000, at).decode())
    kept = text.encode()[:FIRST_BYTES], text[text.index("keeps the first and the last\n") + 29 :].encode()
    told = int(text[text.index("… ") + 2 : text.index(" bytes were left out")].replace(",", ""))
    assert told == at * LINE - sum(map(len, kept))
    assert text.count("left out") == 1


def test_a_scenario_that_prints_without_end_fills_no_disk(tmp_path: Path) -> None:
    """Its load is not held up by that."""
    loud = scenarios.FAST.replace(
        'self.client.get("/often"', 'print("y" * 1_000_000)\n        self.client.get("/often"'
    )
    with a_server(delay_s=0.01) as url:
        scenario = Scenario(scenarios.write(tmp_path, loud))
        phase = Phase("load", users=2, duration_s=3.0)
        run = run_phase(phase, scenario, url, tmp_path, on_status=lambda status: None)
    log = tmp_path / "locust.log"
    assert run.mark.requests > 20
    assert log.stat().st_size <= FIRST_BYTES + LAST_BYTES + 200
    assert "Shutting down" in log.read_text()[-20_000:]
