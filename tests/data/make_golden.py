#!/usr/bin/env python3
"""Makes the golden files of X1 anew: x1-*.lance, each with one encoding forced, and their values in x1-*.parquet.

    tests/data/make_golden.py LANCE-CONVERT LANCE-INSPECT

Needs pyarrow. Once X1 is final, files are only ever added: those that are there must read for ever. Until then this is what a change
of its bytes calls for. tests/interop/golden_test.py reads the files and says what is missing.
"""
import decimal
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(__file__).resolve().parent
ROWS = 4200  # more than a chunk of four blocks of 1024 values; the last block is not full


def nulls_at(values, step):
    return [None if i % step == 3 else value for i, value in enumerate(values)]


def numbers():
    rows = range(ROWS)
    return pa.table({
        'id': pa.array([1_000_000 + 3 * i + i * 7919 % 3 for i in rows], pa.int32()),
        'time': pa.array([1_700_000_000_000_000 + i * 1_000_000 + i * i % 97 + 5_000_000 * (i // 500) for i in rows], pa.timestamp('us')),
        'rare': pa.array([-2**62 if i % 400 == 7 else i * i % 61 for i in rows], pa.int64()),
        'run': pa.array(nulls_at([i // 40 % 7 for i in rows], 11), pa.uint8()),
        'small': pa.array(nulls_at([i * 37 % 19 - 9 for i in rows], 17), pa.int16()),
        'price': pa.array([decimal.Decimal(i * 7919 % 9000 - 50).scaleb(-2) for i in rows], pa.decimal128(12, 2)),
        'line': pa.array([i % 37 % (4 + i // 37 % 5) + 1 for i in rows], pa.int32()),
        'minute': pa.array([1_700_000_040_000_000 + 60_000_000 * (i // 3 + i * i % 7) for i in rows], pa.timestamp('us')),
        'skewed': pa.array([2**((i * 2654435761 >> 16) % 17) + i % 3 for i in rows], pa.uint32()),
    })


def floats():
    rows = range(1000)
    return pa.table({
        'price': pa.array(nulls_at([i * 7919 % 4000 / 100 for i in rows], 13), pa.float64()),
        'noise': pa.array([float('nan') if i % 900 == 5 else -0.0 if i % 900 == 6 else i % 700 / 8 + (1e-9 if i % 450 == 9 else 0) for i in rows], pa.float64()),
        'share': pa.array([i * 31 % 1000 / 1000 for i in rows], pa.float32()),
    })


def reals():
    return pa.table({'real': pa.array([math.sin(i) * 40 for i in range(300)])})


def strings():
    words = 'carefully final deposits sleep above the quickly regular ideas among furiously express accounts'.split()
    text = [' '.join(words[(i * 7 + j * j + i // 9 * j) % len(words)] for j in range(i % 4)) + ('' if i % 5 else f' {i % 89}') for i in range(ROWS)]
    sites = sorted(f'https://example.org/{words[i % 12]}/{i * 7919 % 1000:04}' for i in range(ROWS))
    return pa.table({'text': pa.array(nulls_at(text, 19)), 'bytes': pa.array([bytes([i % 5] * (i % 4)) for i in range(ROWS)], pa.binary()),
                     'site': pa.array(sites)})


def nested():
    rows = range(500)
    lists = [None if i % 13 == 0 else [None if (i + j) % 7 == 0 else 50_000 + i * 3 + j for j in range(i % 4)] for i in rows]
    trips = [[] if i % 5 == 0 else [{'stop': f'stop {(i * j) % 12}', 'fare': i * 7 % 300 / 4} for j in range(i % 3)] for i in rows]
    return pa.table({'lists': pa.array(lists, pa.list_(pa.int32())),
                     'trips': pa.array(trips, pa.list_(pa.struct([('stop', pa.string()), ('fare', pa.float64())]))),
                     'pair': pa.array([None if i % 9 == 0 else {'a': i, 'b': i % 2 == 0} for i in rows], pa.struct([('a', pa.int64()), ('b', pa.bool_())])),
                     'point': pa.array([[i / 4, i / 8] for i in rows], pa.list_(pa.float32(), 2))})


TABLES = {'numbers': numbers, 'floats': floats, 'reals': reals, 'strings': strings, 'nested': nested}
# name: (table, its columns or None for all, rows, {column: encoding} or {} for what the writer chooses)
FILES = {
    'flat': ('numbers', ['small', 'run'], 600, {'small': 'flat', 'run': 'flat'}),
    'frame': ('numbers', ['id', 'run'], ROWS, {'id': 'frame', 'run': 'frame'}),
    'patched': ('numbers', ['rare'], ROWS, {'rare': 'patched'}),
    'delta': ('numbers', ['id', 'time'], ROWS, {'id': 'delta(frame)', 'time': 'delta(patched(frame))'}),
    'narrow': ('numbers', ['price'], ROWS, {'price': 'narrow(frame)'}),
    'bits': ('numbers', ['run'], ROWS, {'run': 'bits(zstd)'}),
    'cut': ('numbers', ['skewed'], ROWS, {'skewed': 'cut(narrow(zstd),frame)'}),
    'rle': ('numbers', ['run'], ROWS, {'run': 'rle'}),
    'runs': ('numbers', ['run'], ROWS, {'run': 'runs(frame,frame)'}),
    'stairs': ('numbers', ['line'], ROWS, {'line': 'stairs(frame,frame)'}),
    'scale': ('numbers', ['minute'], ROWS, {'minute': 'scale(delta(frame))'}),
    'snappy': ('numbers', ['small'], ROWS, {'small': 'snappy'}),
    'zstd': ('numbers', ['id', 'small'], ROWS, {'id': 'zstd:9', 'small': 'delta(narrow(zstd))'}),
    'lz4': ('numbers', ['small'], ROWS, {'small': 'lz4'}),
    'alp': ('floats', None, 1000, {'price': 'alp(frame)', 'noise': 'alp(patched(frame))', 'share': 'alp(delta(frame))'}),
    'alp_rd': ('reals', None, 300, {'real': 'alp_rd'}),
    'split': ('floats', ['share'], 1000, {'share': 'zstd(split)'}),
    'lengths': ('strings', ['text', 'bytes'], 400, {'text': 'lengths', 'bytes': 'lengths'}),
    'front': ('strings', ['site'], 2100, {'site': 'front(lengths,frame)'}),
    'tokens': ('strings', ['site'], ROWS, {'site': 'tokens'}),
    'fsst': ('strings', ['text'], ROWS, {'text': 'fsst(lengths)'}),
    'zstd-strings': ('strings', ['text', 'bytes'], ROWS, {'text': 'zstd(fsst(lengths))', 'bytes': 'zstd(lengths)'}),
    'dictionary': ('strings', ['bytes'], ROWS, {'bytes': 'dictionary'}),
    'nested': ('nested', None, 500, {'lists.item': 'delta(frame)', 'trips.item.fare': 'alp(frame)'}),
    'chosen': ('numbers', None, 1100, {}),
}


def encodings_of(inspect, path):
    """-> names of all encodings in the file."""
    def names(node):
        return {node.get('name')} | {name for child in node.get('children', []) for name in names(child)}
    done = subprocess.run([inspect, 'encoding', '--json', path], check=True, stdout=subprocess.PIPE)
    return {name for page in json.loads(done.stdout)['pages'] for name in names(page['encoding'])} - {None}


def main():
    convert, inspect = sys.argv[1:]
    for old in FOLDER.glob('x1-*'):
        old.unlink()
    tables = {name: make() for name, make in TABLES.items()}
    for name, table in tables.items():
        pq.write_table(table, FOLDER / f'x1-{name}.parquet', compression='zstd', compression_level=19, use_dictionary=False,
                       column_encoding={'id': 'DELTA_BINARY_PACKED', 'time': 'DELTA_BINARY_PACKED'} if name == 'numbers' else None,
                       use_compliant_nested_type=False)
    with tempfile.TemporaryDirectory() as folder:
        for name, (source, columns, rows, encodings) in FILES.items():
            table = tables[source].slice(0, rows).select(columns or tables[source].schema.names)
            part = pathlib.Path(folder) / 'part.arrow'
            with pa.ipc.new_file(part, table.schema) as file:
                file.write_table(table)
            path = FOLDER / f'x1-{name}.lance'
            forced = [word for item in encodings.items() for word in ('--encode', '='.join(item))]
            subprocess.run([convert, '-q', '--format-version', 'x1', '--single-file', *forced, part, path], check=True)
            print(f'{path.name:24} {path.stat().st_size:7,}  {" ".join(sorted(encodings_of(inspect, path)))}')
    print(f'{sum(path.stat().st_size for path in FOLDER.glob("x1-*")):,} bytes')


if __name__ == '__main__':
    main()
