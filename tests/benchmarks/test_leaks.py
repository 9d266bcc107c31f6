"""The matrix of leaks goes on where it was interrupted, and judges what it holds by the rule of today."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from perfkit.model import Round, Rounds
from tests.benchmarks.leaks import Seeded, cases, read, share, table

MB = 1e6


def a_line(it: Seeded, per_round: float) -> str:
    rounds = tuple(Round(1000, 1.0, {"memory_bytes": 80 * MB + per_round * number}) for number in range(9))
    facts = {"at": 1.79e9, "node": "v24", "python": "3.11", "cpus": "2", "system": "Linux", "seed": it.seed}
    return json.dumps(facts | {"case": asdict(it.case), "rounds": asdict(Rounds((), rounds))}) + "\n"


def test_more_seeds_are_the_same_cases_and_more() -> None:
    assert cases(3)[: len(cases(2))] == cases(2)


def test_only_some_are_the_same_cases() -> None:
    some = cases(2, ["healthy", "python"])
    assert {(one.group, one.case.runtime) for one in some} == {("healthy", "python")}
    assert set(some) < set(cases(2))
    assert {one.case.defect for one in cases(1, ["leak"])} == {"leak"}


def test_what_is_done_is_known_and_a_line_that_was_cut_off_is_not(tmp_path: Path) -> None:
    first, second, third = cases(1, ["healthy", "python"])[:3]
    out = tmp_path / "leaks.jsonl"
    out.write_text(a_line(first, 0.0) + a_line(second, 2 * MB) + a_line(third, 0.0)[:200])
    told = read(out, cases(1))
    assert {one.it.key: one.outcome for one in told} == {first.key: "OK", second.key: "LEAK"}


def test_lines_of_cases_that_are_made_otherwise_today_do_not_count(tmp_path: Path) -> None:
    it = cases(1)[0]
    out = tmp_path / "leaks.jsonl"
    out.write_text(a_line(it, 0.0).replace(f'"requests": {it.case.requests}', '"requests": 7'))
    assert read(out, cases(1)) == []


def test_the_table_says_how_often_when_and_with_which_seeds(tmp_path: Path) -> None:
    healthy = cases(2, ["healthy"])
    out = tmp_path / "leaks.jsonl"
    out.write_text("".join(a_line(one, 0.0) for one in healthy))
    told = read(out, healthy)
    assert share(told, wanted=True)["count"] == 0
    assert "| healthy | 24 (seeds 0 to 1) | 0 (95 %: 0.0% to 13.8%) | 0 | 24 |" in table(told)
    assert "2026-09-" in table(told)
