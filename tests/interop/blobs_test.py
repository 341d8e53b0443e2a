#!/usr/bin/env python3
"""Blob columns written by us: bare files and datasets, given as large_binary or as pylance's extension type, inside structs, in
batches and pages of any size. Read back by us and by pylance, as values and one by one.

usage: blobs_test.py BRIDGE_LIBRARY
"""
import os
import resource
import sys

import lance
import lance.file
import numpy as np
import pyarrow as pa

from columns import VERSIONS
from lancekit_bridge import Lancekit, LancekitError
from reference import Runner

BLOB = {'lance-encoding:blob': 'true'}
TYPES = ('metadata', 'extension')


def values(n, rate, rng):
    sizes = rng.choice([0, 1, 63, 64, 65, 5000, 70_000], n)
    return [None if rng.random() < rate else rng.bytes(size) for size in sizes]


def blob_table(blobs, given_as):
    field, array = (lance.blob_field('b'), lance.blob_array(blobs)) if given_as == 'extension' else (pa.field('b', pa.large_binary(), metadata=BLOB), pa.array(blobs, pa.large_binary()))
    return pa.table([pa.array(range(len(blobs))), array, pa.array([str(i) for i in range(len(blobs))])],
                    schema=pa.schema([pa.field('i', pa.int64()), field, pa.field('s', pa.string())]))


def read_by_us(lancekit, path, blobs):
    got = lancekit.read(path)
    found = [] if got['b'].to_pylist() == blobs and got['i'].to_pylist() == list(range(len(blobs))) else ['other values']
    if got.schema.field('b') != pa.field('b', pa.large_binary()) or got.schema.field('b').metadata != {b'lance-encoding:blob': b'true'}:
        found.append(f'{got.schema.field("b")} {got.schema.field("b").metadata}')
    for row in {0, len(blobs) // 2, len(blobs) - 1} if blobs else ():
        part, size, _ = lancekit.blob(path, 'b', row, 3, 100)
        if size != (None if blobs[row] is None else len(blobs[row])) or part != (blobs[row] or b'')[3:103]:
            found.append(f'blob {row} of {size} bytes')
    return found


def read_by_pylance(path, blobs, single_file):
    if single_file:
        got = lance.file.LanceFileReader(path).read_all().to_table()
        return [] if got['b'].to_pylist() == blobs and got['i'].to_pylist() == list(range(len(blobs))) else ['pylance: other values']
    data = lance.dataset(path)
    got = data.scanner(blob_handling='all_binary').to_table()
    found = [] if got['b'].to_pylist() == blobs and got['s'].to_pylist() == [str(i) for i in range(len(blobs))] else ['pylance: other values']
    if blobs and [None if blob is None else blob.readall() for blob in data.take_blobs('b', indices=list(range(len(blobs))))] != blobs:
        found.append('pylance: other blobs')
    return found


def check_tables(lancekit, run, version):
    rng = np.random.default_rng(5)
    for given_as in TYPES:
        for single_file in (False, True):
            for rows, rate, settings in ((300, 0.1, {}), (300, 0, {'page_bytes': 1}), (500, 0.5, {'page_bytes': 2000, 'batch_rows': 7}), (40, 1, {}), (0, 0, {}), (200, 0.2, {'max_rows_per_file': 30})):
                blobs = values(rows, rate, rng)
                path = run.path(f'{version}-{given_as}-{single_file}-{rows}-{rate}.lance')
                def table():
                    lancekit.write(path, blob_table(blobs, given_as), version=version, single_file=single_file, **settings)
                    return read_by_us(lancekit, path, blobs) + read_by_pylance(path, blobs, single_file)
                run.check(f'{rows} blobs as {given_as}, nulls {rate}, {settings}, single file {single_file}, {version}', table)


def check_structs(lancekit, run, version):
    """Blob pages hold the nulls of structs above them. Blobs of pylance's datasets of 2.2 are no pages."""
    t = pa.struct([pa.field('x', pa.int32()), pa.field('b', pa.large_binary(), metadata=BLOB)])
    rows = [{'x': 1, 'b': b'ab'}, None, {'x': 2, 'b': None}, {'x': None, 'b': b''}, {'x': 5, 'b': b'z' * 1000}] * 20
    for name, column in (('struct', pa.array(rows, t)), ('nested struct', pa.array([None if i % 7 == 0 else {'s': row} for i, row in enumerate(rows)], pa.struct([('s', t)])))):
        path = run.path(f'{name}-{version}.lance')
        for page_bytes in (0, 50):
            def nested():
                lancekit.write(path, pa.table({'c': column}), version=version, single_file=True, page_bytes=page_bytes)
                theirs = lance.file.LanceFileReader(path).read_all().to_table()
                return [f'{who}: other values' for who, got in (('we', lancekit.read(path)), ('pylance', theirs)) if got['c'].to_pylist() != column.to_pylist()]
            run.check(f'blobs in a {name}, pages of {page_bytes}, {version}', nested)


def check_append(lancekit, run):
    """pylance goes on with a table of ours, also with blobs that it puts beside the data file."""
    blobs = values(50, 0.2, np.random.default_rng(6))
    path = run.path('appended.lance')
    def append():
        lancekit.write(path, blob_table(blobs, 'metadata'))
        more = [b'q' * 100_000, None, b'w' * 5_000_000]
        table = blob_table(blobs + more, 'extension').slice(len(blobs))
        lance.write_dataset(table, path, mode='append')
        return read_by_us(lancekit, path, blobs + more) + read_by_pylance(path, blobs + more, False)
    run.check('pylance appends to a dataset of 2.2', append)


def check_bytes(lancekit, run, version):
    """A file does not depend on the batches that its rows came in."""
    table = blob_table(values(300, 0.2, np.random.default_rng(7)), 'metadata')
    def same():
        found = set()
        for batch_rows in (None, 1, 7, 100):
            path = run.path(f'batches-{batch_rows}.lance')
            lancekit.write(path, table, version=version, single_file=True, page_bytes=1500, batch_rows=batch_rows)
            found.add(open(path, 'rb').read())
        return [] if len(found) == 1 else [f'{len(found)} different files']
    run.check(f'the same file from any batches, {version}', same)


def check_memory(lancekit, run):
    """Bytes go to the file as they come."""
    size, count, most = 16 << 20, 40, 200 << 20
    schema = pa.schema([pa.field('b', pa.large_binary(), metadata=BLOB)])
    path = run.path('large.lance')
    def batches():
        for i in range(count):
            yield pa.record_batch([pa.array([bytes([i]) * size], pa.large_binary())], schema=schema)
    def memory():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        lancekit.write(path, pa.RecordBatchReader.from_batches(schema, batches()))
        taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
        print(f'{count * size:,} bytes of blobs written with {taken:,} bytes more of memory')
        ends = [lancekit.blob(path, 'b', i, size - 1, 9)[:2] for i in range(count)]
        return ([] if taken < most else [f'{taken:,} bytes of memory']) + ([] if ends == [(bytes([i]), size) for i in range(count)] else ['other values'])
    run.check('large blobs', memory)


def check_refusals(lancekit, run, version):
    field = pa.field('b', pa.large_binary(), metadata=BLOB)
    uri = lance.blob_array([lance.Blob.from_uri('file:///tmp/x')]).storage
    both = pa.array([{'data': None, 'uri': None, 'position': None, 'size': None}], uri.type)
    extension = lambda storage: pa.table([pa.ExtensionArray.from_storage(lance.blob_field('b').type, storage)], schema=pa.schema([lance.blob_field('b')]))
    refused = {
        'blobs in a list': (pa.table({'c': pa.array([[b'a']], pa.list_(field))}), '"c.b"', 'unsupported'),
        'a string as blob': (pa.table([['a']], schema=pa.schema([pa.field('b', pa.string(), metadata=BLOB)])), '"b"', 'unsupported'),
        'a blob at a URI': (extension(uri), '"b"', 'unsupported'),
        'a blob of nothing': (extension(both), '"b"', 'invalid argument'),
        'a null that must not be': (pa.table([pa.array([None], pa.large_binary())], schema=pa.schema([field.with_nullable(False)])), '"b"', 'invalid argument'),
    }
    if version == '2.2':
        refused['a blob in a struct of a dataset'] = (pa.table({'c': pa.array([{'b': b'a'}], pa.struct([field]))}), '"c.b"', 'unsupported')
    for name, (table, column, code) in refused.items():
        path = run.path('refused.lance')
        def refuses():
            before = sorted(os.listdir(run.folder))
            try:
                lancekit.write(path, table, version=version)
            except LancekitError as error:
                found = [] if error.code == code and column in str(error) else [f'{error.code}: {error}']
                return found + (['something is left behind'] if sorted(os.listdir(run.folder)) != before else [])
            return ['no error']
        run.check(f'{name} is refused, {version}', refuses)


def main():
    lancekit, run = Lancekit(sys.argv[1]), Runner()
    check_memory(lancekit, run)
    for version in VERSIONS:
        for check in (check_tables, check_structs, check_bytes, check_refusals):
            check(lancekit, run, version)
    check_append(lancekit, run)
    run.finish()


if __name__ == '__main__':
    main()
