#!/usr/bin/env python3
"""Field metadata lance-encoding:*: honoured when writing (seen in the page's encoding), kept in the schema, read back equal.

usage: hints_test.py BRIDGE_LIBRARY
"""
import sys

import lance
import lance.file
import numpy as np
import pyarrow as pa

from columns import VERSIONS
from comparison import differences
from lancekit_bridge import Lancekit, LancekitError
from nested import make_nested
from reference import Reference, Runner

ROWS = 20_000
HINTS = [   # metadata, column, what the encoding of its page must name, what it must not
    ({}, 'number', [], []),
    ({'compression': 'zstd'}, 'number', ['General', 'Zstd'], []),
    ({'compression': 'lz4'}, 'number', ['General', 'Lz4'], []),
    ({'compression': 'zstd', 'compression-level': '9'}, 'double', ['Zstd', 'Some( 9'], []),
    ({'compression': 'zstd', 'bss': 'on'}, 'double', ['ByteStreamSplit', 'General'], []),
    ({'compression': 'zstd', 'bss': 'off'}, 'double', ['General'], ['ByteStreamSplit']),
    ({'compression': 'none'}, 'double', ['Flat'], ['Bitpacking', 'Rle', 'General']),
    ({'compression': 'none'}, 'text', ['Variable'], ['Fsst', 'General']),
    ({'compression': 'fsst'}, 'text', ['Fsst'], []),
    ({'compression': 'zstd'}, 'text', ['General', 'Variable'], ['Fsst']),
    ({'compression': 'lz4'}, 'text', ['General', 'Lz4'], ['Fsst']),
    ({'structural-encoding': 'fullzip'}, 'text', ['FullZip'], ['MiniBlock']),
    ({'structural-encoding': 'fullzip'}, 'number', ['FullZip'], ['MiniBlock']),
    ({'structural-encoding': 'fullzip', 'compression': 'zstd'}, 'text', ['FullZip', 'General'], []),
    ({'structural-encoding': 'miniblock'}, 'long text', ['MiniBlock'], ['FullZip']),
    ({'structural-encoding': 'fullzip'}, 'list', ['FullZip'], ['MiniBlock']),
    ({'structural-encoding': 'fullzip'}, 'flag', ['FullZip'], ['MiniBlock']),
    ({'structural-encoding': 'fullzip'}, 'bits', ['FullZip'], ['MiniBlock']),
    # The reference panics when it reads these from full-zip.
    ({'structural-encoding': 'fullzip'}, 'bits with nulls', ['MiniBlock'], ['FullZip']),
    ({}, 'many bits with nulls', ['MiniBlock'], ['FullZip']),
    ({'rle-threshold': '0.9'}, 'runs', ['Rle'], []),
    ({'rle-threshold': '0.0'}, 'runs', [], ['Rle']),
    ({'dict-size-ratio': '0.0'}, 'words', [], ['dictionary: Some']),
    ({'dict-divisor': '100000'}, 'words', [], ['dictionary: Some']),
    ({}, 'words', ['dictionary: Some'], []),
    ({'minichunk-size': '64'}, 'text', [], []),
    ({'compression': 'nonsense', 'rle-threshold': 'x'}, 'number', ['MiniBlock'], []),
]


def columns(rng):
    n = ROWS
    words = np.array(['alpha', 'beta', 'gamma', 'delta'])
    lengths = rng.integers(1, 30, n)
    return {
        'number': pa.array(rng.integers(0, 50, n) * 1000, mask=rng.random(n) < 0.1), 'double': pa.array(np.round(rng.normal(size=n), 3)),
        'text': pa.array([f'some text of row {i} and {i * 7919 % 977}' for i in range(n)]), 'long text': pa.array([f'{i} ' * 60 for i in range(n)]),
        'runs': pa.array(np.repeat(rng.integers(0, 1 << 40, n), 30)[:n]), 'words': pa.array(words[rng.integers(0, 4, n)]),
        'flag': pa.array(rng.random(n) < 0.5, mask=rng.random(n) < 0.1),
        'bits': pa.FixedSizeListArray.from_arrays(pa.array(rng.random(n) < 0.5), 8),
        'bits with nulls': pa.FixedSizeListArray.from_arrays(pa.array(rng.random(n) < 0.5, mask=rng.random(n) < 0.1), 8),
        'many bits with nulls': pa.FixedSizeListArray.from_arrays(pa.array(rng.random(n) < 0.5, mask=rng.random(n) < 0.1), 4000),
        'list': pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(lengths[:n // 10])]).astype('i4')), pa.array(rng.integers(0, 9, int(lengths[:n // 10].sum())))),
    }


def encodings(path):
    """The encodings of all pages as text without line breaks."""
    return [' '.join(page.encoding.split()) for column in lance.file.LanceFileReader(path).metadata().columns for page in column.pages]


def check_read(lancekit, reference, path, table):
    """[text] of differences; metadata of the field is kept."""
    theirs, ours = reference.read(path), lancekit.read(path)
    found = differences(table, theirs) + differences(table, ours)
    for got in (theirs, ours):
        if (got.schema.field(0).metadata or {}) != (table.schema.field(0).metadata or {}):
            found.append(f'metadata {got.schema.field(0).metadata}')
    return found


def check_hints(lancekit, run, version):
    path = run.path('hints.lance')
    arrays = columns(np.random.default_rng(3))
    for hints, column, wanted, unwanted in HINTS:
        def honoured():
            metadata = {f'lance-encoding:{key}': value for key, value in hints.items()}
            array = arrays[column]
            # The structural encoding is read from the top-level field, the others from the leaf.
            of_item = {} if 'structural-encoding' in hints else metadata
            t = pa.list_(pa.field('item', array.type.value_type, metadata=of_item)) if column == 'list' else array.type
            table = pa.table([array.cast(t)], schema=pa.schema([pa.field('c', t, metadata=metadata)]))
            lancekit.write(path, table, version=version, single_file=True)
            text = ' '.join(encodings(path))
            found = [f'no {word} in {text[:300]}' for word in wanted if word not in text] + [f'{word} in {text[:300]}' for word in unwanted if word in text]
            return found + check_read(lancekit, Reference(), path, table)
        run.check(f'{hints} of {column}, {version}', honoured)


def check_packed(lancekit, run, version):
    path = run.path('packed.lance')
    rng = np.random.default_rng(4)
    fixed = pa.struct([pa.field('x', pa.int32(), False), pa.field('y', pa.float64(), False), pa.field('v', pa.binary(3), False)])
    text = pa.struct([pa.field('x', pa.int32(), False), pa.field('s', pa.string(), False), pa.field('t', pa.large_binary(), False)])
    wide = pa.struct([pa.field('x', pa.int32(), False), pa.field('w', pa.binary(300), False)])
    lists = pa.struct([pa.field('x', pa.int32(), False), pa.field('v', pa.list_(pa.float32(), 3), False), pa.field('m', pa.list_(pa.list_(pa.int16(), 3), 2), False)])
    list_only = pa.struct([pa.field('v', pa.list_(pa.int16(), 200), False)])
    list_and_text = pa.struct([pa.field('s', pa.large_string(), False), pa.field('v', pa.list_(pa.binary(3), 3), False)])
    for name, t, message in (('fixed', fixed, 'PackedStruct'), ('wide', wide, 'PackedStruct'), ('text', text, 'VariablePackedStruct'), ('lists', lists, 'VariablePackedStruct'),
                             ('list only', list_only, 'VariablePackedStruct'), ('list and text', list_and_text, 'VariablePackedStruct')):
        if version == '2.1' and message == 'VariablePackedStruct':
            continue
        for key in ('lance-encoding:packed', 'packed'):
            for rate in (0, 0.2):
                for start, rows in ((0, 3000), (7, 1), (100, 0), (3, 2001)):
                    array = make_nested(t, 3100, rng, rate=rate).slice(start, rows)
                    array = pa.concat_arrays([array])
                    table = pa.table([array], schema=pa.schema([pa.field('c', t, metadata={key: 'true'})]))
                    def packed():
                        lancekit.write(path, table, version=version, single_file=True, page_bytes=40_000)
                        words = ' '.join(encodings(path))
                        return ([] if message in words or array.null_count == rows else [words[:300]]) + check_read(lancekit, Reference(), path, table)
                    run.check(f'packed {name} with {key}, {rows} rows, nulls {rate}, {version}', packed)
        for nullable in (False, True):
            field = pa.field('p', t, nullable, metadata={'lance-encoding:packed': 'true'})
            for around in (pa.list_(field), pa.struct([field]), pa.struct([pa.field('s', pa.struct([field]))])):
                table = pa.table({'c': make_nested(around, 2000, rng)})
                def inside():
                    lancekit.write(path, table, version=version, single_file=True, page_bytes=3000)
                    return check_read(lancekit, Reference(), path, table)
                run.check(f'packed {name} in {around}, {version}', inside)


def check_refusals(lancekit, run, version):
    path = run.path('refused.lance')
    packed = {'lance-encoding:packed': 'true'}
    text = pa.struct([pa.field('s', pa.string(), False)])
    refused = {'null in a packed struct': (pa.array([{'x': None}], pa.struct([('x', pa.int32())])), packed),
               'packed booleans': (pa.array([{'x': True}], pa.struct([('x', pa.bool_())])), packed),
               'null booleans in packed lists': (pa.array([{'x': [True] * 7 + [None]}], pa.struct([('x', pa.list_(pa.bool_(), 8))])), packed),
               'packed lists of 3 booleans': (pa.array([{'x': [True] * 3}], pa.struct([('x', pa.list_(pa.bool_(), 3))])), packed),
               'blob': (pa.array([b'a'], pa.binary()), {'lance-encoding:blob': 'true'}),
               'sparse': (pa.array([1]), {'lance-encoding:structural-encoding': 'sparse'})}
    if version == '2.1':
        refused['packed strings'] = (pa.array([{'s': 'a'}], text), packed)
        refused['packed lists'] = (pa.array([{'x': [1, 2]}], pa.struct([('x', pa.list_(pa.int32(), 2))])), packed)
    for name, (array, metadata) in refused.items():
        def refuses():
            try:
                lancekit.write(path, pa.table([array], schema=pa.schema([pa.field('c', array.type, metadata=metadata)])), version=version)
            except LancekitError as error:
                return [] if error.code == 'unsupported' else [str(error)]
            return ['no error']
        run.check(f'{name} is refused, {version}', refuses)


def main():
    run = Runner()
    lancekit = Lancekit(sys.argv[1])
    for version in VERSIONS:
        for check in (check_hints, check_packed, check_refusals):
            check(lancekit, run, version)
            print(f'{check.__name__}, {version}: {run.passed} passed, {len(run.failures)} failed', flush=True)
    run.finish()


if __name__ == '__main__':
    main()
