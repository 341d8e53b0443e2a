#!/usr/bin/env python3
"""End-to-end checks of lance-inspect diff: schemas and rows, by position and by key, against what pyarrow says about the same tables.

    diff_e2e.py PROGRAM
"""
import csv
import io
import json
import math
import pathlib
import random
import shutil
import sys
import tempfile

from inspect_e2e import GOLDEN, STRINGS, Tool, check

try:
    import lance
    import pyarrow as pa
except ImportError:
    lance = None


def diff(tool, a, b, *options):
    """-> the document; its verdict is the exit code."""
    result = tool('diff', a, b, *options, '--json')
    document = json.loads(result.stdout)
    check(result.returncode == (0 if document['equal'] else 1), f'{options}: {result.returncode} {document["equal"]}')
    return document


def kinds(document):
    return [(row['difference'], row['column']) for row in document['differences']]


def check_usage(tool, folder):
    """Needs no peers."""
    for path in [STRINGS, *GOLDEN]:
        check(diff(tool, path, path)['equal'], f'{path} is as itself')
        check(diff(tool, path, path, '--layout')['equal'], f'{path} is laid out as itself')
    result = tool('diff', STRINGS, STRINGS, '-f', 'table', code=0)
    check(result.stdout.startswith(b'equal: ') and not result.stderr, f'{result.stdout}')
    check(tool('diff', STRINGS, STRINGS, '-q', code=0).stdout == b'', 'quiet')
    check(b'did you mean' in tool('diff', STRINGS, STRINGS, '-c', 'strlo', code=2).stderr, 'columns are suggested')
    tool('diff', STRINGS, code=2)
    tool('diff', STRINGS, STRINGS, '--key', 'none', code=2)
    tool('diff', STRINGS, STRINGS, '--rtol', '-1', code=2)
    tool('diff', STRINGS, STRINGS, '--layout', '--key', 'strlow', code=2)
    tool('diff', STRINGS, folder / 'missing.lance', code=3)
    tool('diff', STRINGS, f'{STRINGS}@1', code=2)
    tool('diff', STRINGS, f'{STRINGS}@', code=2)
    damaged = folder / 'damaged.lance'
    damaged.write_bytes(STRINGS.read_bytes()[:-1])
    tool('diff', STRINGS, damaged, code=4)
    at = folder / 'a@1'
    shutil.copy(STRINGS, at)
    check(diff(tool, STRINGS, at)['equal'], 'a path with an @')


def check_damage(tool, folder):
    """Damaged files are an error or another table, never a crash."""
    rng, path, codes = random.Random(5), folder / 'flipped.lance', set()
    for _ in range(120):
        sound = rng.choice([STRINGS, *GOLDEN])
        data = bytearray(sound.read_bytes())
        for _ in range(rng.choice((1, 3))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        first = next(iter(tool.json('columns', sound)['columns']))['path'].partition('.')[0]
        for options in ((), ('--key', first), ('--layout', '--json')):
            result = tool('diff', sound, path, *options)
            check(result.returncode in (0, 1, 2, 4, 5, 7), f'{sound} {options}: {result.returncode} {result.stderr}')
            codes.add(result.returncode)
    check({0, 1, 4} <= codes, f'{codes}')


def check_schemas(tool, folder):
    def table(name, *fields, metadata=None):
        schema = pa.schema(fields, metadata)
        path = folder / name
        lance.write_dataset(pa.Table.from_batches([], schema), path)
        return path
    a = table('schema-a.lance', pa.field('id', pa.int32()), pa.field('gone', pa.string()), pa.field('s', pa.struct([('x', pa.int32()), ('y', pa.float32())])),
              pa.field('must', pa.int32(), nullable=False), pa.field('meta', pa.int8(), metadata={'unit': 'm', 'lance-encoding:compression': 'zstd'}),
              pa.field('l', pa.list_(pa.int32())), metadata={'made': 'by me'})
    b = table('schema-b.lance', pa.field('s', pa.struct([('x', pa.int64()), ('z', pa.float32())])), pa.field('id', pa.int32()),
              pa.field('must', pa.int32()), pa.field('meta', pa.int8(), metadata={'unit': 'km'}), pa.field('new', pa.date32()),
              pa.field('l', pa.list_(pa.int64())), metadata={'made': 'by you'})
    document = diff(tool, a, b)
    found = {(row['difference'], row['column']): (row['a'], row['b']) for row in document['differences']}
    check(found == {('column only in A', 'gone'): ('string', None), ('column only in B', 'new'): (None, 'date32'), ('type', 's.x'): ('int32', 'int64'),
                    ('column only in A', 's.y'): ('float', None), ('column only in B', 's.z'): (None, 'float'), ('nullability', 'must'): ('not null', 'nullable'),
                    ('metadata', 'meta'): ('unit=m', 'unit=km'), ('type', 'l.item'): ('int32', 'int64'), ('metadata', None): ('made=by me', 'made=by you'),
                    ('order of columns', None): ('id, s, must, meta, l', 's, id, must, meta, l')}, f'{found}')
    check(document['schema_differences'] == 10 and not document['equal'], f'{document}')
    check(kinds(diff(tool, a, b, '-c', 'must')) == [('nullability', 'must'), ('metadata', None)], 'one column')


def check_random(tool, folder, rng):
    """Edits of a table, found by key, by position, in parts of little memory, in versions."""
    types = {'id': pa.int64(), 'part': pa.string(), 'x': pa.float64(), 's': pa.string(), 'd': pa.decimal128(9, 2), 'v': pa.list_(pa.float32(), 4), 'l': pa.list_(pa.int16()),
             'st': pa.struct([('a', pa.int32()), ('b', pa.string())]), 'b': pa.bool_(), 't': pa.timestamp('us')}
    def maybe(value):
        return None if rng.random() < 0.1 else value
    def values(i):
        return {'id': i // 2, 'part': 'ab'[i % 2], 'x': maybe(rng.choice([1.5, math.inf, rng.random(), -0.0])), 's': maybe(f'row {rng.randrange(50)}'), 'd': maybe(rng.randrange(1000)),
                'v': maybe([rng.random() for _ in range(4)]), 'l': maybe(list(range(rng.randrange(4)))), 'st': maybe({'a': maybe(i), 'b': maybe(str(i))}),
                'b': maybe(rng.random() < 0.5), 't': maybe(i * 1000)}
    def table(rows):
        return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in types.items()})
    old = [values(i) for i in range(6000)]
    new, changed, removed = [], {}, []
    for i, row in enumerate(old):
        if rng.random() < 0.02:
            removed.append(i)
        elif rng.random() < 0.03:
            fresh = values(i)
            names = rng.sample([name for name in types if name not in ('id', 'part')], 2)
            row = {**row, **{name: fresh[name] for name in names}}
            before, after = table([old[i]]), table([row])
            different = [name for name in types if before[name].to_pylist() != after[name].to_pylist()]
            if different:
                changed[i] = different
            new.append(row)
        else:
            new.append(row)
    added = [values(i) for i in range(10_000, 10_060)]
    new += added
    in_order = table(new)
    rng.shuffle(new)
    path = folder / 'edited.lance'
    lance.write_dataset(table(old), path, max_rows_per_file=2500)
    ds = lance.write_dataset(table(new), path, mode='overwrite', max_rows_per_file=1700)
    ds.tags.create('now', 2)
    place = {(row['id'], row['part']): i for i, row in enumerate(new)}
    for options in ((), ('--memory-limit', '512KiB'), ('-j', '1')):
        document = diff(tool, f'{path}@1', f'{path}@now', '--key', 'id,part', '--limit', '100000', *options)
        rows = document['rows']
        check(rows == {'a': 6000, 'b': len(new), 'same': 6000 - len(removed) - len(changed), 'changed': len(changed), 'only_in_a': len(removed),
                       'only_in_b': len(added), 'repeated_keys': 0}, f'{options}: {rows}')
        found = {}
        for row in document['differences']:
            key = tuple(row['key'])
            if row['difference'] == 'value':
                found.setdefault(row['row_a'], []).append(row['column'])
                check((old[row['row_a']]['id'], old[row['row_a']]['part']) == key and place[key] == row['row_b'], f'rows of the key: {row}')
                if row['column'] in ('s', 'b', 'l'):
                    check((row['a'], row['b']) == (old[row['row_a']][row['column']], new[row['row_b']][row['column']]), f'values: {row}')
        check({i: sorted(names) for i, names in found.items()} == {i: sorted(names) for i, names in changed.items()}, f'{options}: changed columns')
        check(sorted(row['row_a'] for row in document['differences'] if row['difference'] == 'row only in A') == removed, 'rows only in A')
        check(sorted(tuple(row['key']) for row in document['differences'] if row['difference'] == 'row only in B') == sorted((row['id'], row['part']) for row in added), 'rows only in B')
        check({c['column']: c['rows'] for c in document['changed_columns']} == {name: n for name in types if (n := sum(name in names for names in changed.values()))}, 'by column')
    check(not diff(tool, f'{path}@1', path)['equal'] and diff(tool, f'{path}@2', path)['equal'], 'versions')
    # By position, without the rows that move the others.
    lance.write_dataset(in_order.slice(0, len(new) - len(added)), folder / 'in-order.lance')
    kept = [i for i in range(6000) if i not in set(removed)]
    lance.write_dataset(table([old[i] for i in kept]), folder / 'kept.lance')
    document = diff(tool, folder / 'kept.lance', folder / 'in-order.lance', '--limit', '100000')
    check({(row['row_a'], row['column']) for row in document['differences']} == {(kept.index(i), name) for i, names in changed.items() for name in names}, 'by position')
    # Filters: row numbers are those of the table.
    document = diff(tool, folder / 'kept.lance', folder / 'in-order.lance', '--where', 'id >= 1500', '--limit', '100000', '--exclude', 'x,v')
    expected = {(kept.index(i), name) for i, names in changed.items() for name in names if i >= 3000 and name not in 'xv'}
    check({(row['row_a'], row['column']) for row in document['differences']} == expected, 'with a filter')
    check(document['rows']['a'] == sum(i >= 3000 for i in kept), f'{document["rows"]}')
    shown = diff(tool, f'{path}@1', path, '--key', 'id,part', '--limit', '3')
    check(len(shown['differences']) == 3 and shown['rows']['changed'] == len(changed), '--limit')


def check_formats(tool, folder):
    path = folder / 'formats.lance'
    lance.write_dataset(pa.table({'k': [1, 2, 3], 's': ['a', 'b\n', None]}), path)
    lance.write_dataset(pa.table({'k': [1, 2, 4], 's': ['a', 'c', None]}), path, mode='overwrite')
    arguments = ('diff', f'{path}@1', path, '--key', 'k')
    rows = list(csv.DictReader(io.StringIO(tool(*arguments, '-f', 'csv', code=1).stdout.decode())))
    check([(row['difference'], row['key'], row['column'], row['a'], row['b']) for row in rows] ==
          [('row only in A', '3', '', '{"k":3,"s":null}', ''), ('value', '2', 's', 'b\n', 'c'), ('row only in B', '4', '', '', '{"k":4,"s":null}')], f'{rows}')
    lines = [json.loads(line) for line in tool(*arguments, '-f', 'jsonl', code=1).stdout.splitlines()]
    check([(line['key'], line['a']) for line in lines] == [([3], {'k': 3, 's': None}), ([2], 'b\n'), ([4], None)], f'{lines}')
    result = tool(*arguments, code=1)
    check(b'1 changed' in result.stderr and b'changed' not in result.stdout, 'sums are messages')
    table = tool(*arguments, '-f', 'table', code=1).stdout.decode()
    check('3 rows in A, 3 in B: 1 the same, 1 changed, 1 only in A, 1 only in B' in table and 'b\\n' in table, table)
    result = tool(*arguments, '-q', code=1)
    check(not result.stdout and not result.stderr, 'quiet says nothing')


def check_values(tool, folder):
    def pair(a, b):
        lance.write_dataset(pa.table(a), folder / 'a.lance', mode='overwrite')
        lance.write_dataset(pa.table(b), folder / 'b.lance', mode='overwrite')
        return folder / 'a.lance', folder / 'b.lance'
    nan = float('nan')
    a, b = pair({'x': [1.0, nan, 0.0, 100.0, None]}, {'x': [1.0, nan, -0.0, 101.0, None]})
    check(kinds(diff(tool, a, b)) == [('value', 'x')], 'NaN is NaN, 0 is -0')
    check(diff(tool, a, b, '--rtol', '0.01')['equal'] and diff(tool, a, b, '--atol', '1')['equal'] and not diff(tool, a, b, '--atol', '0.5')['equal'], 'tolerances')
    a, b = pair({'v': pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2))}, {'v': pa.array([[1.0, 2.0], [1.0, 2.001], [1.0, 2.0]], pa.list_(pa.float32(), 2))})
    check(len(diff(tool, a, b)['differences']) == 1 and diff(tool, a, b, '--rtol', '0.01')['equal'], 'tolerances in vectors')
    # Types that hold the same values: the schemas differ, the rows do not.
    a, b = pair({'i': pa.array([1, -2], pa.int8()), 's': pa.array(['a', 'b'], pa.string()), 'd': pa.array(['x', None]).dictionary_encode()},
                {'i': pa.array([1, -2], pa.int64()), 's': pa.array(['a', 'b'], pa.large_string()), 'd': pa.array(['x', None])})
    document = diff(tool, a, b)
    check({row['difference'] for row in document['differences']} == {'type'} and document['rows']['same'] == 2, f'{document}')
    check(diff(tool, a, b, '--key', 's')['rows']['same'] == 2, 'keys of other types')
    a, b = pair({'i': pa.array([1, 2])}, {'i': pa.array(['1', '2'])})
    check(diff(tool, a, b)['rows'] == {'a': 2, 'b': 2, 'same': 2, 'changed': 0, 'only_in_a': 0, 'only_in_b': 0, 'repeated_keys': 0}, 'nothing to compare')
    tool('diff', a, b, '--key', 'i', code=2)
    # Rows of one key are paired in their order.
    a, b = pair({'k': [1, 1, 1, None], 'v': [1, 2, 3, 4]}, {'k': [None, 1, 1], 'v': [4, 1, 9]})
    document = diff(tool, a, b, '--key', 'k')
    check([(row['difference'], row['row_a'], row['row_b']) for row in document['differences']] == [('row only in A', 2, None), ('value', 1, 2)], f'{document}')
    check(document['rows']['repeated_keys'] == 3 and document['rows']['same'] == 2, f'{document["rows"]}')
    a, b = pair({'k': [1, 2, 3]}, {'k': [1]})
    check(kinds(diff(tool, a, b)) == [('row only in A', None)] * 2, 'what is longer')
    check(diff(tool, b, a)['rows']['only_in_b'] == 2, 'and the reverse')
    a, b = pair({'s': [{'a': 1, 'b': 'x'}]}, {'s': [{'a': 1, 'b': 'y'}]})
    check(diff(tool, a, b, '-c', 's.a')['equal'] and kinds(diff(tool, a, b, '-c', 's.a,s.b')) == [('value', 's')], 'dotted paths')
    check(b'--exclude' in tool('diff', a, b, '--key', 's.a', code=2).stderr, 'a column is key or value')
    a, b = pair({'s': [{'a': 1}, {'a': 2}], 'v': [1, 2]}, {'s': [{'a': 2}, {'a': 1}], 'v': [2, 3]})
    check([(row['key'], row['a'], row['b']) for row in diff(tool, a, b, '--key', 's.a', '-c', 'v')['differences']] == [([{'a': 1}], 1, 3)], 'a key in a struct')
    # The same fields in another order: one at a time they are found by name, together they would not be.
    numbers, words = pa.array([100_000_000, 5], pa.int32()), pa.array(['x', 'y'])
    a, b = pair({'s': pa.StructArray.from_arrays([words, numbers], ['w', 'n'])}, {'s': pa.StructArray.from_arrays([numbers, words], ['n', 'w'])})
    check(diff(tool, a, b, '-c', 's.w')['rows']['same'] == 2 and diff(tool, a, b, '-c', 's.n')['rows']['same'] == 2, 'fields by name')
    for options in (('-c', 's.w,s.n'), ('--key', 's.w,s.n', '-c', 's.w')):
        check(b'order' in tool('diff', a, b, *options, code=2).stderr, f'{options}: fields in another order')
    a, b = pair({'k': [0.0, -0.0, 1.5]}, {'k': [-0.0, 0.0, 1.5]})
    check(diff(tool, a, b, '--key', 'k')['rows']['same'] == 3, 'zeros of both signs are one key')


def check_versions(tool, folder):
    path = folder / 'history.lance'
    ds = lance.write_dataset(pa.table({'id': range(20)}), path)
    ds.delete('id = 3')
    branch = ds.create_branch('team/x', 2)
    branch.delete('id = 4')
    def rows(a, b):
        return diff(tool, f'{path}{a}', f'{path}{b}', '--key', 'id')['rows']
    check(rows('@1', '')['only_in_a'] == 1 and rows('', '@2')['same'] == 19, 'by number')
    check(rows('@team/x:', '')['only_in_b'] == 1 and rows('@team/x:2', '')['same'] == 19, 'branches')
    error = tool('diff', f'{path}@9', path, code=2).stderr
    check(b'no version 9' in error and b'1' in error, f'{error}')
    tool('diff', f'{path}@team/x:y', path, code=2)
    tool('diff', f'{path}@none', path, code=2)


def check_layout(tool, folder):
    a, b = folder / 'layout-a.lance', folder / 'layout-b.lance'
    table = pa.table({'id': pa.array(range(5000)), 's': [f'text {i % 7}' for i in range(5000)], 'gone': [1] * 5000})
    lance.write_dataset(table, a, max_rows_per_file=2000)
    lance.write_dataset(table.drop(['gone']).append_column(pa.field('new', pa.int8()), pa.array([1] * 5000, pa.int8())), b)
    totals = [{column['path']: column for column in tool.json('columns', path)['columns']} for path in (a, b)]
    document = diff(tool, a, b, '--layout')
    check({row['column'] for row in document['columns']} == {'id', 's', 'gone', 'new'} and not document['equal'], f'{document}')
    for row in document['columns']:
        for side, total in zip('ab', totals):
            column = total.get(row['column'])
            expected = (column['bytes'], column['pages'], column['encoding']) if column else (None, None, None)
            check((row[f'bytes_{side}'], row[f'pages_{side}'], row[f'encoding_{side}']) == expected, f'{row}')
    pages = diff(tool, a, b, '--layout', '--pages', '-c', 'id')['pages']
    for side, path in zip('ab', (a, b)):
        own = [(row['rows'], row['bytes'], row['encoding']) for row in tool.json('pages', path, '-c', 'id')['pages']]
        check([(row[f'rows_{side}'], row[f'bytes_{side}'], row[f'encoding_{side}']) for row in pages if row[f'rows_{side}'] is not None] == own, f'{pages}')
    text = tool('diff', a, b, '--layout', '-f', 'table', code=1).stdout.decode()
    check(text.startswith('A  ') and 'same' in text and 'change' in text, text)


def main():
    tool = Tool(sys.argv[1])
    folder = pathlib.Path(tempfile.mkdtemp(prefix='lancekit_diff_'))
    try:
        check_usage(tool, folder)
        check_damage(tool, folder)
        if lance is None:
            print('pylance is not installed: fixtures only')
            return
        check_schemas(tool, folder)
        check_formats(tool, folder)
        check_values(tool, folder)
        check_versions(tool, folder)
        check_layout(tool, folder)
        for seed in (1, 2):
            check_random(tool, folder / str(seed), random.Random(seed))
    finally:
        shutil.rmtree(folder)
    print('differences are told')


if __name__ == '__main__':
    sys.exit(main())
