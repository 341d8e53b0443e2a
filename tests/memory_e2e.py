#!/usr/bin/env python3
"""What lance-convert takes of memory under --memory-limit 256MiB: at most 320 MiB, however large the input is.

    memory_e2e.py LANCE_CONVERT [--mib N]

Peaks are those of the system (VmHWM), as --summary tells them. N is the size of the table in memory, 4096 for the long form.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LIMIT, MOST = '256MiB', 320 << 20
VALUE = 300 << 20


def make_table(path, mib):
    """Numbers, texts and vectors, 100,000 rows at a time."""
    random, rows, writer, size = np.random.default_rng(1), 100_000, None, 0
    while size < mib << 20:
        letters = random.integers(97, 123, rows * 40, dtype=np.uint8).tobytes()
        text = pa.StringArray.from_buffers(rows, pa.py_buffer(np.arange(0, rows * 40 + 1, 40, dtype=np.int32)), pa.py_buffer(letters))
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(random.normal(size=rows * 32).astype(np.float32)), 32)
        table = pa.table({'id': np.arange(rows), 'number': random.integers(0, 1 << 60, rows), 'text': text, 'vector': vectors,
                          'few': [f'c{i % 50}' for i in range(rows)]})
        writer = writer or pq.ParquetWriter(path, table.schema, compression='lz4')
        writer.write_table(table)
        size += table.nbytes
    writer.close()
    return pq.read_metadata(path).num_rows


def run(program, *arguments, limit=LIMIT):
    return subprocess.run([program, *map(str, arguments), '--memory-limit', limit, '--json'], capture_output=True, text=True, timeout=3600)


def measure(program, source, target, *options, rows):
    done = run(program, source, target, *options)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stderr.splitlines()[-1])['summary']
    peak = summary['peak_memory']
    print(f'{source.name} to {target.name} {" ".join(options)}: {peak / (1 << 20):.0f} MiB, {summary["seconds"]:.1f} s', flush=True)
    assert summary['rows'] == rows, summary
    assert 20 << 20 < peak <= MOST, peak


def refuse_long_value(program, folder):
    """A value larger than the limit is refused, and the message says how much would do."""
    column = pa.array([b'a', bytes(VALUE), b'b'], pa.large_binary())
    pq.write_table(pa.table({'id': [1, 2, 3], 'value': column}), folder / 'long.parquet', use_dictionary=False)
    del column
    with open(folder / 'long.jsonl', 'w') as lines, open(folder / 'long.csv', 'w') as rows:
        lines.write('{"id":1,"value":"a"}\n{"id":2,"value":"' + 'y' * (VALUE // 6) + '"}\n')
        rows.write('id,value\n1,a\n2,' + 'y' * (VALUE // 6) + '\n')
    for source, target, limit in (('parquet', 'lance', LIMIT), ('jsonl', 'parquet', '40MiB'), ('csv', 'lance', '40MiB')):
        done = run(program, folder / f'long.{source}', folder / f'refused.{target}', limit=limit)
        assert done.returncode == 7, (source, target, done)
        error = json.loads(done.stderr.splitlines()[-1])['error']
        assert 'needs ' in error['message'] and ' MiB would do' in error['message'], error
        assert not (folder / f'refused.{target}').exists(), (source, target)
    print('long values are refused')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('lance_convert', type=os.path.abspath)
    parser.add_argument('--mib', type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rows = make_table(folder / 'in.parquet', options.mib)
        measure(options.lance_convert, folder / 'in.parquet', folder / 'out.lance', rows=rows)
        measure(options.lance_convert, folder / 'in.parquet', folder / 'file.lance', '--single-file', '-j', '8', rows=rows)
        if options.mib > 1000:
            measure(options.lance_convert, folder / 'in.parquet', folder / 'x1.lance', '--format-version', 'x1', rows=rows)
        measure(options.lance_convert, folder / 'out.lance', folder / 'out.parquet', rows=rows)
        refuse_long_value(options.lance_convert, folder)


if __name__ == '__main__':
    main()
