"""The tables that compare.py measures with, each as one Parquet file in the cache folder."""
import functools
import gzip
import os
import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

VECTORS = '/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz'  # Debian package dataset-fashion-mnist


def plain_strings(table):
    """tpchgen-cli marks its strings as views, which Lance does not hold."""
    fields = [f.with_type(pa.string()) if f.type == pa.string_view() else f for f in table.schema]
    return table.cast(pa.schema(fields))


def make_flights(path, data):
    shutil.copyfile(os.path.join(data, 'flights-3m.parquet'), path)


def make_tpch(table, columns=None):
    """TPC-H at scale factor 1; these columns in this order."""
    def make(path, data):
        folder = path + '.tmp'
        program = os.path.join(os.path.dirname(sys.executable), 'tpchgen-cli')
        subprocess.run([program, 'parquet', '-s', '1', '--tables', table, '--output-dir', folder], check=True, stdout=sys.stderr)
        pq.write_table(plain_strings(pq.read_table(os.path.join(folder, f'{table}.parquet'), columns=columns)), path)
        shutil.rmtree(folder)
    return make


def make_vectors(path, data):
    with gzip.open(VECTORS) as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).astype(np.float32)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(pixels), 784)
    pq.write_table(pa.table({'id': pa.array(range(len(lists)), pa.int64()), 'vec': lists}), path)


def make_tiny(path, data):
    """20,000 generated rows with nulls: for the test of compare.py, not for numbers."""
    random, rows = np.random.default_rng(7), 20_000
    words = np.array(['a', 'scan', 'of', 'some', 'pages', 'in', 'many', 'columns', '', 'länger'])
    table = pa.table({
        'id': pa.array(range(rows), pa.int64()),
        'count': pa.array(random.integers(0, 1000, rows), pa.int32(), mask=random.random(rows) < 0.1),
        'day': pa.array(random.integers(10_000, 20_000, rows).astype(np.int32), pa.date32()),
        'score': pa.array(random.random(rows)),
        'flag': pa.array(random.random(rows) < 0.5),
        'price': pa.array(random.integers(0, 10**6, rows)).cast(pa.decimal128(21, 2)),
        'kind': pa.array(words[random.integers(0, 6, rows)]),
        'text': pa.array([' '.join(words[random.integers(0, 10, 6)]) for _ in range(rows)], mask=random.random(rows) < 0.05),
        'vec': pa.FixedSizeListArray.from_arrays(pa.array(random.random(rows * 8).astype(np.float32)), 8),
        'items': pa.array([None if i % 9 == 0 else [{'a': j, 'b': str(i)} for j in range(i % 4)] for i in range(rows)]),
    })
    pq.write_table(table, path)


def make_nested(path, data):
    """A million generated rows of what is nested in people's tables: tags, baskets of items, a profile, lists in lists."""
    random, rows = np.random.default_rng(11), 1_000_000
    words = pa.array([f'{a}-{b}' for a in ('red', 'green', 'blue', 'small', 'large') for b in range(40)])
    some_words = lambda count: words.take(pa.array(random.integers(0, 200, count)))

    def offsets(mean, of=rows):
        ends = np.cumsum(random.poisson(mean, of))
        nulls = random.random(of) < 0.05
        starts = np.concatenate([[0], ends])
        return pa.array(starts.astype(np.int32), mask=np.concatenate([nulls, [False]])), int(ends[-1])

    def some_nulls(array, share=0.05):
        return pa.array(array, mask=random.random(len(array)) < share)

    def lists(mean, items, of=rows):
        at, count = offsets(mean, of)
        return pa.ListArray.from_arrays(at, items(count))

    basket = lambda count: pa.StructArray.from_arrays(
        [some_nulls(random.integers(0, 50_000, count)), some_nulls(np.round(random.gamma(2, 20, count), 2)), some_words(count)],
        names=['product', 'price', 'note'])
    # No struct in a struct: pylance 14 panics when it writes slices of one.
    profile = pa.StructArray.from_arrays(
        [some_nulls(random.integers(0, 100, rows).astype(np.int8)), pa.array([f'user{i}@example.org' for i in range(rows)]),
         some_nulls(random.normal(50, 5, rows)), some_nulls(random.normal(8, 5, rows))], names=['age', 'mail', 'lat', 'lon'],
        mask=pa.array(random.random(rows) < 0.05))
    pq.write_table(pa.table({
        'id': pa.array(range(rows), pa.int64()),
        'scores': lists(5, lambda count: some_nulls(random.integers(0, 1000, count).astype(np.int32))),
        'tags': lists(3, some_words),
        'basket': lists(2, basket),
        'profile': profile,
        'matrix': lists(2, lambda count: lists(3, lambda inner: pa.array(random.random(inner).astype(np.float32)), count)),
    }), path)


def make_sorted(table, column):
    """The table in the order of a column, as a log or a partitioned load brings it."""
    def make(path, data):
        source = prepare(table, os.path.dirname(os.path.dirname(path)), data)
        pq.write_table(pq.read_table(source).sort_by(column), path)
    return make


def make_numbers(table):
    """The columns of the table that are no texts."""
    def make(path, data):
        source = pq.read_table(prepare(table, os.path.dirname(os.path.dirname(path)), data))
        pq.write_table(source.select([field.name for field in source.schema if column_kind(field.type) != 'string']), path)
    return make


def make_shuffled(table):
    def make(path, data):
        source = pq.read_table(prepare(table, os.path.dirname(os.path.dirname(path)), data))
        pq.write_table(source.take(pa.array(np.random.default_rng(3).permutation(source.num_rows))), path)
    return make


# Tables that filters are measured on: the column and the type of its literals in SQL.
FILTERED = {'flights-sorted': ('date', 'TIMESTAMP'), 'lineitem-sorted': ('l_shipdate', 'DATE'), 'lineitem-shuffled': ('l_shipdate', 'DATE')}


# Texts that the shuffled table is filtered by as well: one of seven values, and nearly all different.
FILTERED_TEXTS = ('l_shipmode', 'l_comment')


@functools.cache
def sorted_values(path, column):
    return pq.read_table(path, columns=[column])[column].combine_chunks().sort()


class RangeFilter:
    """A range of a column, by default the table's, that about this share of its rows is in, at least one value; `first` and `rows` as
    they lie in a sorted table."""

    def __init__(self, name, path, share=0.001, column=None):
        self.column, literal = (column, '') if column else FILTERED[name]
        values = sorted_values(path, self.column)
        start = min(len(values) // 2, int((1 - share) * len(values)))
        self.low, self.high = values[start], values[min(start + int(share * len(values)), len(values) - 1)]
        self.first, end = (int(pc.sum(compare(values, bound)).as_py()) for compare, bound in ((pc.less, self.low), (pc.less_equal, self.high)))
        self.rows = end - self.first
        low, high = (literal + " '" + str(bound.as_py()).replace("'", "''") + "'" for bound in (self.low, self.high))
        self.sql = f'{self.column} = {low}' if self.low == self.high else f'{self.column} BETWEEN {low} AND {high}'
        self.expression = (pc.field(self.column) >= self.low) & (pc.field(self.column) <= self.high)

    def matches(self, values):
        """What one compares by hand."""
        return pc.equal(values, self.low) if self.low == self.high else pc.and_(pc.greater_equal(values, self.low), pc.less_equal(values, self.high))


def make_wide(columns):
    """Many columns and eight rows, as files of features have them."""
    def make(path, data):
        values = np.random.default_rng(8).random((columns, 8))
        pq.write_table(pa.table({f'c{i}': values[i] for i in range(columns)}), path)
    return make


WIDE = {f'wide-{columns}': columns for columns in (1000, 10_000, 100_000)}
ORDERS = ['o_orderkey', 'o_comment', 'o_clerk', 'o_orderpriority', 'o_orderdate']
MAKERS = {'nested': make_nested, 'flights': make_flights, 'lineitem': make_tpch('lineitem'), 'orders': make_tpch('orders', ORDERS),
          'vectors': make_vectors, 'tiny': make_tiny,
          'flights-sorted': make_sorted('flights', 'date'), 'lineitem-sorted': make_sorted('lineitem', 'l_shipdate'),
          'lineitem-shuffled': make_shuffled('lineitem'), 'flights-numbers': make_numbers('flights'),
          'lineitem-numbers': make_numbers('lineitem'), **{name: make_wide(columns) for name, columns in WIDE.items()}}


def prepare(name, cache, data):
    """-> path of the table's Parquet file, made on first use."""
    folder = os.path.join(cache, name)
    path = os.path.join(folder, 'source.parquet')
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        print(f'making {path}', file=sys.stderr)
        MAKERS[name](path + '.part', data)
        os.rename(path + '.part', path)
    return path


def column_kind(kind):
    """-> 'int' (also dates, times and dictionaries), 'string', 'vector', 'list' (also maps), 'struct' or 'other'."""
    if pa.types.is_integer(kind) or pa.types.is_temporal(kind) or pa.types.is_dictionary(kind):
        return 'int'
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return 'string'
    if pa.types.is_nested(kind) and not pa.types.is_fixed_size_list(kind):
        return 'struct' if pa.types.is_struct(kind) else 'list'
    return 'vector' if pa.types.is_fixed_size_list(kind) else 'other'


def mixed_columns(schema):
    """-> up to five columns of as many kinds as there are."""
    kinds = {}
    for field in schema:
        kinds.setdefault(column_kind(field.type), []).append(field.name)
    columns = [names.pop(0) for names in kinds.values()]
    rest = [name for names in kinds.values() for name in names]
    return (columns + rest)[:5]
