#!/usr/bin/env python3
"""Files of version 2.0 that pylance writes, read by scans and takes: every flat type, random nested tables, datasets, and the
tables of ../shared/corpus against their expected values.

usage: legacy_test.py BRIDGE_LIBRARY        LANCEKIT_LEGACY_TABLES: number of random tables (60), LANCEKIT_SEED: their seed
"""
import json
import os
import sys

import lance
import lance.file
import numpy as np
import pyarrow as pa

from columns import all_columns, flat_types, make, nulls, patterns, width
from comparison import difference, differences, is_text
from lancekit_bridge import Lancekit, LancekitError
from reference import Runner

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'shared', 'corpus')


def write(path, table, batch_rows=None, **options):
    """None, or why the reference refuses the table."""
    try:
        with lance.file.LanceFileWriter(path, table.schema, version='2.0', **options) as writer:
            for batch in table.to_batches(max_chunksize=batch_rows):
                writer.write_batch(batch)
    except BaseException as error:   # a panic is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return f'{type(error).__name__}: {str(error)[:200]}'


def rows_of(table, rows):
    """The rows of a table; dictionaries of several chunks are left alone by looking at one chunk only."""
    return table.take(pa.array([row % table.num_rows for row in rows], pa.int64())) if rows else table.slice(0, 0)


def check_table(lancekit, run, name, path, table, rng):
    """Scans in odd batches, slices and takes."""
    n = table.num_rows
    for options in ({}, {'batch_rows': int(rng.integers(1, 40)) if n < 3000 else 777, 'pread': True, 'threads': 2}, {'batch_rows': 1001}):
        run.check(f'{name}: scan {options}', lambda: differences(table, lancekit.read(path, **options)))
    if n == 0:
        return
    first, count = sorted(int(i) for i in rng.integers(0, n + 1, 2))
    run.check(f'{name}: rows {first} +{count}', lambda: differences(table.slice(first, count), lancekit.read(path, offset=first, limit=count, batch_rows=100)))
    for rows in ([0], [-1, n - 1, 0, 0], [int(i) for i in rng.integers(-n, n, 200)], list(range(n - 1, max(-1, n - 300), -1))):
        run.check(f'{name}: take {rows[:4]}', lambda: differences(rows_of(table, rows), lancekit.take(path, rows)))
    some = [table.schema.names[int(rng.integers(0, table.num_columns))]]
    run.check(f'{name}: column {some}', lambda: differences(table.select(some), lancekit.read(path, columns=some)))


def flat_tables(lancekit, run, rng):
    few = lambda t: patterns(t) if is_text(t) else patterns(t)[:2]
    for n, rate, page in ((0, 0, None), (1, 0, None), (1025, 0.3, None), (1025, 1, None), (5000, 0.05, 4096), (20000, 0, 30000)):
        narrow = lambda t: few(t) if n <= 1025 or width(t) < 100 else []
        columns = [(f'{i} {name}', array) for i, (name, array) in enumerate(all_columns(rng, n, rate, narrow)) if 'huge' not in name or n <= 1025]
        table = pa.table(dict(columns))
        path = run.path(f'flat-{n}-{rate}.lance')
        # One batch: pylance does not join the dictionaries of several.
        refused = write(path, table, None if page else 400, data_cache_bytes=page and page * len(columns), max_page_bytes=page)
        if run.check(f'{n} rows: written', lambda: [refused] if refused else []):
            check_table(lancekit, run, f'{n} rows with {rate} nulls', path, table, rng)


# ------------------------------------------------------------------ random tables

def is_packable(t):
    plain = not (is_text(t) or pa.types.is_null(t) or pa.types.is_boolean(t) or pa.types.is_dictionary(t) or pa.types.is_struct(t))
    return plain and 'bool' not in str(t)


def random_field(rng, name, depth, flat, parents=()):
    """Packed structs and blobs stand where the writer of pylance 14 does not panic: outside lists, packed ones at the top."""
    kind = rng.random()
    pick = lambda types: types[int(rng.integers(0, len(types)))]
    below = lambda i, parent: random_field(rng, i, depth - 1, flat, (*parents, parent))
    if depth > 0 and kind < 0.3:
        return pa.field(name, (pa.list_ if rng.random() < 0.7 else pa.large_list)(below('item', 'list')))
    if depth > 0 and kind < 0.5:
        return pa.field(name, pa.struct([below(f'f{i}', 'struct') for i in range(int(rng.integers(1, 4)))]))
    if not parents and kind < 0.58:
        fields = [t for t in flat if is_packable(t)]
        t = pa.struct([pa.field(f'p{i}', pick(fields), False) for i in range(int(rng.integers(1, 4)))])
        return pa.field(name, t, metadata={'lance-encoding:packed': 'true'})
    if 'list' not in parents and kind < 0.65:
        return pa.field(name, pa.large_binary(), metadata={'lance-encoding:blob': 'true'})
    compressed = rng.random() < 0.5
    return pa.field(name, pick(flat), metadata={'lance-encoding:compression': str(rng.choice(['zstd', 'lz4', 'fsst', 'none']))} if compressed else None)


def random_array(rng, field, n, nullable=True):
    t = field.type
    rate = float(rng.choice([0, 0, 0.02, 0.4, 1], p=[0.3, 0.2, 0.2, 0.25, 0.05])) if nullable else 0
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        lengths = rng.integers(0, int(rng.choice([1, 2, 4, 12])), n)
        mask = nulls(n, rate, rng)
        lengths[mask] = 0
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64() if pa.types.is_large_list(t) else pa.int32())
        items = random_array(rng, t.value_field, int(lengths.sum()))
        kind = pa.LargeListArray if pa.types.is_large_list(t) else pa.ListArray
        return kind.from_arrays(offsets, items, type=t, mask=pa.array(mask))
    if pa.types.is_struct(t):
        if t.num_fields == 0:
            return pa.array([{}] * n, t)
        packed = b'lance-encoding:packed' in (field.metadata or {})
        return pa.StructArray.from_arrays([random_array(rng, f, n, not packed) for f in t], fields=list(t))
    return make(t, n, rate, str(rng.choice([p for p in patterns(t) if p != 'huge'])), rng)


def random_tables(lancekit, run, count, seed):
    flat = [t for t in flat_types().values() if width(t) <= 128] + [pa.struct([]), pa.binary(0)]
    refused = {}
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        n = int(rng.choice([1, 2, 100, 1000, 5000]))
        fields = [random_field(rng, f'c{i}', int(rng.integers(0, 4)), flat) for i in range(int(rng.integers(1, 6)))]
        table = pa.table([random_array(rng, f, n) for f in fields], schema=pa.schema(fields))
        path = run.path(f'random-{number}.lance')
        page = int(rng.choice([512, 4096, 1 << 23]))
        why = write(path, table, int(rng.choice([1, 64, 1000])) if n < 5000 else 1000, data_cache_bytes=page, max_page_bytes=page)
        if why:
            refused[why[:90]] = refused.get(why[:90], 0) + 1
        else:
            check_table(lancekit, run, f'seed {seed} table {number} ({n} rows)', path, table, rng)
            os.remove(path)
    for why, times in refused.items():
        run.notes.append(f'{times} random tables refused by the reference: {why}')
    if sum(refused.values()) > count // 5:
        run.failures.append(('random tables', ['most were refused']))
    print(f'{count} random tables of seed {seed}: {run.passed} passed, {len(run.failures)} failed', flush=True)


# ------------------------------------------------------------------ what exists

def datasets(lancekit, run, rng):
    """Fragments, deletions, added and dropped columns."""
    path = run.path('dataset.lance')
    first = pa.table({'id': np.arange(900), 's': make(pa.string(), 900, 0.1, 'few', rng), 'l': [[i, None] if i % 3 else None for i in range(900)]})
    ds = lance.write_dataset(first, path, data_storage_version='2.0', max_rows_per_file=400)
    lance.write_dataset(first.slice(0, 77), path, mode='append')
    ds = lance.dataset(path)
    ds.delete('id % 7 = 2')
    ds.add_columns({'twice': 'id * 2', 'st': "named_struct('a', id, 'b', s)"})
    ds.drop_columns(['s'])
    ds.delete('id = 3')
    run.check('dataset', lambda: differences(ds.to_table(), lancekit.read(path, batch_rows=50)))
    rows = [int(i) for i in rng.integers(0, ds.count_rows(), 100)]
    run.check('dataset: take', lambda: differences(ds.take(rows), lancekit.take(path, rows)))
    run.check('dataset: column of a struct', lambda: differences(ds.to_table(columns=['st']), lancekit.read(path, columns=['st'])))


def refusals(lancekit, run):
    table = pa.table({'x': pa.array([[{'a': 1}, {'a': 2}]], pa.list_(pa.struct([('a', pa.int32())]), 2))})
    path = run.path('refused.lance')
    def refused():
        try:
            lancekit.take(path, [0])
        except LancekitError as error:
            return [] if error.code == 'unsupported' and '"x"' in str(error) else [f'{error.code}: {error}']
        return ['was read']
    if write(path, table) is None:   # the reference writes it and cannot read it
        run.check('fixed-size list of structs', refused)


def expected_table(path):
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()


def corpus(lancekit, run, rng):
    for folder, prefix in (('lance-2.0', ''), ('random', 'r20')):
        base = os.path.join(CORPUS, folder)
        values = os.path.join(base, 'expected') if folder == 'random' else os.path.join(CORPUS, 'expected', folder)
        names = [name[:-6] for name in sorted(os.listdir(base)) if name.startswith(prefix) and name.endswith('.lance')]
        for name in names:
            check_table(lancekit, run, f'{folder}/{name}', os.path.join(base, name + '.lance'),
                        expected_table(os.path.join(values, name + '.arrow')), rng)
        print(f'{folder}: {len(names)} tables', flush=True)
    with open(os.path.join(CORPUS, 'datasets', 'index.json')) as file:
        index = json.load(file)
    count = 0
    for name, entry in index.items():
        if '2.0' not in entry['versions'][-1].get('file_versions', ()):
            continue
        path = os.path.join(CORPUS, 'datasets', entry['folder'])
        stem = os.path.join(CORPUS, 'datasets', 'expected', f'{name}@v{entry["latest"]}')
        count += 1
        if os.path.exists(stem + '.blobs.arrow'):
            blobs = expected_table(stem + '.blobs.arrow')['bytes']
            run.check(f'datasets/{name}', lambda: [d for d in [difference(blobs, lancekit.read(path, columns=['blob'])['blob'])] if d])
        else:
            expected = expected_table(stem + '.arrow')   # holds the values of dictionaries
            run.check(f'datasets/{name}', lambda: differences(expected, lancekit.read(path).cast(expected.schema)))
    print(f'datasets: {count} with files of version 2.0', flush=True)


def main():
    lancekit, run = Lancekit(sys.argv[1]), Runner()
    rng = np.random.default_rng(20)
    flat_tables(lancekit, run, rng)
    print(f'flat types: {run.passed} passed, {len(run.failures)} failed', flush=True)
    random_tables(lancekit, run, int(os.environ.get('LANCEKIT_LEGACY_TABLES', '60')), int(os.environ.get('LANCEKIT_SEED', '14')))
    datasets(lancekit, run, rng)
    refusals(lancekit, run)
    if os.path.isdir(CORPUS):
        corpus(lancekit, run, rng)
    else:
        print('skipped: no ../shared/corpus')
    run.finish()


if __name__ == '__main__':
    main()
