"""Rows on disk: a row class is the schema of an Arrow stream that only grows. Knows nothing of runs or requests.

A stream needs no footer, so a process that is killed loses only the batch that it was writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Final, get_type_hints

import pyarrow as pa

_ARROW: Final = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}


def schema_of(row_class: type) -> pa.Schema:
    """The Arrow schema of a dataclass of str, float, int, bool, each perhaps `| None`."""
    hints = get_type_hints(row_class)
    columns = []
    for field in fields(row_class):
        kinds = set(getattr(hints[field.name], "__args__", (hints[field.name],)))
        is_nullable = type(None) in kinds
        (kind,) = kinds - {type(None)}
        columns.append(pa.field(field.name, _ARROW[kind], nullable=is_nullable))
    return pa.schema(columns)


class RowWriter:
    """Appends rows (tuples in the order of the class's fields) to one stream; each append is one flushed batch."""

    def __init__(self, path: Path, row_class: type) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = schema_of(row_class)
        self._file = path.open("wb", buffering=0)
        self._stream = pa.ipc.new_stream(self._file, self._schema)
        pa.array((), pa.null())  # its first array makes pyarrow import pandas, which takes half a second: better now

    def append(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write the rows as one batch.

        Raises:
            OSError: the disk is full or gone.
        """
        if not rows:
            return
        columns = [
            pa.array(column, type=field.type)
            for column, field in zip(zip(*rows, strict=True), self._schema, strict=True)
        ]
        self._stream.write_batch(pa.record_batch(columns, schema=self._schema))

    def close(self) -> None:
        self._stream.close()
        self._file.close()

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_rows(paths: Iterable[Path], row_class: type) -> pa.Table:
    """All whole batches of the streams, as one table with the class's columns; a torn last batch is left out.

    Text columns are dictionaries, batch by batch: a million rows repeat a few names, and must not be held as text.
    """
    batches: list[pa.RecordBatch] = []
    for path in paths:
        batches.extend(_whole_batches(path))
    return pa.Table.from_batches(batches, schema=_encoded_schema(schema_of(row_class))).unify_dictionaries()


def _encoded_schema(schema: pa.Schema) -> pa.Schema:
    words = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(field.with_type(words) if field.type == pa.string() else field for field in schema)


def _encoded(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [column.dictionary_encode() if column.type == pa.string() else column for column in batch.columns]
    return pa.record_batch(columns, schema=_encoded_schema(batch.schema))


def _whole_batches(path: Path) -> list[pa.RecordBatch]:
    batches: list[pa.RecordBatch] = []
    try:
        # Not memory-mapped: the file may still grow, or shrink on a torn disk, under the mapping.
        with path.open("rb") as file, pa.ipc.open_stream(file) as stream:
            while True:
                batches.append(_encoded(stream.read_next_batch()))
    except StopIteration:
        return batches
    except (pa.ArrowInvalid, OSError, EOFError):
        return batches
