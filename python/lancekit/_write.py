from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Union

from lancekit import _native
from lancekit._handles import Context, Handle


class ArrowStream(Protocol):
    """pyarrow's Table, RecordBatchReader and Dataset scanner, polars' and pandas' DataFrame, DuckDB's relation, lancekit's Table and
    Rows, ..."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowArray(Protocol):
    """One batch."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...


@dataclasses.dataclass(frozen=True)
class WriteSummary:
    rows: int
    files: int  #: data files
    bytes: int  #: all files together
    arrow_bytes: int  #: the same values in Arrow layout


_MODES = {'create': 0, 'overwrite': 1, 'append': 2, 'replace': 3}


def write(data: Union[ArrowStream, ArrowArray], path: _native.StrPath, *, mode: str = 'create', version: str | None = None,
          preset: str | None = None, compression: str | None = None, encodings: Mapping[str, str] | None = None,
          bloom: Sequence[str] = (), single_file: bool = False, max_rows_per_file: int | None = None, page_bytes: int | None = None,
          statistics: bool = True, threads: int | None = None, memory_limit: int | None = None) -> WriteSummary:
    """Writes a table to a dataset folder, or with single_file to a bare .lance file. It appears whole or not at all.

    mode: 'create' fails where the path exists; 'append' adds the rows to a dataset, as a new version; 'overwrite' makes a new version of
    these rows alone, and the older ones stay (a single file is replaced); 'replace' leaves nothing of what was there. version: '2.1',
    '2.2' (the default) or 'x1'; an append takes that of the dataset. preset: 'fast', 'balanced' or 'small'. compression: for all columns, such as 'zstd:9'; encodings: by column. bloom: columns
    whose pages get Bloom filters. statistics: zone maps and hashes, by which filters skip pages and damage is found.
    """
    if mode not in _MODES:
        raise ValueError(f'mode is {mode!r}, not one of {", ".join(map(repr, _MODES))}')
    wishes = ([('', compression)] if compression is not None else []) + list((encodings or {}).items())
    encoded = (_native.ColumnEncoding * len(wishes))(
        *(_native.ColumnEncoding(_native.encode(column), _native.encode(wish)) for column, wish in wishes))
    blooms, num_blooms = _native.names(bloom)
    options = _native.WriteOptions(
        ctypes.sizeof(_native.WriteOptions), _native.optional(version), _native.optional(preset), _MODES[mode], int(single_file), encoded,
        len(wishes), blooms, num_blooms, _native.number(max_rows_per_file, 'max_rows_per_file'), _native.number(page_bytes, 'page_bytes'),
        int(not statistics))
    batches = _batches(data)
    context = Context(threads, memory_limit)
    pointer = ctypes.c_void_p()
    _native.call('create', context.pointer, _native.encode_path(path), options, pointer)
    writer = Handle('writer', pointer)
    summary = _native.WriteSummaryStruct(ctypes.sizeof(_native.WriteSummaryStruct))
    try:
        # One batch after the other, so that Ctrl-C ends it between two of them.
        for schema, batch in batches:
            if batch is None:
                _native.call('writer_set_schema', writer.pointer, schema)
            else:
                _native.call('writer_write_batch', writer.pointer, batch, schema)
        _native.call('writer_commit', writer.pointer, summary)
    finally:
        writer.free()
    return WriteSummary(summary.rows, summary.files, summary.bytes, summary.arrow_bytes)


def _batches(data: Any) -> Iterator[tuple[Any, Any]]:
    """The schema alone (with None), then each batch with it; they are valid until the next one is asked for."""
    if hasattr(data, '__arrow_c_stream__'):
        return _stream_batches(data.__arrow_c_stream__())
    if hasattr(data, '__arrow_c_array__'):
        return _array_batches(*data.__arrow_c_array__())
    raise TypeError(f'{type(data).__name__} has neither __arrow_c_stream__ nor __arrow_c_array__')


def _stream_batches(capsule: object) -> Iterator[tuple[Any, Any]]:
    stream = _native.stream_of(capsule)
    if not stream.contents.release:
        raise ValueError('the stream was released: somebody has read it before')
    schema_capsule, schema = _native.new_schema()
    if stream.contents.get_schema(stream, schema) != 0:
        raise _native.stream_error(stream)
    yield schema, None
    while True:
        batch_capsule, batch = _native.new_array()
        if stream.contents.get_next(stream, batch) != 0:
            raise _native.stream_error(stream)
        if not batch.contents.release:
            return
        yield schema, batch


def _array_batches(schema_capsule: object, array_capsule: object) -> Iterator[tuple[Any, Any]]:
    schema, batch = _native.schema_of(schema_capsule), _native.array_of(array_capsule)
    if not schema.contents.release or not batch.contents.release:
        raise ValueError('the batch was released: somebody has read it before')
    yield schema, batch
