#!/usr/bin/env python3
"""The golden files of X1, tests/data/x1-*.lance: each reads, whole, in parts and row by row, with the values of its Parquet file.

usage: golden_test.py BRIDGE_LIBRARY LANCE_INSPECT

Every encoding that only X1 has must be in one of them. Besides: what a reader refuses of a version or an encoding to come.
"""
import pathlib
import re
import sys

import pyarrow as pa
import pyarrow.parquet as pq

from comparison import differences
from lancekit_bridge import Lancekit, LancekitError
from reference import Runner

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = ROOT / 'tests' / 'data'
sys.path.insert(0, str(DATA))
import make_golden  # noqa: E402

# Encodings that a reader of X1 knows and no writer forces yet, by their names in lance-inspect.
NOT_WRITTEN = set()


def x1_encodings():
    """-> names of the encodings that official readers do not know."""
    enumeration = re.search(r'enum class EncodingId.*?\};', (ROOT / 'format' / 'encoding.h').read_text(), re.S)[0]
    names = [name for name, number in re.findall(r'k(\w+) = (\d+)', enumeration) if int(number) >= 64]
    return {re.sub(r'(?<=[a-z])(?=[A-Z])', '_', name).lower() for name in names}


def check_files(lancekit, run):
    run.check('files', lambda: [] if {path.stem for path in DATA.glob('x1-*.lance')} == {f'x1-{name}' for name in make_golden.FILES} else ['others'])
    for name, (source, columns, rows, _) in make_golden.FILES.items():
        path = DATA / f'x1-{name}.lance'
        expected = pq.read_table(DATA / f'x1-{source}.parquet').slice(0, rows).combine_chunks()
        expected = expected.select(columns) if columns else expected

        def same():
            some = [row % rows for row in (0, -1, rows // 2, 1023, 1024, 0, 4095, 4096)]
            found = [] if path.read_bytes()[-8:] == b'\x40\x00\x01\x00LANC' else ['another version']
            found += differences(expected, lancekit.read(path)) + differences(expected, lancekit.read(path, batch_rows=1000, pread=True))
            found += differences(expected.slice(rows // 4, 77), lancekit.read(path, offset=rows // 4, limit=77))
            return found + differences(expected.take(some), lancekit.take(path, some))

        run.check(path.name, same)


def check_encodings(inspect, run):
    found = {name: make_golden.encodings_of(inspect, DATA / f'x1-{name}.lance') for name in make_golden.FILES}
    missing = x1_encodings() - NOT_WRITTEN - set().union(*found.values())
    run.check('all encodings of X1', lambda: [f'no golden file has {name}: add it in make_golden.py' for name in sorted(missing)])
    of_files = {'flat': 'flat', 'rle': 'rle', 'lz4': 'general', 'snappy': 'general', 'zstd': 'general', 'split': 'byte_stream_split', 'fsst': 'fsst', 'bits': 'narrow'}
    for name in {'frame', 'patched', 'delta', 'narrow', 'cut', 'runs', 'alp', 'alp_rd', 'lengths', 'front', 'tokens'} | of_files.keys():
        run.check(f'{name} is what its file has', lambda: [] if of_files.get(name, name) in found[name] else [str(found[name])])


def refusal(lancekit, path, columns=None):
    try:
        lancekit.take(path, [0, 4999], columns)
    except LancekitError as error:
        return f'{error.code}: {error}'
    return 'not refused'


def check_refusals(lancekit, inspect, run):
    """A version to come is refused as a whole, an encoding to come with its column."""
    path = run.path('later.lance')
    table = pa.table({'a': pa.array([1000 + 3 * i for i in range(5000)]), 'b': pa.array([i * i for i in range(5000)])})
    lancekit.write(path, table, version='x1', single_file=True, statistics=False)
    data = pathlib.Path(path).read_bytes()
    later = data[:-6] + b'\x02\x00LANC'
    pathlib.Path(path).write_bytes(later)
    expected = re.compile(r'unsupported: .*X1 of revision 2 is not known; use a newer lancekit')
    run.check('version 64.2', lambda: [] if expected.match(refusal(lancekit, path)) else [refusal(lancekit, path)])
    # The tag of a number from 64 to 79 in CompressiveEncoding becomes that of 99, in the first page's message.
    message = data.index(b'PageLayout')
    at = message + re.search(rb'[\x82\x8a\x92\x9a\xa2\xaa\xb2\xba\xc2\xca\xd2\xda\xe2\xea\xf2\xfa]\x04', data[message:]).start()
    pathlib.Path(path).write_bytes(data[:at] + b'\x9a\x06' + data[at + 2:])
    for columns in (['a'], ['a', 'b'], None):
        found = refusal(lancekit, path, columns)
        run.check(f'encoding 99 in {columns}', lambda: [] if found.startswith('unsupported: ') and 'encoding 99' in found and '"a"' in found else [found])
    run.check('beside encoding 99', lambda: differences(table.select(['b']), lancekit.read(path, columns=['b'])))
    run.check('lance-inspect shows it', lambda: [] if 'unknown encoding 99' in make_golden.encodings_of(inspect, path) else ['not shown'])


def main():
    lancekit, run = Lancekit(sys.argv[1]), Runner()
    check_files(lancekit, run)
    check_encodings(sys.argv[2], run)
    check_refusals(lancekit, sys.argv[2], run)
    run.finish()


if __name__ == '__main__':
    main()
