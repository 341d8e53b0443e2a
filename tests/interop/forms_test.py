#!/usr/bin/env python3
"""One table in many forms: folder or file, small pages, many files, other batch sizes, threads, slices, projections, ranges.

usage: forms_test.py BRIDGE_LIBRARY
"""
import os
import shutil
import sys

import numpy as np
import pyarrow as pa

from columns import VERSIONS, all_columns, patterns, width
from comparison import differences
from lancekit_bridge import Lancekit
from reference import Reference, Runner

ROWS = 8_000


def data_files(path):
    """The bytes of all data files, in the order of their rows as far as names tell: sorted by content."""
    if os.path.isfile(path):
        return [open(path, 'rb').read()]
    folder = os.path.join(path, 'data')
    return sorted(open(os.path.join(folder, name), 'rb').read() for name in os.listdir(folder))


def remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def make_table(rng, rows):
    """Each type once, in different patterns, some with nulls."""
    turn = 0
    def choose(t):
        nonlocal turn
        turn += 1
        every = patterns(t)
        return (every[turn % len(every)],) if width(t) <= 64 else ()
    columns = all_columns(rng, rows, 0.1, choose)
    columns += [(f'{name} without nulls', array) for name, array in all_columns(rng, rows, 0, choose)]
    return pa.table(dict({f'{i} {name}': array for i, (name, array) in enumerate(columns)}))


class Forms:
    def __init__(self, lancekit, reference, run, version):
        self.lancekit, self.reference, self.run, self.version = lancekit, reference, run, version
        self.path = run.path('form.lance')

    def write(self, data, **options):
        if os.path.lexists(self.path):
            remove(self.path)
        self.lancekit.write(self.path, data, version=self.version, **options)

    def check_forms(self, table):
        """What is written reads back, here and by pylance."""
        for name, options in {
                'folder': {}, 'file': {'single_file': True}, 'small pages': {'page_bytes': 1 << 16},
                'tiny pages in a file': {'page_bytes': 1, 'single_file': True},
                'files of 999 rows': {'max_rows_per_file': 999}, 'files and pages': {'max_rows_per_file': 7001, 'page_bytes': 5000},
                'threads': {'threads': 4, 'page_bytes': 1 << 16}}.items():
            data = table.slice(0, 300) if 'tiny' in name else table
            name = f'{name}, {self.version}'
            def write_read(part, read):
                self.write(part, **options)
                return read()
            self.run.columns(f'{name}, ours', data, lambda part: write_read(part, lambda: self.lancekit.read(self.path)))
            self.run.columns(f'{name}, pylance', data, lambda part: write_read(part, lambda: self.reference.read(self.path)))

    def check_same_bytes(self, table):
        """Batches and threads do not change the files."""
        for base in ({'single_file': True}, {'max_rows_per_file': 3333, 'page_bytes': 1 << 15}):
            self.write(table, **base)
            expected = data_files(self.path)
            for other in ({'batch_rows': 1000}, {'batch_rows': 7}, {'batch_rows': 4097}, {'threads': 4}, {'threads': 4, 'batch_rows': 1000}):
                def same():
                    self.write(table, **base, **other)
                    return [] if data_files(self.path) == expected else ['other bytes']
                if not self.run.check(f'same bytes with {other}, {base}, {self.version}', same):
                    self.name_culprits(table, base, other)

    def name_culprits(self, table, base, other):
        for column in table.schema.names:
            part = table.select([column])
            self.write(part, **base)
            expected = data_files(self.path)
            self.write(part, **base, **other)
            if data_files(self.path) != expected:
                self.run.notes.append(f'other bytes with {other}, {base}, {self.version}: {column}')

    def check_inputs(self, table):
        """Slices, chunks with dictionaries of their own, views, no batch at all."""
        for start, count in ((1, ROWS - 1), (7, 1025), (13, 3), (ROWS - 9, 9), (4096, 0)):
            part = table.slice(start, count)
            self.run.columns(f'slice {start} {count}, {self.version}', part, self.round_trip)
        words = [pa.array([f'w{i}' for i in range(first, first + 40)] + [None]) for first in (0, 20, 0)]
        rng = np.random.default_rng(5)
        chunks = []
        for values in words:
            keys = pa.array(rng.integers(0, 41, 500).astype(np.int16), mask=rng.random(500) < 0.1)
            chunks.append(pa.DictionaryArray.from_arrays(keys, values))
        mixed = pa.table({'d': pa.chunked_array(chunks)})
        self.run.columns(f'dictionaries per batch, {self.version}', mixed, self.round_trip)
        self.run.columns(f'dictionaries per batch, small pages, {self.version}', mixed, lambda t: self.round_trip(t, page_bytes=300))
        for view, plain in ((pa.string_view(), pa.string()), (pa.binary_view(), pa.binary())):
            values = [None, 'a', 'short', 'somewhat longer than the prefix', ''] * 700
            source = pa.table({'v': pa.array(values, view)})
            def as_plain():
                got = self.round_trip(source)
                return differences(source.cast(pa.schema([('v', plain)])), got) + differences(got, self.reference.read(self.path))
            self.run.check(f'{view}, {self.version}', as_plain)
        self.run.columns(f'no batches, {self.version}', pa.table({'a': pa.chunked_array([], pa.int32()), 'b': pa.chunked_array([], pa.string())}), self.round_trip)
        empty = table.slice(0, 0).to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
        part = table.slice(0, 100)
        with_empty = pa.Table.from_batches(empty + part.to_batches() + empty)
        self.run.columns(f'empty batches, {self.version}', with_empty, self.round_trip)

    def round_trip(self, table, **options):
        self.write(table, **options)
        return self.lancekit.read(self.path)

    def check_scans(self, table):
        forms = {'folder': {'max_rows_per_file': 7777, 'page_bytes': 1 << 14}, 'file': {'single_file': True}}
        names = table.schema.names
        for form, written in forms.items():
            self.write(table, **written)
            read = self.lancekit.read
            scans = {f'batch_rows {n}': (table, {'batch_rows': n}) for n in (333, 1000, 1 << 40)}
            scans['batch_rows 1'] = (table.slice(7700, 200), {'batch_rows': 1, 'offset': 7700, 'limit': 200})
            scans['batch_rows 7'] = (table.slice(0, 9000), {'batch_rows': 7, 'limit': 9000})
            scans['pread'] = (table, {'pread': True})
            scans['threads'] = (table, {'threads': 4, 'batch_rows': 2048})
            scans['projection'] = (table.select([names[9], names[2], names[-1]]), {'columns': [names[9], names[2], names[-1]]})
            for offset, limit in ((0, 0), (1, 1), (3_776, 2), (1023, 3), (5_500, 1 << 40), (ROWS, 5), (ROWS + 5, 5), (1 << 63, 1 << 63), (3, 7_990)):
                stop = max(0, min(ROWS, offset + limit) - offset)
                scans[f'offset {offset} limit {limit}'] = (table.slice(min(offset, ROWS), stop), {'offset': offset, 'limit': limit})
            for name, (expected, options) in scans.items():
                self.run.check(f'scan {name}, {form}, {self.version}', lambda: differences(expected, read(self.path, **options)))
            sizes = [batch.num_rows for batch in self.lancekit.scan(self.path, batch_rows=1000)]
            self.run.check(f'batches of at most 1000 rows, {form}, {self.version}', lambda: [f'{max(sizes)} rows'] if max(sizes) > 1000 else [])


def main():
    run = Runner()
    lancekit, reference = Lancekit(sys.argv[1]), Reference()
    table = make_table(np.random.default_rng(11), ROWS)
    for version in VERSIONS:
        forms = Forms(lancekit, reference, run, version)
        for check in (forms.check_forms, forms.check_same_bytes, forms.check_scans):
            check(table)
            print(f'{check.__name__}, {version}: {run.passed} passed, {len(run.failures)} failed', flush=True)
        forms.check_inputs(table)
    run.finish()


if __name__ == '__main__':
    main()
