#!/usr/bin/env python3
"""take() against pyarrow's: any order, duplicates, negative numbers, across pages and files, of every flat type.

usage: take_test.py BRIDGE_LIBRARY
"""
import sys

import numpy as np
import pyarrow as pa

from columns import VERSIONS, all_columns, patterns, width
from comparison import difference
from lancekit_bridge import Lancekit, LancekitError
from reference import Reference, Runner

ROWS = 5000


def row_lists(rng):
    """Name -> row numbers."""
    return {
        'none': [], 'first': [0], 'last': [ROWS - 1], 'minus one': [-1], 'minus all': [-ROWS],
        'one': [int(rng.integers(0, ROWS))], 'duplicates': [7, 7, 7, 4999, 7, 0, 0],
        'ascending': list(range(100, 1300)), 'descending': list(range(ROWS - 1, ROWS - 700, -1)),
        'around the borders of chunks': [1023, 1024, 1025, 2047, 2048, 4095, 4096],
        'random': [int(i) for i in rng.integers(-ROWS, ROWS, 500)],
        'all twice': list(range(ROWS)) + list(range(ROWS)),
    }


def expect_invalid(call):
    try:
        call()
    except LancekitError as error:
        return [] if error.code == 'invalid argument' else [f'{error.code}: {error}']
    return ['no error']


def main():
    lancekit, reference, run = Lancekit(sys.argv[1]), Reference(), Runner()
    rng = np.random.default_rng(4)
    some = lambda t: patterns(t) if width(t) < 20 else patterns(t)[:1]
    for turn, version in enumerate(VERSIONS):
        columns = all_columns(rng, ROWS, (0.05, 0.3)[turn], some) + all_columns(rng, ROWS, 0, lambda t: patterns(t)[turn:turn + 1])
        columns = [(f'{i} {name}', array) for i, (name, array) in enumerate(columns)]
        table = pa.table(dict(columns))
        forms = {
            'pages and files': lambda: lancekit.write(path, table, version=version, page_bytes=4096, max_rows_per_file=1700),
            'one file': lambda: lancekit.write(path, table, version=version, single_file=True),
            'one file of pylance': lambda: reference.write(path, table, version),
        }
        for form, write in forms.items():
            path = run.path(f'{form} {version}.lance')
            write()
            for name, rows in row_lists(rng).items():
                where = f'take {name}, {form}, {version}'
                got = []
                if not run.check(where, lambda: got.append(lancekit.take(path, rows))):
                    continue
                got = got[0]
                at = pa.array([row % ROWS for row in rows], pa.int64())
                for column in table.schema.names:
                    def one():
                        expected = table[column].take(at) if len(at) else table[column].slice(0, 0)
                        text = difference(expected, got[column])
                        return [text] if text else []
                    run.check(f'{where}: {column}', one)
            for rows in ([ROWS], [-ROWS - 1], [0, 1 << 62], [-(1 << 63)]):
                run.check(f'{form}, {version}: rows {rows}', lambda: expect_invalid(lambda: lancekit.take(path, rows)))
            run.check(f'{form}, {version}: no such column', lambda: expect_invalid(lambda: lancekit.take(path, [0], ['none'])))
            two = [table.schema.names[5], table.schema.names[2]]
            run.check(f'{form}, {version}: two columns', lambda: [] if lancekit.take(path, [3, 1], two).schema.names == two else ['other columns'])
            print(f'{form}, {version}: {run.passed} passed, {len(run.failures)} failed', flush=True)
    run.finish()


if __name__ == '__main__':
    main()
