#!/usr/bin/env python3
"""X1, which only lancekit reads: columns of all types come back, the tables of ../shared/corpus survive the way through it, and the
reference refuses its files by their version.

usage: x1_test.py BRIDGE_LIBRARY
"""
import os
import shutil
import sys

import numpy as np
import pyarrow as pa

from columns import all_columns, grouped, patterns
from comparison import differences
from corpus_test import CORPUS, expected_table
from lancekit_bridge import Lancekit
from reference import Reference, Runner


def check_columns(lancekit, run):
    path = run.path('columns.lance')
    for turn, (rows, rate) in enumerate(((1, 0), (1000, 0), (1000, 0.1), (1000, 1), (20_000, 0), (20_000, 0.1), (20_000, 0.9))):
        rng = np.random.default_rng(turn)

        def there_and_back(table):
            lancekit.write(path, table, version='x1', single_file=True, page_bytes=0 if turn % 2 else 1 << 17)
            return lancekit.read(path)

        def taken(table):
            places = [int(place) for place in rng.integers(0, table.num_rows, 9)]
            return differences(table.take(places), lancekit.take(path, places))

        choose = patterns if rows <= 1000 else (lambda t: patterns(t)[turn % len(patterns(t)):][:1])
        for group in grouped(all_columns(rng, rows, rate, choose)):
            run.columns(f'x1, {rows} rows, nulls {rate}', group, there_and_back)
            table = there_and_back(pa.table({f'{i} {name}': array for i, (name, array) in enumerate(group)}))
            run.check(f'x1 take, {rows} rows, nulls {rate}', lambda: taken(table))


def check_corpus(lancekit, reference, run):
    """Official to X1 to 2.2: equal values at both ends."""
    x1, official = run.path('corpus_x1.lance'), run.path('corpus_22.lance')
    for folder in ('lance-2.1', 'lance-2.2', 'random'):
        base = os.path.join(CORPUS, folder)
        values = os.path.join(base, 'expected') if folder == 'random' else os.path.join(CORPUS, 'expected', folder)
        for name in sorted(os.listdir(values)):
            stem, expected = os.path.splitext(name)[0], expected_table(os.path.join(values, name))

            def convert():
                lancekit.write(x1, lancekit.scan(os.path.join(base, f'{stem}.lance')), version='x1', single_file=True)
                lancekit.write(official, lancekit.scan(x1), single_file=True)
                return differences(expected, lancekit.read(x1)) + differences(expected, lancekit.read(official))

            run.check(f'{folder}/{stem} through x1', convert)


def check_refusals(lancekit, reference, run):
    table = pa.table({'id': pa.array(range(5000))})
    single, folder = run.path('single.lance'), run.path('folder.lance')
    lancekit.write(single, table, version='x1', single_file=True)
    lancekit.write(folder, table, version='x1')
    with open(single, 'rb') as file:
        footer = file.read()[-8:-4]
    run.check('footer', lambda: [] if footer == b'\x40\x00\x01\x00' else [footer.hex()])
    for path in (single, folder):
        def refused():
            try:
                reference.read(path)
            except ReferenceError as error:
                return [] if 'Unknown Lance storage version: 64.1' in str(error) else [str(error)]
            return ['the reference reads it']
        run.check(f'pylance refuses {os.path.basename(path)}', refused)
    shutil.rmtree(folder)


def main():
    lancekit, reference, run = Lancekit(sys.argv[1]), Reference(), Runner()
    check_refusals(lancekit, reference, run)
    check_columns(lancekit, run)
    if os.path.isdir(CORPUS):
        check_corpus(lancekit, reference, run)
    run.finish()


if __name__ == '__main__':
    main()
