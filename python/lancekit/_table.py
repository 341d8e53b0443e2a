from __future__ import annotations

import array
import ctypes
import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Union

from lancekit import _native
from lancekit._handles import Context, Handle
from lancekit._schema import Schema

Columns = Union[str, Sequence[str]]
AsOf = Union[str, datetime.datetime]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def _microseconds(as_of: AsOf) -> int:
    if isinstance(as_of, str):
        as_of = datetime.datetime.fromisoformat(as_of.replace('Z', '+00:00'))
    return (as_of.astimezone(datetime.timezone.utc) - _EPOCH) // datetime.timedelta(microseconds=1)


def open_options(version: int | None, tag: str | None, branch: str | None, as_of: AsOf | None) -> _native.OpenOptions:
    options = _native.OpenOptions(ctypes.sizeof(_native.OpenOptions), tag=_native.optional(tag), branch=_native.optional(branch))
    if version is not None:
        options.version = ctypes.pointer(ctypes.c_uint64(_native.number(version, 'version')))
    if as_of is not None:
        options.as_of_microseconds = ctypes.pointer(ctypes.c_int64(_microseconds(as_of)))
    return options


Start = Callable[[Any], None]  # fills the pointer to a stream


class Rows:
    """Rows that a scan or a take gives to whoever asks by the Arrow PyCapsule interface: pyarrow.table(rows),
    polars.DataFrame(rows), "FROM rows" in DuckDB. Each time they are asked for they are read anew."""

    def __init__(self, start: Start, start_empty: Start) -> None:
        """start_empty: for a stream of which only the schema is wanted."""
        self._start = start
        # What cannot be read is told now; the first who asks gets this stream.
        self._started = [self._make_stream(start)]
        self._schema = Schema(lambda: self._make_schema(start_empty))

    @staticmethod
    def _make_stream(start: Start) -> object:
        capsule, stream = _native.new_stream()
        start(stream)
        return capsule

    @classmethod
    def _make_schema(cls, start_empty: Start) -> object:
        stream_capsule = cls._make_stream(start_empty)
        stream = _native.stream_of(stream_capsule)
        capsule, schema = _native.new_schema()
        if stream.contents.get_schema(stream, schema) != 0:
            raise _native.stream_error(stream)
        return capsule

    @property
    def schema(self) -> Schema:
        return self._schema

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """requested_schema is not looked at, as the interface allows."""
        try:
            return self._started.pop()
        except IndexError:
            return self._make_stream(self._start)

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()


class Table:
    """An open Lance file, or one version of a dataset; lancekit.open makes it. Threads may share it."""

    def __init__(self, path: str, handle: Handle) -> None:
        self._path = path
        self._handle = handle
        self._schema = Schema(self._make_schema)

    def _make_schema(self) -> object:
        capsule, schema = _native.new_schema()
        _native.call('table_schema', self._handle.pointer, schema)
        return capsule

    @property
    def num_rows(self) -> int:
        rows: int = _native.library.lancekit_table_num_rows(self._handle.pointer)
        return rows

    @property
    def schema(self) -> Schema:
        return self._schema

    @property
    def format_version(self) -> str:
        """'2.1', '2.2', ...: the version of the data files."""
        return _native.decode(_native.library.lancekit_table_format_version(self._handle.pointer))

    def scan(self, columns: Columns | None = None, where: str | None = None, limit: int | None = None, offset: int = 0,
             batch_rows: int | None = None) -> Rows:
        """Rows in their order. columns: dotted paths, in the order wanted; None is all. where: a condition in SQL without functions;
        limit and offset count the rows that match. batch_rows: rows in a batch, at most (65,536)."""
        names, num_names = _native.names(columns)
        options = _native.ScanOptions(ctypes.sizeof(_native.ScanOptions), names, num_names, _native.optional(where), None,
                                      _native.number(offset, 'offset'), _native.number(batch_rows, 'batch_rows'))
        if limit is not None:
            options.limit = ctypes.pointer(ctypes.c_uint64(_native.number(limit, 'limit')))

        def start(stream: Any) -> None:
            _native.call('table_scan', self._handle.pointer, options, stream)

        return Rows(start, start)

    def take(self, rows: Iterable[int], columns: Columns | None = None) -> Rows:
        """Rows by number, in any order, repeated ones too; a negative number counts from the end. Reads them now."""
        numbers = array.array('q', rows)
        pointer = (ctypes.c_int64 * len(numbers)).from_buffer(numbers)
        names, num_names = _native.names(columns)
        empty = _native.ScanOptions(ctypes.sizeof(_native.ScanOptions), names, num_names)

        def start(stream: Any) -> None:
            _native.call('table_take', self._handle.pointer, pointer, len(numbers), names, num_names, stream)

        return Rows(start, lambda stream: _native.call('table_scan', self._handle.pointer, empty, stream))

    def __len__(self) -> int:
        return self.num_rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.scan().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()

    def __repr__(self) -> str:
        return f'<lancekit.Table {self._path!r}: {self.num_rows} rows, {len(self.schema)} columns, Lance {self.format_version}>'


def open(path: _native.StrPath, version: int | None = None, tag: str | None = None, as_of: AsOf | None = None, *,
         branch: str | None = None, threads: int | None = None, memory_limit: int | None = None) -> Table:
    """Opens a .lance file or a dataset folder. Of a dataset at most one of version, tag and as_of says which version: by its number, by
    the name of a tag, or the newest that is not younger than a time (a datetime, or a text in ISO 8601; without a time zone it is
    local time). threads: for decoding, default the number of cores. memory_limit: bytes in flight.
    """
    context = Context(threads, memory_limit)
    pointer = ctypes.c_void_p()
    _native.call('open', context.pointer, _native.encode_path(path), open_options(version, tag, branch, as_of), pointer)
    return Table(str(path), Handle('table', pointer))
