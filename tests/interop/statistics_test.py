"""Datasets with statistics in the hands of the reference: it reads, filters, appends to, deletes from, updates, compacts and indexes
them, and what comes of it reads here with the same rows, filtered or not.

    statistics_test.py LIBRARY
"""
import datetime
import decimal
import pathlib
import sys
import tempfile
import time

import duckdb
import lance
import numpy as np
import pyarrow as pa

from lancekit_bridge import Lancekit, LancekitError

ROWS = 60_000
FILTERS = ['id BETWEEN 20000 AND 20100', "day >= DATE '2024-06-01'", "name = 'n00042'", 'price > 9999.5', 'score IS NULL', 'score > 3.5',
           "name LIKE 'n000%' AND id > 50000", 'id < 0', 'flag AND price < 1', "name = 'n0004'", "name IN ('n00042', 'nobody')",
           'price = 77.77 OR price = 5000']


class Checks:
    def __init__(self):
        self.passed, self.failures = 0, []

    def __call__(self, what, holds):
        if holds:
            self.passed += 1
        else:
            self.failures.append(what)
            print(' FAIL', what)


def make_table(first, rows, seed):
    rng = np.random.default_rng(seed)
    ids = np.arange(first, first + rows)
    day0 = datetime.date(2024, 1, 1)
    return pa.table({
        'id': pa.array(ids, pa.int64()),
        'day': pa.array([day0 + datetime.timedelta(days=int(i) // 200) for i in ids], pa.date32()),
        'name': pa.array([f'n{i % 1000:05}' for i in ids]),
        'price': pa.array([decimal.Decimal(int(v)) / 100 for v in rng.integers(0, 1_000_000, rows)], pa.decimal128(15, 2)),
        'score': pa.array(rng.normal(size=rows), mask=rng.random(rows) < 0.1),
        'flag': pa.array(rng.random(rows) < 0.5),
        'vec': pa.FixedSizeListArray.from_arrays(pa.array(rng.random(rows * 8, dtype=np.float32)), 8),
    })


def sorted_rows(table):
    return table.select(['id', 'day', 'name', 'price', 'score', 'flag']).sort_by('id').combine_chunks()


def compare(check, lk, path, what):
    """Our rows against those of the reference, and filtered ones against what DuckDB makes of the reference's rows."""
    expected = lance.dataset(path).to_table().drop_columns('vec')
    database = duckdb.connect()
    database.register('expected', expected)
    ours = lk.read(path)
    check(f'{what}: rows', sorted_rows(ours).equals(sorted_rows(expected)))
    for where in FILTERS:
        wanted = sorted_rows(pa.table(database.sql(f'SELECT * FROM expected WHERE {where}').to_arrow_table()).cast(expected.schema))
        found = lk.read(path, where=where)
        check(f'{what}: {where}: {found.num_rows} of {wanted.num_rows} rows', sorted_rows(found).equals(wanted))
        check(f'{what}: count {where}', lk.count_where(path, where)[0] == wanted.num_rows)


def run(lk, folder, version, check):
    path = str(folder / f't{version}.lance')
    table = make_table(0, ROWS, 1)
    lk.write(path, table, version=version, max_rows_per_file=25_000, page_bytes=64_000, bloom=['name', 'price', 'score', 'flag'])
    expected = table
    check('the reference reads it', lance.dataset(path).to_table().equals(table))
    check('the reference validates it', lance.dataset(path).validate() is None)
    compare(check, lk, path, 'as written')
    _, report = lk.count_where(path, FILTERS[0])
    check(f'zone maps are used: {report}', report['fragments_skipped'] == 2 and report['zones_kept'] < report['zones'] / 4)
    _, report = lk.count_where(path, "name = 'n0004'")
    check(f'Bloom filters are used: {report}', report['fragments_skipped'] == 3 and report['pages_skipped_by_bloom'] == report['pages'])

    lance.write_dataset(make_table(ROWS, 5000, 2), path, mode='append')
    compare(check, lk, path, 'appended')
    lance.dataset(path).delete('id % 7 = 3 OR (id > 30000 AND id < 41000)')
    compare(check, lk, path, 'deleted')
    lance.dataset(path).update({'score': '9.5'}, where='id < 100')
    compare(check, lk, path, 'updated')
    dataset = lance.dataset(path)
    dataset.add_columns({'twice': 'id * 2'})
    compare(check, lk, path, 'column added')
    check('filter on the added column', lk.count_where(path, 'twice = 240')[0] == dataset.count_rows('id = 120'))
    lance.dataset(path).merge_insert('id').when_matched_update_all().when_not_matched_insert_all().execute(
        lance.dataset(path).to_table(filter='id > 64000'))
    compare(check, lk, path, 'merged')

    dataset = lance.dataset(path)
    dataset.create_scalar_index('id', 'BTREE')
    dataset = lance.dataset(path)
    check('scalar index', dataset.to_table(filter='id = 77').num_rows == dataset.count_rows('id = 77'))
    dataset.create_index('vec', 'IVF_PQ', num_partitions=4, num_sub_vectors=2)
    dataset = lance.dataset(path)
    row = dataset.take([10])
    nearest = dataset.to_table(nearest={'column': 'vec', 'q': row['vec'].combine_chunks()[0].values, 'k': 5, 'nprobes': 4,
                                        'refine_factor': 50}, columns=['id'])
    check('vector index finds the row itself', row['id'][0].as_py() in nearest['id'].to_pylist())
    compare(check, lk, path, 'indexed')
    before = sorted_rows(lance.dataset(path).to_table())
    metrics = lance.dataset(path).optimize.compact_files(target_rows_per_fragment=1_000_000)
    check(f'compacted {metrics.fragments_removed} fragments', metrics.fragments_removed >= 3)
    check('compaction keeps the rows', sorted_rows(lance.dataset(path).to_table()).equals(before))
    compare(check, lk, path, 'compacted')
    check('first version', lk.read(path, version=1).equals(expected))
    lance.dataset(path).cleanup_old_versions(datetime.timedelta(0))
    compare(check, lk, path, 'cleaned up')


def single_file(lk, folder, check):
    """A bare file by the reference's file reader, and statistics that the writer leaves out on request."""
    from lance.file import LanceFileReader
    table = make_table(0, 20_000, 3)
    for statistics in (True, False):
        path = str(folder / f'bare{statistics}.lance')
        lk.write(path, table, single_file=True, page_bytes=64_000, statistics=statistics)
        check(f'bare file, statistics {statistics}', LanceFileReader(path).read_all().to_table().equals(table))
        zones = lk.count_where(path, 'id = 5')[1]['zones']
        check(f'{zones} zones', (zones > 0) == statistics)


def bloom_edges(lk, folder, check):
    """Literals in every form that equals a value, and others: the same rows with Bloom filters, without, and in DuckDB."""
    rng, rows, path = np.random.default_rng(5), 8000, str(folder / 'edges.lance')
    numbers = (rng.integers(-300, 300, rows) * 2).astype('f4')
    numbers[:100] = np.tile(np.array([np.nan, -0.0, 0.5, np.inf], 'f4'), 25)
    inner = pa.array(rng.integers(0, 1000, rows) * 3, pa.int32())
    table = pa.table({
        'x': rng.permutation(numbers), 'half': rng.permutation(numbers).astype('f2'),
        'text': rng.permutation([''] + [f'{i * 7:x}' for i in range(rows - 1)]),
        'price': pa.array([decimal.Decimal(int(i) * 2 - 3000) / 100 for i in rng.integers(0, 3000, rows)], pa.decimal128(12, 2)),
        'byte': pa.array(rng.choice([-128, -1, 0, 5, 127], rows), pa.int8()), 'big': pa.array(rng.integers(0, 900, rows, dtype='u8') << 54, pa.uint64()),
        'moment': pa.array(rng.integers(0, 100, rows) * 7200, pa.timestamp('s')), 'nothing': pa.nulls(rows, pa.string()),
        's': pa.StructArray.from_arrays([inner], ['a'], mask=pa.array(rng.random(rows) < 0.3)),
        'list': pa.array([[int(i)] for i in rng.integers(0, 9, rows)], pa.list_(pa.int16()))})
    lk.write(path, table, page_bytes=4000, bloom=[*table.column_names[:-2], 's.a', 'list.item'], bloom_bits=20)
    floats, rest = ['x', 'half'], table.drop_columns(['x', 'half'])   # with NaNs, which differ from themselves
    check('the reference reads it', lance.dataset(path).to_table(columns=rest.column_names).equals(rest))
    database = duckdb.connect()
    database.register('data', pa.table({name: column.cast(pa.float64()) if name in floats else column for name, column in zip(table.column_names, table.columns)}))
    same = {'x': ['0', '-0.0', "'NaN'", '4', '4.0', '0.5', "'inf'", '0.25', '3'], 'half': ['0', '-0', "'NaN'", '4e0', '5'],
            'text': ["''", "'7'", "'e'", "'8'", "'7 '"], 'price': ['1.5', '1.50', '150e-2', '1.505', '0', '-0', '7.02', '7.0200000', '7.01'],
            'byte': ['-128', '127', '5.0', '5.5', '0', '77', '1000'], 'big': [str(1 << 54), str(3 << 54), '7', '0', str(1 << 64)],
            'moment': ["TIMESTAMP '1970-01-02'", "DATE '1970-01-02'", "TIMESTAMP '1970-01-01 02:00:00'", "TIMESTAMP '1970-01-01 03:00:00'"],
            'nothing': ["'a'"], 's.a': ['3', '3.0', '4', '2997']}
    skipped = 0
    for column, literals in same.items():
        tests = [f'{column} = {literal}' for literal in literals] + [f'{column} <> {literal}' for literal in literals]
        tests += [f"{column} IN ({', '.join(literals)})", f"{column} NOT IN ({', '.join(literals)})", f"NOT ({column} = {literals[-1]} OR {column} IS NULL)"]
        for test in tests:
            wanted = database.execute(f'SELECT count(*) FROM data WHERE {test}').fetchall()[0][0]
            (found, report), (whole, _) = lk.count_where(path, test), lk.count_where(path, test, version={'zone_maps': False})
            check(f'{test}: {found} rows, {whole} without zone maps, {wanted} in DuckDB', found == whole == wanted)
            skipped += report['pages_skipped_by_bloom']
            if test in ('x = 3', 'half = 5', "text = '8'", 'price = 7.01', 'byte = 77', 'big = 7', 's.a = 4'):
                check(f'{test}: {report}', report['pages_kept'] < 0.1 * report['pages'] and report['pages_skipped_by_bloom'] > 1)
    check(f'{skipped} pages', skipped > 50)
    for bad in ('none', 's', 'list'):
        target = folder / f'bad_{bad}.lance'
        try:
            lk.write(str(target), table, bloom=[bad])
            check(f'Bloom filters of {bad} are refused', False)
        except LancekitError as error:
            check(f'{error}', error.code == 'invalid argument' and bad in str(error) and not target.exists())


def main():
    lk, check, start = Lancekit(sys.argv[1]), Checks(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix='lancekit_interop_') as temporary:
        for version in ('2.1', '2.2'):
            run(lk, pathlib.Path(temporary), version, check)
        single_file(lk, pathlib.Path(temporary), check)
        bloom_edges(lk, pathlib.Path(temporary), check)
    print(f'{check.passed} passed, {len(check.failures)} failed in {time.monotonic() - start:.0f} s')
    return bool(check.failures)


if __name__ == '__main__':
    sys.exit(main())
