#!/usr/bin/env python3
"""What X1 saves of columns as people have them, statistics and metadata counted: a bound for each kind.

usage: savings_test.py BRIDGE_LIBRARY [ROWS]
"""
import math
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from lancekit_bridge import Lancekit
from reference import Runner

TPCHGEN = os.path.join(os.path.dirname(sys.executable), 'tpchgen-cli')


def raw_bytes(array):
    """Values and 32 bit offsets, without nulls."""
    if pa.types.is_string(array.type):
        return len(array.cast(pa.binary()).buffers()[2]) + 4 * len(array)
    return len(array) * array.type.bit_width // 8


def columns(rng, n, folder):
    """-> (name, array, most bytes)"""
    def saved(name, array, share):
        return name, array, (1 - share) * raw_bytes(array)
    def times(name, ticks, unit):
        return saved(f'timestamps: {name}', pa.array(1_700_000_000 * {'ms': 10**3, 'us': 10**6}[unit] + ticks, pa.timestamp(unit)), 0.8)
    # Jitter is noise: no more can be saved than it leaves. 80 % leave 12.8 bits.
    yield times('ten a second, with jitter, in milliseconds', np.sort(np.arange(n) * 100 + rng.integers(-80, 80, n)), 'ms')
    yield times('one a second, with jitter, in microseconds', np.arange(n) * 1_000_000 + rng.integers(-1000, 1000, n), 'us')
    yield times('events, in milliseconds', np.cumsum(rng.exponential(400, n)).astype(np.int64), 'ms')
    yield saved('ids, increasing by one', pa.array(np.arange(n) + 10_000_000), 0.8)
    yield saved('ids with gaps', pa.array(np.cumsum(rng.integers(1, 50, n)) + 10_000_000), 0.8)
    yield 'integers below 1,000', pa.array(rng.integers(0, 1000, n)), 1.02 * math.log2(1000) / 8 * n
    words = ['lancet', 'columns', 'benchmarks', 'archive', 'reader', 'news', 'format', 'index', 'files', 'release']
    urls = [f'https://{words[a]}.example.org/{words[b]}/{words[c]}/{d}?page={e}&ref={words[f]}'
            for a, b, c, d, e, f in zip(*(rng.integers(0, 10, n) for _ in range(3)), rng.integers(0, 100_000, n), rng.integers(0, 40, n), rng.integers(0, 10, n))]
    yield saved('urls', pa.array(urls), 0.6)
    if os.path.exists(TPCHGEN):
        subprocess.run([TPCHGEN, 'parquet', '-s', '0.2', '--tables=orders', '--output-dir', folder], check=True, capture_output=True)
        comments = pa.parquet.read_table(os.path.join(folder, 'orders.parquet'))['o_comment'].cast(pa.string()).combine_chunks()
        yield saved('TPC-H comments', comments, 0.6)


def main():
    lancekit, run = Lancekit(sys.argv[1]), Runner()
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 300_000
    for name, array, most in columns(np.random.default_rng(4), rows, run.folder):
        path = run.path('savings.lance')
        def small_and_equal():
            table = pa.table({'c': array})
            lancekit.write(path, table, version='x1', single_file=True)
            size, raw = os.path.getsize(path), raw_bytes(array)
            print(f'{name}: {size:,} of {raw:,} bytes, {100 * (1 - size / raw):.1f} % saved; at most {int(most):,}', flush=True)
            wrong = [] if lancekit.read(path).equals(table) else ['other values come back']
            return wrong + ([] if size <= most else ['larger'])
        run.check(name, small_and_equal)
    run.finish()


if __name__ == '__main__':
    main()
