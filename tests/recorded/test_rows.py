"""Rows on disk survive a process that dies while it writes."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Request, Sample
from perfkit.recorded.rows import RowWriter, read_rows, schema_of
from tests.builders import a_request

SAMPLES = st.builds(
    Sample,
    at=st.floats(allow_nan=False),
    source=st.text(st.characters(exclude_categories=["Cs"])),
    metric=st.text(st.characters(exclude_categories=["Cs"])),
    value=st.floats(allow_nan=False),
)


def test_the_row_class_is_the_schema() -> None:
    schema = schema_of(Request)
    assert (str(schema.field("service_s").type), schema.field("service_s").nullable) == ("double", False)
    assert (str(schema.field("status").type), schema.field("status").nullable) == ("int64", True)


@given(rows=st.lists(SAMPLES, max_size=20))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[Sample]) -> None:
    path = tmp_path_factory.mktemp("rows") / "samples.arrow"
    with RowWriter(path, Sample) as writer:
        writer.append([astuple(row) for row in rows])
    assert [Sample(**row) for row in read_rows([path], Sample).to_pylist()] == rows


@given(cut=st.integers(min_value=0, max_value=4000))
def test_a_torn_stream_gives_its_whole_batches(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Whatever byte the writer died at, what can be read is a beginning of what was written."""
    path = tmp_path_factory.mktemp("rows") / "requests.arrow"
    with RowWriter(path, Request) as writer:
        for number in range(3):
            writer.append([astuple(a_request(at=number))])
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    read = read_rows([path], Request).to_pylist()
    assert [row["started_at"] for row in read] == [a_request(at=number).started_at for number in range(len(read))]


def test_no_file_is_an_empty_table_with_the_columns() -> None:
    assert read_rows([], Request).column_names[:2] == ["phase", "endpoint"]
