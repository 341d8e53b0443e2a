"""The lancekit library for Python tests: scan, take and write tables as pyarrow objects, through the Arrow C interfaces."""
import ctypes

import pyarrow as pa
from pyarrow.cffi import ffi


class LancekitError(Exception):
    CODES = ['invalid argument', 'io', 'corruption', 'unsupported', 'output', 'resource limit', 'cancelled', 'internal']

    def __init__(self, code, text):
        super().__init__(text)
        self.code = self.CODES[code - 1]


class Lancekit:
    def __init__(self, library):
        self.lib = ctypes.CDLL(library)
        self.lib.lk_error.restype = ctypes.c_char_p

    def _check(self, code):
        if code:
            raise LancekitError(code, self.lib.lk_error().decode('utf-8', 'replace'))

    @staticmethod
    def _pointer(c):
        return ctypes.c_void_p(int(ffi.cast('uintptr_t', c)))

    def scan(self, path, columns=None, batch_rows=65536, threads=1, pread=False):
        stream = ffi.new('struct ArrowArrayStream*')
        names = None if columns is None else '\n'.join(columns).encode()
        self._check(self.lib.lk_scan(str(path).encode(), names, ctypes.c_uint64(batch_rows), threads, int(pread), self._pointer(stream)))
        return pa.RecordBatchReader._import_from_c(int(ffi.cast('uintptr_t', stream)))

    def read(self, path, **options):
        table = self.scan(path, **options).read_all()
        table.validate(full=True)
        return table

    def take(self, path, rows):
        array, schema = ffi.new('struct ArrowArray*'), ffi.new('struct ArrowSchema*')
        numbers = (ctypes.c_int64 * len(rows))(*rows)
        self._check(self.lib.lk_take(str(path).encode(), numbers, ctypes.c_size_t(len(rows)), self._pointer(array), self._pointer(schema)))
        batch = pa.RecordBatch._import_from_c(int(ffi.cast('uintptr_t', array)), int(ffi.cast('uintptr_t', schema)))
        batch.validate(full=True)
        return pa.Table.from_batches([batch])

    def write(self, path, table, version='2.2', single_file=False, max_rows_per_file=0, page_bytes=0, threads=1, batch_rows=None):
        reader = table
        if isinstance(table, pa.Table):
            reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=batch_rows))
        stream = ffi.new('struct ArrowArrayStream*')
        reader._export_to_c(int(ffi.cast('uintptr_t', stream)))
        self._check(self.lib.lk_write(str(path).encode(), self._pointer(stream), version.encode(), int(single_file),
                                      ctypes.c_uint64(max_rows_per_file), ctypes.c_uint64(page_bytes), threads))
