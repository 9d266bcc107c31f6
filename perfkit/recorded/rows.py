"""Rows on disk: a row class is the schema of an Arrow stream that only grows. Knows nothing of runs or requests.

A stream needs no footer, so a process that is killed loses only the batch that it was writing. One that is too long for
memory is read in stretches: where each begins is kept, and it is read again when it is wanted.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeAlias, get_type_hints

import pyarrow as pa

from perfkit.errors import StoreError

Source: TypeAlias = Path | pa.Buffer
"""A stream: a file, or the bytes of one."""

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
        batches.extend(_encoded(batch) for _, _, batch in _whole_batches(path))
    return pa.Table.from_batches(batches, schema=_encoded_schema(schema_of(row_class))).unify_dictionaries()


def _encoded_schema(schema: pa.Schema) -> pa.Schema:
    words = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(field.with_type(words) if field.type == pa.string() else field for field in schema)


def _encoded(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [column.dictionary_encode() if column.type == pa.string() else column for column in batch.columns]
    return pa.record_batch(columns, schema=_encoded_schema(batch.schema))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive batches of a stream: its bytes from `at` to `end`."""

    source: Source
    at: int
    end: int
    batches: int
    rows: int


def stretches(source: Source, least: int) -> Iterator[tuple[Stretch, pa.Table]]:
    """A stream from its beginning to its last whole batch, in stretches of at least `least` rows, with these rows."""
    pending: list[pa.RecordBatch] = []
    at = end = rows = 0
    for begins_at, ends_at, batch in _whole_batches(source):
        at, end = begins_at if not pending else at, ends_at
        pending.append(batch)
        rows += batch.num_rows
        if rows >= least:
            yield Stretch(source, at, end, len(pending), rows), pa.Table.from_batches(pending)
            pending, rows = [], 0
    if rows:
        yield Stretch(source, at, end, len(pending), rows), pa.Table.from_batches(pending)


def read_stretch(stretch: Stretch) -> pa.Table:
    """Its rows once more.

    Raises:
        StoreError: they are no longer there.
    """
    try:
        with _opened(stretch.source) as file:
            schema = pa.ipc.open_stream(file).schema
            file.seek(stretch.at)
            read = pa.BufferReader(file.read_buffer(stretch.end - stretch.at))
            messages = (pa.ipc.read_message(read) for _ in range(stretch.batches))
            return pa.Table.from_batches([pa.ipc.read_record_batch(one, schema) for one in messages], schema)
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        hint = "let the run folder be while it is read"
        raise StoreError(f"{stretch.source} was changed while it was read: {error}", hint=hint) from error


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[pa.NativeFile]:
    # Not memory-mapped: the file may still grow, or shrink on a torn disk, under the mapping.
    with pa.OSFile(str(source), "rb") if isinstance(source, Path) else pa.BufferReader(source) as file:
        yield file


def _whole_batches(source: Source) -> Iterator[tuple[int, int, pa.RecordBatch]]:
    """Each batch, after the bytes at which it begins and ends; a torn last one is left out."""
    with contextlib.suppress(StopIteration, pa.ArrowInvalid, OSError, EOFError), _opened(source) as file:
        stream = pa.ipc.open_stream(file)
        while True:
            at = file.tell()
            batch = stream.read_next_batch()
            if batch.num_rows:
                yield at, file.tell(), batch


class _Absent:
    """Finds no pandas."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("pyarrow is to do without pandas", name=name)
        return None


def _wake_arrow() -> None:
    """Let pyarrow make its first array, at which it imports pandas if there is one; now there is none.

    That would be 50 MB, and half a second, of which nothing is used. Whoever else imports pandas, before or after, may
    give its tables to pyarrow all the same: it looks again when it is asked for them.
    """
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array((), pa.null())
    finally:
        sys.meta_path.remove(absent)


_wake_arrow()
pa.set_memory_pool(pa.system_memory_pool())  # its own pools keep 20 MB of what they were given back
