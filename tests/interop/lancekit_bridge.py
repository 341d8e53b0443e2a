"""The lancekit library for Python tests: scan, take and write tables as pyarrow objects, through the Arrow C interfaces."""
import ctypes

import numpy as np
import pyarrow as pa
from pyarrow.cffi import ffi

ALL = (1 << 64) - 1


class LancekitError(Exception):
    CODES = ['invalid argument', 'io', 'corruption', 'unsupported', 'output', 'resource limit', 'cancelled', 'internal']

    def __init__(self, code, text):
        super().__init__(text)
        self.code = self.CODES[code - 1]


class OpenOptions(ctypes.Structure):
    _fields_ = [('has_version', ctypes.c_int), ('version', ctypes.c_uint64), ('tag', ctypes.c_char_p), ('branch', ctypes.c_char_p),
                ('has_as_of', ctypes.c_int), ('as_of_microseconds', ctypes.c_int64), ('checksums', ctypes.c_int), ('no_zone_maps', ctypes.c_int)]


class ScanOptions(ctypes.Structure):
    _fields_ = [('columns', ctypes.c_char_p), ('offset', ctypes.c_uint64), ('limit', ctypes.c_uint64),
                ('batch_rows', ctypes.c_uint64), ('threads', ctypes.c_int), ('pread', ctypes.c_int), ('filter', ctypes.c_char_p)]


class WriteOptions(ctypes.Structure):
    _fields_ = [('version', ctypes.c_char_p), ('max_rows_per_file', ctypes.c_uint64), ('page_bytes', ctypes.c_uint64),
                ('single_file', ctypes.c_int), ('threads', ctypes.c_int), ('no_statistics', ctypes.c_int),
                ('bloom', ctypes.c_char_p), ('bloom_bits', ctypes.c_int)]


class Lancekit:
    def __init__(self, library):
        self.lib = ctypes.CDLL(library)
        self.lib.lk_error.restype = ctypes.c_char_p

    def _check(self, code):
        if code:
            raise LancekitError(code, self.lib.lk_error().decode('utf-8', 'replace'))

    @staticmethod
    def _address(c):
        return int(ffi.cast('uintptr_t', c))

    @staticmethod
    def _names(columns):
        return None if columns is None else '\n'.join(columns).encode()

    @staticmethod
    def _open(version):
        """`version`: None, a number or a dict with version, tag, branch, as_of (microseconds since 1970), checksums ('never', 'always')
        or zone_maps."""
        given = version if isinstance(version, dict) else {'version': version}
        number, as_of = given.get('version'), given.get('as_of')
        text = lambda key: given[key].encode() if given.get(key) is not None else None
        return ctypes.byref(OpenOptions(number is not None, number or 0, text('tag'), text('branch'), as_of is not None, as_of or 0,
                                        ['scans', 'never', 'always'].index(given.get('checksums', 'scans')), not given.get('zone_maps', True)))

    def scan(self, path, columns=None, offset=0, limit=ALL, batch_rows=65536, threads=1, pread=False, version=None, where=None):
        """A RecordBatchReader."""
        stream = ffi.new('struct ArrowArrayStream*')
        options = ScanOptions(self._names(columns), offset, limit, batch_rows, threads, int(pread), where and where.encode())
        self._check(self.lib.lk_scan(str(path).encode(), self._open(version), ctypes.byref(options), ctypes.c_void_p(self._address(stream))))
        return pa.RecordBatchReader._import_from_c(self._address(stream))

    def read(self, path, **options):
        table = self.scan(path, **options).read_all()
        table.validate(full=True)
        return table

    def count(self, path, version=None):
        rows = ctypes.c_uint64()
        self._check(self.lib.lk_count(str(path).encode(), self._open(version), ctypes.byref(rows)))
        return rows.value

    REPORT = ['fragments', 'fragments_skipped', 'pages', 'pages_kept', 'zones', 'zones_kept', 'rows_filtered', 'rows_encoded', 'rows_matched', 'bytes_read',
              'pages_skipped_by_bloom']

    def count_where(self, path, where, version=None):
        """-> (number of rows that match, dict with the scan's report)."""
        rows, report = ctypes.c_uint64(), (ctypes.c_uint64 * len(self.REPORT))()
        self._check(self.lib.lk_count_where(str(path).encode(), self._open(version), where.encode(), ctypes.byref(rows), report))
        return rows.value, dict(zip(self.REPORT, report))

    def match(self, path, filters, row, num_rows, batch_rows=65536, count=False, version=None):
        """-> (a row of bools per filter, True at the numbers in the int64 column `row` of the rows that match; the counts of
        Scan::count(), or None; dict with the sums of the scans' reports)."""
        masks, report = np.zeros((len(filters), num_rows), np.uint8), (ctypes.c_uint64 * len(self.REPORT))()
        texts, counts = (ctypes.c_char_p * len(filters))(*(text.encode() for text in filters)), (ctypes.c_uint64 * len(filters))()
        self._check(self.lib.lk_match(str(path).encode(), self._open(version), row.encode(), texts, ctypes.c_size_t(len(filters)), ctypes.c_uint64(batch_rows),
                                      ctypes.c_uint64(num_rows), ctypes.c_void_p(masks.ctypes.data), counts if count else None, report))
        return masks.view(bool), list(counts) if count else None, dict(zip(self.REPORT, report))

    def aggregate(self, path, wanted, where=None, offset=0, threads=1, version=None):
        """`wanted`: pairs such as ('min', 'a.b'), ('count', ''). -> a record batch of one row."""
        array, schema = ffi.new('struct ArrowArray*'), ffi.new('struct ArrowSchema*')
        text = '\n'.join(f'{kind}\t{column}' for kind, column in wanted)
        self._check(self.lib.lk_aggregate(str(path).encode(), self._open(version), text.encode(), where and where.encode(), ctypes.c_uint64(offset), threads,
                                          ctypes.c_void_p(self._address(array)), ctypes.c_void_p(self._address(schema))))
        batch = pa.RecordBatch._import_from_c(self._address(array), self._address(schema))
        batch.validate(full=True)
        return batch

    def take(self, path, rows, columns=None, version=None):
        array, schema = ffi.new('struct ArrowArray*'), ffi.new('struct ArrowSchema*')
        numbers = (ctypes.c_int64 * len(rows))(*rows)
        self._check(self.lib.lk_take(str(path).encode(), self._open(version), self._names(columns), numbers, ctypes.c_size_t(len(rows)),
                                     ctypes.c_void_p(self._address(array)), ctypes.c_void_p(self._address(schema))))
        batch = pa.RecordBatch._import_from_c(self._address(array), self._address(schema))
        batch.validate(full=True)
        return pa.Table.from_batches([batch])

    def blob(self, path, column, row, offset=0, size=1 << 20):
        """-> (bytes, size of the blob or None for null, bytes read from files after opening)."""
        buffer, counts = ctypes.create_string_buffer(size), (ctypes.c_int64 * 3)()
        self._check(self.lib.lk_blob(str(path).encode(), column.encode(), ctypes.c_int64(row), ctypes.c_uint64(offset),
                                     ctypes.c_size_t(size), buffer, counts))
        return buffer.raw[:counts[0]], None if counts[1] < 0 else counts[1], counts[2]

    def count_bytes(self, path, columns):
        """Bytes that a scan of these columns reads from files after opening."""
        found = ctypes.c_uint64()
        self._check(self.lib.lk_count_bytes(str(path).encode(), self._names(columns), ctypes.byref(found)))
        return found.value

    def write(self, path, data, version='2.2', single_file=False, max_rows_per_file=0, page_bytes=0, threads=1, batch_rows=None,
              statistics=True, bloom=None, bloom_bits=10):
        """Writes a Table, in batches of batch_rows when given, or a RecordBatchReader; replaces what is at the path. `bloom`: names of
        columns that get Bloom filters."""
        if isinstance(data, pa.Table):
            data = pa.RecordBatchReader.from_batches(data.schema, data.to_batches(max_chunksize=batch_rows))
        stream = ffi.new('struct ArrowArrayStream*')
        data._export_to_c(self._address(stream))
        options = WriteOptions(version.encode(), max_rows_per_file, page_bytes, int(single_file), threads, not statistics,
                               self._names(bloom), bloom_bits)
        self._check(self.lib.lk_write(str(path).encode(), ctypes.c_void_p(self._address(stream)), ctypes.byref(options)))
