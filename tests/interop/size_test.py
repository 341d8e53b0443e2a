#!/usr/bin/env python3
"""Our output without statistics, which pylance has none of, is no larger than its own: column by column, table by table.

usage: size_test.py BRIDGE_LIBRARY [--quick] [--all] [--nested N] [--seed S]
  --quick: fewer rows, patterns and nested columns, no tables    --all: prints every column, not only the larger ones
  --nested: how many random nested columns, which the seed and their numbers give
"""
import argparse
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from columns import all_columns, nulls, patterns
from lancekit_bridge import Lancekit
from nested import make_nested, random_type
from reference import Reference, Runner

HERE = os.path.dirname(os.path.abspath(__file__))
FLIGHTS = os.path.join(HERE, '..', '..', '..', 'shared', 'data', 'flights-3m.parquet')
TPCHGEN = os.path.join(os.path.dirname(sys.executable), 'tpchgen-cli')


def count_dictionaries(t):
    return 1 if pa.types.is_dictionary(t) else sum(count_dictionaries(t.field(i).type) for i in range(t.num_fields))


def has_strings(fields):
    return any(pa.types.is_string(f.type) or pa.types.is_binary(f.type) or pa.types.is_large_string(f.type) or pa.types.is_large_binary(f.type)
               or has_strings([f.type.field(i) for i in range(f.type.num_fields)]) for f in fields)


class Sizes:
    def __init__(self, lancekit, reference, run, every):
        self.lancekit, self.reference, self.run, self.every = lancekit, reference, run, every
        self.ours = self.theirs = self.larger = 0

    def compare(self, name, table, version='2.2'):
        ours, theirs = self.run.path('ours.lance'), self.run.path('theirs.lance')
        def smaller():
            self.lancekit.write(ours, table, version=version, single_file=True, statistics=False)
            # The reference trains FSST on rows that it picks anew each time: the middle of three.
            sizes = []
            for _ in range(3 if has_strings(table.schema) else 1):
                self.reference.write(theirs, table, version)
                sizes.append(os.path.getsize(theirs))
            # Its file writer leaves out a message of two bytes that the fields of dictionaries have in the files of its datasets.
            dictionaries = sum(count_dictionaries(field.type) for field in table.schema)
            a, b = os.path.getsize(ours), sorted(sizes)[len(sizes) // 2] + 2 * dictionaries
            self.ours, self.theirs, self.larger = self.ours + a, self.theirs + b, self.larger + (a > b)
            if self.every:
                print(f'{name}: {a:,} bytes, pylance {b:,}, {a / b:.3f}')
            return [f'{a:,} bytes, pylance {b:,} ({a / b:.3f})'] if a > b else []
        self.run.check(f'size of {name} ({version})', smaller)

    def columns(self, name, table):
        for column in table.schema.names:
            self.compare(f'{name} {column}', table.select([column]))


def lifelike(rng, n):
    """Columns of n rows as people have them."""
    words = np.array([f'{a} {b}' for a in ('quick', 'lazy', 'brown', 'final', 'express') for b in ('fox', 'dog', 'deposits', 'packages')])
    steps = np.cumsum(rng.integers(0, 2000, n))
    urls = [f'https://example.org/{words[i % 20].replace(" ", "/")}/{i * 7919 % 100_003}?page={i % 13}' for i in range(n)]
    return {
        'row number': pa.array(np.arange(n)), 'time stamps': pa.array(steps * 1000 + 1_700_000_000_000_000, pa.timestamp('us')),
        'dates': pa.array((steps // 10_000 % 20_000).astype(np.int32), pa.date32()), 'prices': pa.array(np.round(rng.gamma(2, 30, n), 2)),
        'prices of few': pa.array(np.round(rng.gamma(2, 3, n), 1)), 'coordinates': pa.array(rng.normal(50, 5, n).astype(np.float32)),
        'quantities': pa.array(rng.integers(1, 51, n).astype(np.float64)), 'codes': pa.array(rng.zipf(1.5, n).clip(0, 1 << 40)),
        'flags': pa.array(rng.random(n) < 0.03), 'rare': pa.array(rng.integers(0, 9, n), mask=nulls(n, 0.99, rng)),
        'comments': pa.array([' '.join(words[j] for j in rng.integers(0, 20, rng.integers(1, 8))) for _ in range(n)]),
        'urls': pa.array(urls), 'states': pa.array(words[rng.integers(0, 20, n)]), 'names': pa.array([f'Customer#{i:09d}' for i in range(n)]),
        'hex': pa.array([rng.bytes(16).hex() for _ in range(n)]), 'sorted words': pa.array(np.sort(words[rng.integers(0, 20, n)])),
        'decimals': pa.array(rng.integers(0, 10_000_00, n)).cast(pa.decimal128(19, 0)).cast(pa.decimal128(15, 2), safe=False),
        'categories': pa.array(words[rng.integers(0, 20, n)]).dictionary_encode(),
        'json': pa.array([f'{{"id": {i}, "kind": "{words[i % 7]}", "value": {i * 31 % 1000}}}' for i in range(n)]),
        'documents': pa.array([(words[i % 20] + f' {i} ') * 60 for i in range(n // 20)] * 20),
        'vectors': pa.FixedSizeListArray.from_arrays(pa.array(rng.normal(size=n * 16).astype(np.float32)), 16),
    }


def lineitem(run):
    subprocess.run([TPCHGEN, 'parquet', '-s', '0.1', '--tables=lineitem', '--output-dir', run.folder], check=True, capture_output=True)
    table = pa.parquet.read_table(run.path('lineitem.parquet'))
    # The generator marks its strings as views, which the reference does not take.
    return table.cast(pa.schema([f.with_type(pa.string()) if f.type == pa.string_view() else f for f in table.schema]))


def nested_column(seed, number):
    """-> (what it is, array)"""
    rng = np.random.default_rng((seed, number))
    depth = int(rng.integers(1, 5))
    t = random_type(rng, depth, '2.2')
    t = t if pa.types.is_nested(t) else pa.list_(t)
    rows = int(rng.choice((300, 2000, 20_000 if depth < 3 else 5000)))
    shape = {'rate': float(rng.choice((0, 0.05, 0.2, 0.9))), 'empty': float(rng.choice((0, 0.2))), 'length': int(rng.choice((2, 4, 10)))}
    return f'nested {number}, {rows} rows, {shape}, {t}', make_nested(t, rows, rng, **shape)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('bridge')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--nested', type=int)
    parser.add_argument('--seed', type=int, default=1)
    arguments = parser.parse_args()
    run = Runner()
    sizes = Sizes(Lancekit(arguments.bridge), Reference(), run, arguments.all)
    rng = np.random.default_rng(6)
    rows = 20_000 if arguments.quick else 100_000
    for name, array in lifelike(rng, rows).items():
        sizes.compare(name, pa.table({'c': array}))
        sizes.compare(f'{name} with nulls', pa.table({'c': array.take(pa.array(np.arange(rows), mask=nulls(rows, 0.1, rng)))}))
    print(f'lifelike columns: {run.passed} passed, {len(run.failures)} failed', flush=True)
    one_of = lambda t: (patterns(t)[int(rng.integers(0, len(patterns(t))))],)
    for rows, rate in ((1000, 0.1), (20_000, 0)) if arguments.quick else ((1000, 0), (1000, 0.1), (20_000, 0), (20_000, 0.1), (20_000, 0.5), (20_000, 1)):
        for name, array in all_columns(rng, rows, rate, one_of) if arguments.quick else all_columns(rng, rows, rate):
            sizes.compare(f'{name}, {rows} rows, nulls {rate}', pa.table({'c': array}))
        print(f'{rows} rows, nulls {rate}: {run.passed} passed, {len(run.failures)} failed', flush=True)
    sizes.ours = sizes.theirs = sizes.larger = 0
    for number in range(arguments.nested if arguments.nested is not None else 50 if arguments.quick else 400):
        name, array = nested_column(arguments.seed, number)
        sizes.compare(name, pa.table({'c': array}))
    run.check('size of all nested columns', lambda: [] if sizes.ours <= sizes.theirs else [f'{sizes.ours:,} bytes, pylance {sizes.theirs:,}'])
    print(f'nested columns: {sizes.ours / sizes.theirs:.3f} of pylance, {sizes.larger} larger; {run.passed} passed, '
          f'{len(run.failures)} failed', flush=True)
    if os.path.exists(TPCHGEN) and not arguments.quick:
        table = lineitem(run)
        sizes.columns('lineitem', table)
        sizes.compare('lineitem', table)
    if os.path.exists(FLIGHTS) and not arguments.quick:
        table = pa.parquet.read_table(FLIGHTS)
        sizes.columns('flights-3m', table)
        sizes.compare('flights-3m', table)
        sizes.compare('flights-3m', table, '2.1')
    run.finish()


if __name__ == '__main__':
    main()
