#!/usr/bin/env python3
"""Random filters over random tables: with zone maps, without, and DuckDB's answer on the same table must be the same rows.

usage: filter_test.py BRIDGE_LIBRARY [--cases N] [--seed S] [--table NUMBER] [--jobs N]

A zone map that hides a matching row is what this test is there to find. A case is one filter on one table; each table follows from
the seed and its number, and a failure comes with the command that repeats just that table.
"""
import argparse
import collections
import concurrent.futures
import decimal
import functools
import math
import multiprocessing
import os
import sys
import time
import traceback

import duckdb
import lance
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from comparison import differences
from filter_values import TYPES, Texts
from lancekit_bridge import Lancekit, LancekitError
from reference import Runner

FILTERS = 250   # of one table
ROWS = (50, 500, 3000, 3000, 9000, 20_000, 35_000)   # a zone has 8192
OPS = ('=', '=', '<>', '<', '<=', '>', '>=')


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


class Column:
    """A column of a filter: what lancekit calls it, what DuckDB does, and the kind of its values."""

    def __init__(self, path, name, kind, pool):
        self.path, self.name, self.kind, self.pool = path, name, kind, pool


class RandomData:
    """A table and how it is stored."""

    def __init__(self, seed, number):
        self.rng = np.random.default_rng((seed, number))
        n = self.num_rows = int(self.one_of(ROWS))
        self.columns = []
        fields, plain = {'row': pa.array(np.arange(n))}, {'row': pa.array(np.arange(n))}
        for i in range(int(self.rng.integers(2, 7))):
            form = self.rng.integers(0, 10)
            name = f'c{i}' if i else self.one_of(('c0', 'a b', 'in', 'żółw', 'x"y'))
            if form < 7:
                fields[name] = plain[name] = self.leaf(identifier(name), name, n)
            elif form < 9:
                fields[name] = self.struct(identifier(name), name, n, plain)
            else:
                fields[name] = self.unordered(identifier(name), name, n)
                plain[name] = pa.array(np.ones(n, 'i1'), mask=fields[name].is_null().to_numpy(zero_copy_only=False))
        metadata = {name: self.metadata(array.type) for name, array in fields.items()}
        self.table = pa.table(fields, pa.schema([pa.field(name, array.type, metadata=metadata[name]) for name, array in fields.items()]))
        self.plain = pa.table({name: self.for_duckdb(name, array) for name, array in plain.items()})
        self.live = np.ones(n, bool)
        self.blooms = [column for column in self.columns if column.kind and self.chance(0.7)] if self.chance(0.5) else []

    def one_of(self, values):
        return values[int(self.rng.integers(0, len(values)))]

    def chance(self, rate):
        return self.rng.random() < rate

    def for_duckdb(self, name, array):
        found = [column for column in self.columns if column.name == name and column.kind]
        return found[0].kind.for_duckdb(array) if found else array

    # ---------------------------------------------------------------- values

    def leaf(self, path, name, n):
        make, t = self.one_of(TYPES)
        kind = make(t, self.rng)
        pool = kind.pool()
        self.columns.append(Column(path, name, kind, pool))
        values = kind.array(pool)
        return values.take(pa.array(self.arranged(n, len(pool)), mask=self.nulls(n)))

    def arranged(self, n, count):
        """n numbers below count, in an order that suits zone maps more or less."""
        form = self.one_of(('shuffled', 'sorted', 'sorted', 'descending', 'runs', 'blocks', 'blocks', 'outlier'))
        at = self.rng.integers(0, count, n)
        if form in ('sorted', 'descending'):
            at = np.sort(at)
        if form == 'runs':
            at = np.repeat(self.rng.integers(0, count, n // 500 + 1), 500)[:n]
        if form == 'blocks':
            # Each block has values of a narrow range.
            size = self.one_of((100, 1000, 8192))
            start = np.repeat(self.rng.integers(0, count, n // size + 1), size)[:n]
            at = np.minimum(start + self.rng.integers(0, 1 + count // 20, n), count - 1)
        if form == 'outlier':
            at = np.zeros(n, int)
            at[self.rng.integers(0, n, 3)] = self.rng.integers(0, count, 3)
        return at[::-1] if form == 'descending' else at

    def nulls(self, n):
        """Mask, True is null: single ones, all, or blocks of them."""
        mask = self.rng.random(n) < self.one_of((0, 0, 0, 0.01, 0.3, 0.95, 1))
        for _ in range(int(self.one_of((0, 0, 0, 1, 3)))):
            start = int(self.rng.integers(0, n))
            mask[start:start + int(self.one_of((100, 2000, 8192, 16_384)))] = True
        return mask

    def struct(self, path, name, n, plain):
        """Its leaves are null where it is; DuckDB gets them as columns."""
        mask, children = self.nulls(n), []
        for i in range(int(self.rng.integers(1, 4))):
            children.append(self.leaf(f'{path}.f{i}', f'{name}.f{i}', n))
            hidden = pa.array(np.arange(n), mask=mask)
            plain[f'{name}.f{i}'] = children[-1].take(hidden)
        plain[name] = pa.array(np.ones(n, 'i1'), mask=mask)
        self.columns.append(Column(path, name, None, None))
        return pa.StructArray.from_arrays(children, [f'f{i}' for i in range(len(children))], mask=pa.array(mask))

    def unordered(self, path, name, n):
        """Can be null, and that is all that filters can ask of it."""
        self.columns.append(Column(path, name, None, None))
        mask, form = self.nulls(n), self.rng.integers(0, 3)
        if form == 0:
            return pa.FixedSizeListArray.from_arrays(pa.array(self.rng.random(n * 3)), 3, mask=pa.array(mask))
        if form == 1:   # a packed struct
            return pa.StructArray.from_arrays([pa.array(self.rng.integers(0, 9, n))] * 2, fields=[pa.field('p0', pa.int64(), False), pa.field('p1', pa.int64(), False)],
                                              mask=pa.array(mask))
        lengths = np.where(self.chance(0.2), 0, self.rng.integers(0, 4, n))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        items = pa.array(self.rng.integers(0, 9, int(offsets[-1])), mask=self.rng.random(int(offsets[-1])) < 0.2)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, mask=pa.array(mask))

    def metadata(self, t):
        if pa.types.is_struct(t):
            return {'lance-encoding:packed': 'true'} if t.field(0).name == 'p0' else None
        # Runs where they are not the smallest too, and inside of a codec.
        return self.one_of((None, None, None, {'lance-encoding:rle-threshold': '1.0'}, {'lance-encoding:rle-threshold': '0.5', 'lance-encoding:compression': 'zstd'}))

    def row(self, number):
        """As text: Python has no objects for all dates."""
        return ', '.join(str(self.plain[name].slice(number, 1).cast(pa.string()) if pa.types.is_temporal(self.plain[name].type) else self.plain[name][number])
                         for name in self.plain.column_names)

    # ---------------------------------------------------------------- storage

    def store(self, lancekit, path):
        n, single = self.num_rows, self.chance(0.2)
        own = n if single or self.chance(0.85) else n // 2
        settings = {'page_bytes': self.one_of((0, 1 if n <= 3000 else 1000, 4000, 20_000)), 'batch_rows': self.one_of((None, None, 1 + n // 7, 100 if n < 5000 else 1000))}
        if not single and self.chance(0.3):
            settings['max_rows_per_file'] = 1 + n // int(self.rng.integers(2, 5))
        if self.blooms:
            settings['bloom'], settings['bloom_bits'] = [column.name for column in self.blooms], int(self.one_of((1, 4, 10, 64)))
        lancekit.write(path, self.table.slice(0, own), version=self.one_of(('2.1', '2.2')), single_file=single, **settings)
        if own < n:
            self.append(path, own)
        if not single and self.chance(0.4):
            self.delete(path)

    def append(self, path, own):
        """Files that have no zone maps. pylance panics on some structs, and then these rows are missing."""
        try:
            lance.write_dataset(self.table.slice(own), path, mode='append')
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            self.live[own:] = False

    def delete(self, path):
        n, form = self.num_rows, self.rng.integers(0, 3)
        low, high = sorted(int(i) for i in self.rng.integers(0, n + 1, 2))
        row = np.arange(n)
        where, gone = [(f'row >= {low} AND row < {high}', (row >= low) & (row < high)), (f'row % {high % 7 + 2} = 0', row % (high % 7 + 2) == 0),
                       (f'row IN ({low}, {high})', (row == low) | (row == high))][form]
        lance.dataset(path).delete(where)
        self.live &= ~gone

    # ---------------------------------------------------------------- filters

    def condition(self, depth):
        """-> (text for lancekit, SQL for DuckDB)."""
        form = self.rng.integers(0, 10)
        if depth > 0 and form < 5:
            word = self.one_of((' AND ', ' OR '))
            parts = [self.condition(depth - 1) for _ in range(int(self.rng.integers(2, 4)))]
            return tuple('(' + word.join(part[side] for part in parts) + ')' for side in (0, 1))
        if depth > 0 and form == 5:
            ours, sql = self.condition(depth - 1)
            return f'NOT ({ours})', f'NOT ({sql})'
        return self.test()

    def test(self):
        if self.chance(0.01):
            word = self.one_of(('TRUE', 'FALSE', 'NULL'))
            return word, f'CAST({word} AS BOOLEAN)'
        column = self.one_of(self.columns)
        path, name, kind = column.path, identifier(column.name), column.kind
        form = self.rng.integers(0, 12)
        if self.blooms and self.chance(0.4):
            # Literals are values of the column or next to one, so that many are absent where zone maps cannot tell.
            column = self.one_of(self.blooms)
            path, name, kind, form = column.path, identifier(column.name), column.kind, self.one_of((4, 12, 12))
        if kind is None or form == 0:
            test = self.one_of(('IS NULL', 'IS NOT NULL'))
            return f'{path} {test}', f'({name} {test})'
        if pa.types.is_boolean(kind.t) and form == 1:
            test = self.one_of(('', 'IS TRUE', 'IS NOT TRUE', 'IS FALSE', 'IS NOT FALSE'))
            return f'{path} {test}', f'({name} {test})'
        if isinstance(kind, Texts) and form < 4:
            return self.like(column, name)
        if form == 4:
            return self.one_of_many(column, name)
        if form == 5:
            (low, low_sql), (high, high_sql) = self.compared(column, name, '>='), self.compared(column, name, '<=')
            word = self.one_of(('', 'NOT '))
            return f'{path} {word}BETWEEN {low} AND {high}', f'({word}({low_sql} AND {high_sql}))'
        op = '=' if form == 12 else self.one_of(OPS)
        ours, sql = self.compared(column, name, op)
        turned = {'<': '>', '<=': '>=', '>': '<', '>=': '<='}.get(op, op)
        return (f'{ours} {turned} {path}' if self.chance(0.1) else f'{path} {op} {ours}'), f'({sql})'

    def compared(self, column, name, op):
        """-> (a literal for lancekit, the comparison for DuckDB)."""
        if self.chance(0.01):
            return 'NULL', 'CAST(NULL AS BOOLEAN)'
        value = column.kind.literal(column.pool)
        return column.kind.lancekit(value), column.kind.duckdb(name, op, value)

    def one_of_many(self, column, name):
        items = [self.compared(column, name, '=') for _ in range(int(self.one_of((1, 2, 3, 20))))]
        word = self.one_of(('', 'NOT '))
        return f'{column.path} {word}IN ({", ".join(item[0] for item in items)})', f'({word}({" OR ".join(item[1] for item in items)}))'

    def like(self, column, name):
        pattern, escape = column.kind.pattern(column.pool)
        pattern = "'" + pattern.replace("'", "''") + "'" + (f" ESCAPE '{escape}'" if escape else '')
        word = self.one_of(('', 'NOT '))
        return f'{column.path} {word}LIKE {pattern}', f'({name} {word}LIKE {pattern})'


@functools.cache
def database():
    connection = duckdb.connect()
    connection.execute('SET threads = 1')
    connection.execute('SET enable_progress_bar = false')
    return connection


def ask_duckdb(table, conditions):
    """A row of bools per condition."""
    connection = database()
    connection.register('data', table)
    asked = ', '.join(f'coalesce({sql}, FALSE) AS a{i}' for i, sql in enumerate(conditions))
    found = connection.execute(f'SELECT {asked} FROM data').fetchnumpy()
    connection.unregister('data')
    return np.stack([np.asarray(found[f'a{i}'], bool) for i in range(len(conditions))])


def compare(data, filters, found, name, expected):
    """Texts about rows that differ."""
    wrong = []
    for i in np.nonzero((found != expected).any(axis=1))[0]:
        rows = np.nonzero(found[i] != expected[i])[0]
        wrong.append(f'{name}: {filters[i][0]}\n    DuckDB: {filters[i][1]}\n    {len(rows)} rows differ, {expected[i].sum()} expected, {found[i].sum()} '
                     f'found; the first: {data.row(int(rows[0]))}, expected: {expected[i][rows[0]]}')
    return wrong


def check_table(lancekit, path, data, count):
    """-> (texts about what is wrong, the report with zone maps)."""
    filters = [data.condition(int(data.one_of((0, 0, 1, 2, 3)))) for _ in range(count)]
    data.store(lancekit, path)
    batch_rows = data.one_of((65_536, 65_536, 1000, 77))
    texts = [ours for ours, _ in filters]
    expected = ask_duckdb(data.plain, [sql for _, sql in filters]) & data.live
    pruned, counts, report = lancekit.match(path, texts, 'row', data.num_rows, batch_rows=batch_rows, count=True)
    whole, _, _ = lancekit.match(path, texts, 'row', data.num_rows, batch_rows=batch_rows, version={'zone_maps': False})
    wrong = compare(data, filters, pruned, 'with zone maps', expected) + compare(data, filters, whole, 'without zone maps', expected)
    wrong += [f'count: {text}: {number}, expected {mask.sum()}' for text, number, mask in zip(texts, counts, expected) if number != mask.sum()]
    wrong += check_aggregates(lancekit, path, data, filters, expected)
    for i in range(0, count, 100):
        rows = lancekit.read(path, where=texts[i], batch_rows=batch_rows)
        wrong += [f'values: {texts[i]}: {text}' for text in differences(data.table.filter(pa.array(expected[i])), rows)]
    return wrong, report


def leaf_of(table, column):
    """The values of a column, of structs below nulls too, as one array without a dictionary."""
    path = column.name.split('.') if column.name not in table.column_names else [column.name]
    array = table[path[0]].combine_chunks()
    for name in path[1:]:
        array = pc.struct_field(array, name)   # null where the struct is
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def overflows(table, column):
    """Whether sums of the finite values leave the range of doubles, so that infinity and NaN depend on the order."""
    values = leaf_of(table, column).drop_null().to_numpy(zero_copy_only=False).astype('f8')
    finite = np.abs(values[np.isfinite(values)])
    with np.errstate(all='ignore'):
        return not np.isfinite(finite.sum())


def plain(scalar):
    """A value that compares as lancekit orders it."""
    return None if not scalar.is_valid else scalar.value if pa.types.is_temporal(scalar.type) else scalar.as_py()


def expected_aggregates(array):
    """-> {kind: value}; no entry where there is no such fact."""
    t = array.type
    found = {'count': len(array) - array.null_count}
    if pa.types.is_null(t) or pa.types.is_nested(t):
        return found
    values = array.drop_null()
    if pa.types.is_floating(t):
        numbers = values.to_numpy(zero_copy_only=False).astype('f8')
        bounded = numbers[~np.isnan(numbers)]
        with np.errstate(all='ignore'):
            found['sum'] = float(numbers.sum()) if len(numbers) else None
        found['min'], found['max'] = (float(bounded.min()), float(bounded.max())) if len(bounded) else (None, None)
        return found
    order = values.cast(pa.int64() if t.bit_width == 64 else pa.int32()).cast(pa.int64()) if pa.types.is_temporal(t) else values
    bounds = pc.min_max(order) if len(order) else None
    found['min'], found['max'] = (bounds['min'].as_py(), bounds['max'].as_py()) if bounds else (None, None)
    if pa.types.is_integer(t) or pa.types.is_boolean(t):
        found['sum'] = sum(int(v) for v in values.to_pylist()) if len(values) else None
    if pa.types.is_decimal(t):
        found['sum'] = sum((int(v.scaleb(t.scale).to_integral_value()) for v in values.to_pylist()), 0) if len(values) else None
    return found


def check_aggregates(lancekit, path, data, filters, expected):
    """Counts, bounds and sums of all leaves: of all rows, whose statistics help, and of those that match."""
    wrong = []
    columns = [column for column in data.columns if column.kind]
    cases = [(None, data.live)] + [(filters[i][0], expected[i]) for i in range(0, len(filters), 90)]
    for where, mask in cases:
        rows = data.table.filter(pa.array(mask))
        for version in (None, {'zone_maps': False}) if where is None else (None,):
            counted = lancekit.aggregate(path, [('count', '')], where=where, version=version)['count(*)'][0].as_py()
            if counted != len(rows):
                wrong.append(f'count(*) where {where}: {counted} of {len(rows)}')
            for column in columns:
                wanted = expected_aggregates(leaf_of(rows, column))
                for kind, value in wanted.items():
                    try:
                        scalar = lancekit.aggregate(path, [(kind, column.name)], where=where, version=version, threads=2).column(0)[0]
                    except LancekitError as error:
                        if kind == 'sum' and error.code == 'unsupported' and isinstance(value, int) and not -2**63 <= value < 2**63:
                            continue
                        raise
                    got = plain(scalar)
                    if kind == 'sum' and isinstance(got, decimal.Decimal):
                        got = int(got.scaleb(scalar.type.scale, decimal.Context(prec=100)))
                    close = kind == 'sum' and isinstance(value, float) and got is not None and (
                        math.isclose(got, value, rel_tol=1e-6, abs_tol=1e-6 * (1 + abs(value))) or (math.isnan(got) and math.isnan(value)) or
                        (kind == 'sum' and not math.isfinite(value) and not math.isfinite(got) and overflows(rows, column)))
                    if got != value and not close:
                        wrong.append(f'{kind}({column.path}) where {where}: {got!r}, expected {value!r}; zone maps: {version is None}')
    return wrong


def run_table(bridge, seed, number, count):
    """-> (number, texts about what is wrong, report)."""
    run = Runner()
    try:
        data = RandomData(seed, number)
        wrong, report = check_table(Lancekit(bridge), run.path('data.lance'), data, count)
        schema = str(data.table.schema).replace('\n', ', ')
        return number, [f'{text}\n    of {schema}' for text in wrong], report
    except Exception:
        return number, [traceback.format_exc()], {}
    finally:
        run.remove()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('bridge')
    parser.add_argument('--cases', type=int, default=20_000)
    parser.add_argument('--seed', type=int, default=int(time.time()))
    parser.add_argument('--table', type=int)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    print(f'seed {arguments.seed}', flush=True)
    begin, failed, sums = time.monotonic(), 0, collections.Counter()
    numbers = range(-(-arguments.cases // FILTERS)) if arguments.table is None else [arguments.table]
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context('spawn')) as pool:
        runs = [pool.submit(run_table, arguments.bridge, arguments.seed, number, FILTERS) for number in numbers]
        for i, done in enumerate(concurrent.futures.as_completed(runs), 1):
            number, wrong, report = done.result()
            if i % 100 == 0:
                print(f'{i * FILTERS} cases, {failed} tables failed', flush=True)
            sums.update(report)
            failed += bool(wrong)
            if wrong and failed <= 20:
                print(f'FAILED table {number}: ' + '\n'.join(wrong[:3]) + f'\n    {len(wrong)} in all; repeat: {os.path.relpath(__file__)} '
                      f'{arguments.bridge} --seed {arguments.seed} --table {number}', flush=True)
    cases = len(runs) * FILTERS
    kept, by_bloom = sums['zones_kept'] / max(1, sums['zones']), sums['pages_skipped_by_bloom']
    encoded = sums['rows_encoded'] / max(1, sums['rows_filtered'])
    print(f'{cases} cases, {failed} of {len(runs)} tables failed, {sums["zones"]} zones, {kept:.0%} kept, {by_bloom} of {sums["pages"]} pages left out by '
          f'Bloom filters, {sums["rows_filtered"]} rows compared, {encoded:.0%} of them as stored, {sums["rows_matched"]} matched in '
          f'{time.monotonic() - begin:.0f} s')
    if by_bloom < cases / 20 and arguments.table is None:
        sys.exit('Bloom filters hide next to nothing: this run says little')
    if kept > 0.9 and arguments.table is None:
        sys.exit('zone maps hide next to nothing: this run says little')
    if encoded < 0.05 and arguments.table is None:
        sys.exit('next to nothing is compared as stored: this run says little')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
