#!/usr/bin/env python3
"""Reading touches no more of a file than it must: leaves of wide structs, ranges of large blobs. Counted by the library.

usage: bytes_test.py BRIDGE_LIBRARY
"""
import sys

import lance
import numpy as np
import pyarrow as pa

from lancekit_bridge import Lancekit
from reference import Runner

LEAVES = 20
ROWS = 50_000


def wide_struct(lancekit, run):
    rng = np.random.default_rng(1)
    leaves = [pa.array(rng.integers(0, 1 << 62, ROWS)) for _ in range(LEAVES)]
    table = pa.table({'s': pa.StructArray.from_arrays(leaves, names=[f'f{i}' for i in range(LEAVES)])})
    path = run.path('wide.lance')
    lance.write_dataset(table, path)

    def one_leaf():
        got = lancekit.read(path, columns=['s.f7'])
        expected = pa.table({'s': pa.StructArray.from_arrays([leaves[7]], names=['f7'])})
        everything, one = lancekit.count_bytes(path, ['s']), lancekit.count_bytes(path, ['s.f7'])
        print(f'one leaf of {LEAVES}: {one:,} of {everything:,} bytes')
        # Chunks at the seams of batches are read twice; metadata comes on top.
        most = leaves[7].nbytes * 1.1 + 10_000
        return ([] if got.equals(expected) else ['other values']) + ([] if one < most else [f'{one:,} bytes of {everything:,}'])
    run.check('one leaf of a wide struct', one_leaf)


def large_blob(lancekit, run, version):
    size, at, count = 100 << 20, 77_777_777, 1024
    rng = np.random.default_rng(2)
    large = rng.bytes(size)
    values = [b'small', large, None, b'']
    path = run.path(f'blob{version}.lance')
    if version == '2.2':
        field, array = lance.blob_field('b'), lance.blob_array(values)
    else:
        field, array = pa.field('b', pa.large_binary(), metadata={'lance-encoding:blob': 'true'}), pa.array(values, pa.large_binary())
    lance.write_dataset(pa.table([array], schema=pa.schema([field])), path, data_storage_version=version)

    def part():
        got, total, read = lancekit.blob(path, 'b', 1, at, count)
        print(f'{count:,} bytes of a blob of {total:,} ({version}): {read:,} bytes read')
        return ([] if got == large[at:at + count] and total == size else ['other bytes']) + ([] if read < 64 << 10 else [f'{read:,} bytes read'])
    run.check(f'a range of a blob ({version})', part)
    for row, value in enumerate(values):
        def whole():
            got, total, _ = lancekit.blob(path, 'b', row, 0, size)
            return [] if total == (None if value is None else len(value)) and got == (value or b'') else [f'{total} bytes']
        run.check(f'blob {row} ({version})', whole)
    run.check(f'bytes past the end ({version})', lambda: [] if lancekit.blob(path, 'b', 0, 99, 5)[0] == b'' else ['there are some'])
    run.check(f'blobs as values ({version})', lambda: [] if lancekit.read(path)['b'].to_pylist() == values else ['others'])


def main():
    lancekit, run = Lancekit(sys.argv[1]), Runner()
    wide_struct(lancekit, run)
    for version in ('2.0', '2.1', '2.2'):
        large_blob(lancekit, run, version)
    run.finish()


if __name__ == '__main__':
    main()
