"""The C interface (include/lancekit/lancekit.h) by ctypes, and Arrow's C structs, each owned by a capsule (python/capsules.cc)."""
from __future__ import annotations

import ctypes
import os
import pathlib
from collections.abc import Iterable
from typing import Any, Union

from lancekit._errors import ErrorCode, LancekitError

StrPath = Union[str, 'os.PathLike[str]']

_PATH = str(pathlib.Path(__file__).with_name('liblancekit_c.so'))
library = ctypes.CDLL(_PATH)
NONE = (1 << 64) - 1  # LANCEKIT_NONE


class ArrowSchema(ctypes.Structure):
    pass


ArrowSchema._fields_ = [
    ('format', ctypes.c_char_p), ('name', ctypes.c_char_p), ('metadata', ctypes.c_void_p), ('flags', ctypes.c_int64),
    ('n_children', ctypes.c_int64), ('children', ctypes.POINTER(ctypes.POINTER(ArrowSchema))), ('dictionary', ctypes.POINTER(ArrowSchema)),
    ('release', ctypes.c_void_p), ('private_data', ctypes.c_void_p)]


class ArrowArray(ctypes.Structure):
    _fields_ = [
        ('length', ctypes.c_int64), ('null_count', ctypes.c_int64), ('offset', ctypes.c_int64), ('n_buffers', ctypes.c_int64),
        ('n_children', ctypes.c_int64), ('buffers', ctypes.c_void_p), ('children', ctypes.c_void_p), ('dictionary', ctypes.c_void_p),
        ('release', ctypes.c_void_p), ('private_data', ctypes.c_void_p)]


class ArrowArrayStream(ctypes.Structure):
    pass


_stream_pointer = ctypes.POINTER(ArrowArrayStream)
ArrowArrayStream._fields_ = [
    ('get_schema', ctypes.CFUNCTYPE(ctypes.c_int, _stream_pointer, ctypes.POINTER(ArrowSchema))),
    ('get_next', ctypes.CFUNCTYPE(ctypes.c_int, _stream_pointer, ctypes.POINTER(ArrowArray))),
    ('get_last_error', ctypes.CFUNCTYPE(ctypes.c_char_p, _stream_pointer)),
    ('release', ctypes.CFUNCTYPE(None, _stream_pointer)), ('private_data', ctypes.c_void_p)]


class ContextOptions(ctypes.Structure):
    _fields_ = [('struct_size', ctypes.c_size_t), ('threads', ctypes.c_int), ('memory_limit', ctypes.c_uint64)]


class OpenOptions(ctypes.Structure):
    _fields_ = [('struct_size', ctypes.c_size_t), ('version', ctypes.POINTER(ctypes.c_uint64)), ('tag', ctypes.c_char_p),
                ('branch', ctypes.c_char_p), ('as_of_microseconds', ctypes.POINTER(ctypes.c_int64))]


class ScanOptions(ctypes.Structure):
    _fields_ = [('struct_size', ctypes.c_size_t), ('columns', ctypes.POINTER(ctypes.c_char_p)), ('num_columns', ctypes.c_size_t),
                ('where', ctypes.c_char_p), ('limit', ctypes.POINTER(ctypes.c_uint64)), ('offset', ctypes.c_uint64),
                ('batch_rows', ctypes.c_uint64), ('batch_bytes', ctypes.c_uint64)]


class ColumnEncoding(ctypes.Structure):
    _fields_ = [('column', ctypes.c_char_p), ('encoding', ctypes.c_char_p)]


class WriteOptions(ctypes.Structure):
    _fields_ = [('struct_size', ctypes.c_size_t), ('version', ctypes.c_char_p), ('preset', ctypes.c_char_p), ('mode', ctypes.c_int),
                ('single_file', ctypes.c_int), ('encodings', ctypes.POINTER(ColumnEncoding)), ('num_encodings', ctypes.c_size_t),
                ('bloom_columns', ctypes.POINTER(ctypes.c_char_p)), ('num_bloom_columns', ctypes.c_size_t),
                ('max_rows_per_file', ctypes.c_uint64), ('page_bytes', ctypes.c_uint64), ('no_statistics', ctypes.c_int)]


class WriteSummaryStruct(ctypes.Structure):
    _fields_ = [('struct_size', ctypes.c_size_t), ('rows', ctypes.c_uint64), ('files', ctypes.c_uint64), ('bytes', ctypes.c_uint64),
                ('arrow_bytes', ctypes.c_uint64)]


class FindingStruct(ctypes.Structure):
    _fields_ = [('severity', ctypes.c_int), ('message', ctypes.c_char_p), ('path', ctypes.c_char_p), ('column', ctypes.c_char_p),
                ('page', ctypes.c_int64), ('buffer', ctypes.c_int64), ('offset', ctypes.c_uint64), ('size', ctypes.c_uint64)]


class VerifyOptions(ctypes.Structure):
    _fields_ = [('struct_size', ctypes.c_size_t), ('level', ctypes.c_int), ('open', ctypes.POINTER(OpenOptions)),
                ('sums', ctypes.c_char_p)]


class VerifySummaryStruct(ctypes.Structure):
    _fields_ = [('struct_size', ctypes.c_size_t), ('files', ctypes.c_uint64), ('damages', ctypes.c_uint64),
                ('not_checked', ctypes.c_uint64), ('harmless', ctypes.c_uint64), ('notes', ctypes.c_uint64), ('stopped', ctypes.c_int)]


OnFinding = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(FindingStruct))

_pointer, _text, _size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
_out, _names = ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_char_p)
_schema, _array = ctypes.POINTER(ArrowSchema), ctypes.POINTER(ArrowArray)


def _declare(name: str, result: Any, *arguments: Any) -> None:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments


_declare('lancekit_version', _text)
_declare('lancekit_error_code', ctypes.c_int, _pointer)
for _part in ('message', 'path', 'column', 'describe'):
    _declare(f'lancekit_error_{_part}', _text, _pointer)
_declare('lancekit_error_page', ctypes.c_int64, _pointer)
_declare('lancekit_error_offset', ctypes.c_uint64, _pointer)
_declare('lancekit_table_num_rows', ctypes.c_uint64, _pointer)
_declare('lancekit_table_format_version', _text, _pointer)
_declare('lancekit_context_cancel', None, _pointer)
_declare('lancekit_stream_error', _pointer, _stream_pointer)
for _part in ('error', 'context', 'table', 'writer'):
    _declare(f'lancekit_{_part}_free', None, _pointer)
# Functions that may fail; `call` adds the last argument.
_CALLS: dict[str, list[Any]] = {
    'context_create': [ctypes.POINTER(ContextOptions), _out],
    'open': [_pointer, _text, ctypes.POINTER(OpenOptions), _out],
    'table_schema': [_pointer, _schema],
    'table_scan': [_pointer, ctypes.POINTER(ScanOptions), _stream_pointer],
    'table_take': [_pointer, ctypes.POINTER(ctypes.c_int64), _size, _names, _size, _stream_pointer],
    'create': [_pointer, _text, ctypes.POINTER(WriteOptions), _out],
    'writer_set_schema': [_pointer, _schema],
    'writer_write_batch': [_pointer, _array, _schema],
    'writer_commit': [_pointer, ctypes.POINTER(WriteSummaryStruct)],
    'verify': [_pointer, _text, ctypes.POINTER(VerifyOptions), OnFinding, _pointer, ctypes.POINTER(VerifySummaryStruct)],
}
for _name, _arguments in _CALLS.items():
    _declare(f'lancekit_{_name}', ctypes.c_int, *_arguments, _out)

VERSION: str = library.lancekit_version().decode()


def decode(text: bytes | None) -> str:
    """What comes from files may be no UTF-8."""
    return (text or b'').decode('utf-8', 'replace')


def _error_of(error: Any) -> LancekitError:
    page, offset = library.lancekit_error_page(error), library.lancekit_error_offset(error)
    return LancekitError(
        decode(library.lancekit_error_describe(error)), ErrorCode(library.lancekit_error_code(error)),
        decode(library.lancekit_error_message(error)), decode(library.lancekit_error_path(error)) or None,
        decode(library.lancekit_error_column(error)) or None, None if page < 0 else page, None if offset == NONE else offset)


def call(name: str, *arguments: Any) -> None:
    """Calls lancekit_<name>, which releases the GIL meanwhile. Raises LancekitError."""
    error = ctypes.c_void_p()
    if getattr(library, f'lancekit_{name}')(*arguments, ctypes.byref(error)) == 0:
        return
    try:
        raise _error_of(error)
    finally:
        library.lancekit_error_free(error)


def stream_error(stream: Any) -> LancekitError:
    """Why a stream of anybody failed."""
    error = library.lancekit_stream_error(stream)
    if error:
        return _error_of(error)
    message = f"the input stream failed: {decode(stream.contents.get_last_error(stream)) or 'no reason given'}"
    return LancekitError(message, ErrorCode.INVALID_ARGUMENT, message)


def encode(text: str) -> bytes:
    """For C, where a text ends with its first 0."""
    if '\0' in text:
        raise ValueError('embedded null character')
    return text.encode()


def encode_path(path: StrPath) -> bytes:
    encoded = os.fsencode(path)
    if b'\0' in encoded:
        raise ValueError('embedded null byte')
    return encoded


def optional(text: str | None) -> bytes | None:
    return None if text is None else encode(text)


def number(value: int | None, what: str) -> int:
    """For C, where a negative number would become a huge one; 0 for None."""
    if value is None:
        return 0
    if not 0 <= value < 1 << 64:
        raise ValueError(f'{what} is {value}')
    return value


def names(columns: str | Iterable[str] | None) -> tuple[ctypes.Array[ctypes.c_char_p] | None, int]:
    """-> (array or None, its length)."""
    if columns is None:
        return None, 0
    encoded = [encode(column) for column in ([columns] if isinstance(columns, str) else columns)]
    return (ctypes.c_char_p * len(encoded))(*encoded), len(encoded)


# Capsules are made with the GIL held.
_python = ctypes.PyDLL(_PATH)
for _kind in ('schema', 'array', 'stream'):
    getattr(_python, f'lancekit_python_{_kind}').restype = ctypes.py_object
    getattr(_python, f'lancekit_python_{_kind}').argtypes = ()
_get_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(('PyCapsule_GetPointer', ctypes.pythonapi))


def schema_of(capsule: object) -> Any:
    """The pointer to the struct in a capsule of anybody; valid as long as the capsule."""
    return ctypes.cast(_get_pointer(capsule, b'arrow_schema'), _schema)


def array_of(capsule: object) -> Any:
    return ctypes.cast(_get_pointer(capsule, b'arrow_array'), _array)


def stream_of(capsule: object) -> Any:
    return ctypes.cast(_get_pointer(capsule, b'arrow_array_stream'), _stream_pointer)


def new_schema() -> tuple[object, Any]:
    """-> (a capsule, which releases what the struct comes to hold, the pointer to the struct)."""
    capsule = _python.lancekit_python_schema()
    return capsule, schema_of(capsule)


def new_array() -> tuple[object, Any]:
    capsule = _python.lancekit_python_array()
    return capsule, array_of(capsule)


def new_stream() -> tuple[object, Any]:
    capsule = _python.lancekit_python_stream()
    return capsule, stream_of(capsule)
