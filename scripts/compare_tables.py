#!/usr/bin/env python3
"""Compares two tables value by value: types, nulls, then values.

    compare_tables.py A B         Parquet, Arrow IPC or Lance (file or dataset folder) on either side
    compare_tables.py --self-test

Equal means the same columns in the same order with the same types, and in each the same nulls and the same values; NaN equals
NaN, 0.0 is not -0.0. Exit status 0 equal, 1 different, 2 one of them cannot be read.
"""
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def load(path):
    """-> pyarrow.Table"""
    path = pathlib.Path(path)
    if path.is_dir():
        import lance
        return lance.dataset(str(path)).to_table()
    data = path.read_bytes()
    if data.startswith(b'PAR1'):
        return pq.read_table(path)
    if data.endswith(b'LANC'):
        from lance.file import LanceFileReader
        return LanceFileReader(str(path)).read_all().to_table()
    if data.startswith(b'ARROW1'):
        return pa.ipc.open_file(data).read_all()
    return pa.ipc.open_stream(data).read_all()


def exact(value):
    """-> the value in a form whose == and hash tell -0.0 from 0.0 and find NaN equal to itself."""
    if isinstance(value, float):
        return 'nan' if value != value else value.hex()
    if isinstance(value, list):
        return [exact(v) for v in value]
    if isinstance(value, dict):
        return {k: exact(v) for k, v in value.items()}
    return value


def first_difference(a, b):
    """-> (row, value in a, value in b) of the first rows that differ in two chunked arrays of one type, or None."""
    step = 65536
    # Arrow's own comparison takes 0.0 for -0.0 and NaN for different from itself.
    has_floats = 'float' in str(a.type) or 'double' in str(a.type)
    for start in range(0, len(a), step):
        left, right = a.slice(start, step), b.slice(start, step)
        if not has_floats and left.equals(right):
            continue
        for row, (x, y) in enumerate(zip(left.to_pylist(), right.to_pylist()), start):
            if exact(x) != exact(y):
                return row, x, y
    return None


def compare(a, b):
    """-> list of differences, in words."""
    if a.column_names != b.column_names:
        return [f'columns {a.column_names} against {b.column_names}']
    differences = [f'{name}: type {a.schema.field(name).type} against {b.schema.field(name).type}'
                   for name in a.column_names if a.schema.field(name).type != b.schema.field(name).type]
    if a.num_rows != b.num_rows:
        differences.append(f'{a.num_rows} rows against {b.num_rows}')
    if differences:
        return differences
    for name in a.column_names:
        if found := first_difference(a[name], b[name]):
            differences.append(f'{name}: row {found[0]}: {found[1]!r} against {found[2]!r}')
    return differences


def self_test():
    base = pa.table({'a': [1, None, 3], 'b': ['x', '', None], 'c': [0.0, float('nan'), 1.5], 'd': [[1], None, []]})
    others = {
        'same': base,
        'value': base.set_column(0, 'a', pa.array([1, None, 4])),
        'null': base.set_column(1, 'b', pa.array(['x', None, None])),
        'zero sign': base.set_column(2, 'c', pa.array([-0.0, float('nan'), 1.5])),
        'list': base.set_column(3, 'd', pa.array([[1], [], []])),
        'type': base.set_column(0, 'a', pa.array([1, None, 3], pa.int32())),
        'order': base.select(['b', 'a', 'c', 'd']),
        'rows': base.slice(0, 2),
    }
    wrong = [name for name, other in others.items() if bool(compare(base, other)) == (name == 'same')]
    print(f'{len(others)} cases, wrong: {wrong or "none"}')
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        a, b = load(sys.argv[1]), load(sys.argv[2])
    except (OSError, ValueError, pa.ArrowException) as error:
        print(f'compare_tables: {error}', file=sys.stderr)
        return 2
    differences = compare(a, b)
    for difference in differences:
        print(difference)
    if not differences:
        print(f'equal: {a.num_rows:,} rows x {a.num_columns} columns')
    return 1 if differences else 0


if __name__ == '__main__':
    sys.exit(main())
