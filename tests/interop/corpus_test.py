#!/usr/bin/env python3
"""Every table of ../shared/corpus but the dataset folders with a history: each column equal to the expected values.

usage: corpus_test.py BRIDGE_LIBRARY
"""
import os
import sys

import numpy as np
import pyarrow as pa

from comparison import difference
from lancekit_bridge import Lancekit
from reference import Runner

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'shared', 'corpus')


def expected_table(path):
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()


def check_column(lancekit, path, expected, name, rng):
    """All of it, in small batches a part of it, and some rows."""
    column, n = expected[name], expected.num_rows
    found = [difference(column, lancekit.read(path, columns=[name])[name])]
    if n:
        first, count = int(rng.integers(0, n)), int(rng.integers(1, n + 1))
        part = lancekit.read(path, columns=[name], offset=first, limit=count, batch_rows=7 if n < 3000 else 1000)
        found.append(difference(column.slice(first, count), part[name]))
        for row in rng.integers(-n, n, 5):
            found.append(difference(column.slice(row % n, 1), lancekit.take(path, [int(row)], [name])[name]))
    return [text for text in found if text]


def main():
    lancekit, run, rng = Lancekit(sys.argv[1]), Runner(), np.random.default_rng(2)
    if not os.path.isdir(CORPUS):
        print('skipped: no ../shared/corpus')
        run.finish()
    tables = equal = 0
    for folder in ('lance-2.0', 'lance-2.1', 'lance-2.2', 'random'):
        base = os.path.join(CORPUS, folder)
        values = os.path.join(base, 'expected') if folder == 'random' else os.path.join(CORPUS, 'expected', folder)
        for name in sorted(os.listdir(values)):
            stem, expected = os.path.splitext(name)[0], expected_table(os.path.join(values, name))
            path, failed = os.path.join(base, f'{stem}.lance'), len(run.failures)
            run.check(f'{folder}/{stem}: columns', lambda: [] if lancekit.read(path, limit=0).schema.names == expected.schema.names else ['others'])
            for column in expected.schema:
                run.check(f'{folder}/{stem}: {column.name} ({column.type})', lambda: check_column(lancekit, path, expected, column.name, rng))
            tables += 1
            equal += len(run.failures) == failed
    run.notes.append(f'{equal} of {tables} tables of the corpus are equal')
    run.finish()


if __name__ == '__main__':
    main()
