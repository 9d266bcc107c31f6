"""A run and its folder: what is written is read, torn things are said to be torn."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from perfkit import store
from perfkit.errors import StoreError, UsageError
from perfkit.model import (
    AdvisedIndex,
    CapturedQuery,
    Check,
    DismissedIndex,
    Effect,
    IndexAdvice,
    IndexWrites,
    NotExplained,
    ParameterSet,
    PlanNode,
    QueryPlan,
    Request,
    RunRecord,
    Sample,
    Trace,
    TracedRequest,
    UnneededIndex,
    Validity,
)
from perfkit.recorded.rows import RowWriter
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
    assert (len(run.requests), run.requests.caches) == (1, ("hit",))
    assert run.samples.of("target", "rss_bytes").values.tolist() == [1.0]
    assert run.queries == (QUERY,)
    assert run.plans == (PLAN, NotExplained("f2", "no parameters"))


def test_advice_is_read_as_it_was_written(tmp_path: Path) -> None:
    """It is made after the run; without it a run has none."""
    write(tmp_path / "run", a_run().record, [a_request()], [])
    assert store.load(tmp_path / "run").advice is None
    effect = Effect("f1", "SELECT 1", 2, 15.0, 1.0, 0.07, (0.06, 0.08), 9.0, 3.0, "faster", "same", 9)
    writes = IndexWrites(64.5, 0.001)
    index = AdvisedIndex("t (a)", "public.t", "ix", "CREATE …", 8192, 0.1, 28.0, ("read whole",), writes, (effect,))
    unneeded = UnneededIndex("old", "public.t", 8192, "unused", True, "as fast without it", "DROP …", (effect,))
    rest = (DismissedIndex("t (b)", "not used", None),), (unneeded,), (effect,), (NotExplained("f2", "no parameters"),)
    advice = IndexAdvice(30.0, (index,), *rest, 0.0, 4.2, None, ("a note",))
    store.write_advice(tmp_path / "run", advice)
    assert store.load(tmp_path / "run").advice == advice


def test_a_killed_run_reads_as_interrupted_with_phases_from_its_rows(tmp_path: Path) -> None:
    record = replace(a_run().record, status="running", provenance={"pid": 2**30}, phases=())
    rows = [a_request(at=1, is_warmup=True), a_request(at=2), a_request(at=9, ms=500)]
    write(tmp_path / "run", record, rows, [])
    read = store.load(tmp_path / "run").record
    assert read.status == "interrupted"
    (mark,) = read.phases
    assert (mark.name, mark.measured_at - START, mark.ended_at - START) == ("single", 2.0, 9.5)


def test_a_run_that_goes_on_reads_as_far_as_it_has_come(tmp_path: Path) -> None:
    """With the phases that have ended as they were, and what the rows tell of the one that has not; it says so."""
    record = replace(a_run().record, status="running", provenance={"pid": os.getpid()}, phases=(a_phase("first"),))
    write(tmp_path / "run", record, [a_request(phase="first"), a_request(at=70, phase="second")], [])
    read = store.load(tmp_path / "run").record
    assert (read.status, [(mark.name, mark.users) for mark in read.phases]) == (
        "running",
        [("first", 1), ("second", None)],
    )
    assert read.notes[0].startswith("the run goes on: read at ")


def test_a_shard_that_is_torn_while_it_is_read_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    write(tmp_path / "run", a_run().record, [a_request(at=at) for at in range(100)], [])
    run = store.load(tmp_path / "run")
    shard = tmp_path / "run" / "requests" / "single-1.arrow"
    shard.write_bytes(shard.read_bytes()[:2_000])
    with pytest.raises(StoreError, match="was changed while it was read") as caught:
        list(run.requests.part("single").chunks)
    assert caught.value.hint


def test_a_run_without_rows_is_read(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    store.write_record(tmp_path / "run", a_run().record)
    run = store.load(tmp_path / "run")
    assert (len(run.requests), run.requests.tallies, run.samples.series) == (0, {}, {})


@pytest.mark.parametrize("text", ["", "{", '{"schema": 99}', "[]"])
def test_a_torn_or_foreign_record_is_an_error_with_a_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / store.RECORD).write_text(text)
    with pytest.raises(StoreError) as caught:
        store.load(tmp_path)
    assert caught.value.hint


WRONG = [b"", b"[", b"[]", b"{}", b'{"kind": []}', b"null", b"7", b"\xff", b"[" * 100_000]


@pytest.mark.parametrize("content", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("name", ["plans/f1.json", store.TRACE, store.ADVICE])
def test_a_torn_file_beside_the_record_is_left_out_and_noted(tmp_path: Path, name: str, content: bytes) -> None:
    write(tmp_path / "run", a_run().record, [a_request()], [])
    store.write_queries(tmp_path / "run", (QUERY,), (PLAN, NotExplained("f2", "no parameters")))
    (tmp_path / "run" / name).write_bytes(content)
    run = store.load(tmp_path / "run")
    (note,) = run.record.notes
    assert note.startswith(f"{name} is torn and was left out: ")
    assert [plan.fingerprint for plan in run.plans] == (["f2"] if "plans" in name else ["f1", "f2"])


@pytest.mark.parametrize("content", [one for one in WRONG if one != b"[]"], ids=range(len(WRONG) - 1))
def test_torn_queries_are_an_error_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "run", a_run().record, [a_request()], [])
    (tmp_path / "run" / "queries.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"queries\.json is not what perfkit writes") as caught:
        store.load(tmp_path / "run")
    assert caught.value.hint


def test_a_folder_that_cannot_be_made_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        store.create(tmp_path / "file" / "run")
    assert "--out" in str(caught.value.hint)


def test_a_run_is_read_and_told_without_pandas(tmp_path: Path) -> None:
    """It is 50 MB, and pyarrow imports it where it can."""
    write(tmp_path / "run", a_run().record, [a_request(cache="hit")], [a_sample("rss_bytes", 1.0)])
    code = (
        "import sys; from pathlib import Path; from perfkit import metrics, store; folder = Path(sys.argv[1]);"
        "from perfkit.metrics.timeline import timeline; from perfkit.judge.validity import validity;"
        "run = store.load(folder); metrics.compute(run), metrics.windows(run, 10), timeline(run), validity(run);"
        "import perfkit.measure, perfkit.story, perfkit.report.writing; print('pandas' in sys.modules)"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "run")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


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


def test_a_trace_is_kept_without_secrets_of_queries(tmp_path: Path) -> None:
    request = TracedRequest("/a?token=s3cret", START, 1.0, ())
    store.write_trace(tmp_path, Trace("trace", (), (request,), (request,)))
    assert "s3cret" not in (tmp_path / store.TRACE).read_text()
    assert (tmp_path / store.TRACE).read_text().count("/a?token=***") == 2
