"""A run and its folder: what is written is read, torn things are said to be torn."""

from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path

import pytest

from perfkit import store
from perfkit.errors import StoreError, UsageError
from perfkit.model import (
    CapturedQuery,
    Check,
    NotExplained,
    ParameterSet,
    PlanNode,
    QueryPlan,
    Request,
    RunRecord,
    Sample,
    Validity,
)
from perfkit.rows import RowWriter
from tests.builders import START, a_phase, a_request, a_run, a_sample

QUERY = CapturedQuery(
    fingerprint="f1",
    statement="SELECT $1",
    calls=2,
    total_ms=30.0,
    mean_ms=15.0,
    max_ms=20.0,
    parameter_sets=(ParameterSet(("1", None), 20.0),),
    phases={"single": 2},
)
LEAF = PlanNode("Seq Scan", "orders", None, 10.0, 9.0, 1.0, 5.0, 5.0, {"Filter": "(a = 1)"})
PLAN = QueryPlan("f1", replace(LEAF, kind="Limit", children=(LEAF,)), 0.1, 5.2, "PostgreSQL 18.6", {"work_mem": "4MB"})


def write(folder: Path, record: RunRecord, requests: list[Request], samples: list[Sample]) -> None:
    folder.mkdir()
    store.write_record(folder, record)
    with RowWriter(folder / "requests" / "single-1.arrow", Request) as writer:
        writer.append([astuple(request) for request in requests])
    with RowWriter(folder / store.SAMPLES, Sample) as writer:
        writer.append([astuple(sample) for sample in samples])


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    check = Check("generator CPU", True, "12%", "90%", "")
    record = replace(a_run().record, validity=Validity((check,)), notes=("a note",))
    write(tmp_path / "run", record, [a_request(cache="hit")], [a_sample("rss_bytes", 1.0)])
    store.write_queries(tmp_path / "run", (QUERY,), (PLAN, NotExplained("f2", "no parameters")))
    run = store.load(tmp_path / "run")
    assert run.record == record
    assert run.requests.iloc[0]["cache"] == "hit"
    assert run.samples.iloc[0]["value"] == 1.0
    assert run.queries == (QUERY,)
    assert run.plans == (PLAN, NotExplained("f2", "no parameters"))


def test_a_killed_run_reads_as_interrupted_with_phases_from_its_rows(tmp_path: Path) -> None:
    record = replace(a_run().record, status="running", provenance={"pid": 2**30}, phases=())
    rows = [a_request(at=1, is_warmup=True), a_request(at=2), a_request(at=9, ms=500)]
    write(tmp_path / "run", record, rows, [])
    read = store.load(tmp_path / "run").record
    assert read.status == "interrupted"
    (mark,) = read.phases
    assert (mark.name, mark.measured_at - START, mark.ended_at - START) == ("single", 2.0, 9.5)


def test_a_run_without_rows_has_the_columns(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    store.write_record(tmp_path / "run", a_run().record)
    run = store.load(tmp_path / "run")
    assert list(run.requests.columns)[:2] == ["phase", "endpoint"]
    assert len(run.samples) == 0


@pytest.mark.parametrize("text", ["", "{", '{"schema": 99}', "[]"])
def test_a_torn_or_foreign_record_is_an_error_with_a_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / store.RECORD).write_text(text)
    with pytest.raises(StoreError) as caught:
        store.load(tmp_path)
    assert caught.value.hint


def test_a_folder_that_cannot_be_made_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        store.create(tmp_path / "file" / "run")
    assert "--out" in str(caught.value.hint)


def test_runs_are_found_by_path_by_beginning_and_as_latest(tmp_path: Path) -> None:
    for name in ("20260101-000000-a-1111", "20260102-000000-b-2222"):
        (tmp_path / name).mkdir()
        store.write_record(tmp_path / name, a_run(phases=[a_phase()]).record)
    assert store.find("20260101", tmp_path).name == "20260101-000000-a-1111"
    assert store.find(str(tmp_path / "20260102-000000-b-2222"), tmp_path).name == "20260102-000000-b-2222"
    assert store.find("latest", tmp_path).name == "20260102-000000-b-2222"
    with pytest.raises(UsageError, match="fits several runs"):
        store.find("2026", tmp_path)
    with pytest.raises(UsageError, match="there is no run"):
        store.find("nothing", tmp_path)
