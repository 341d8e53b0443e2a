#!/usr/bin/env python3
"""CSV, TSV and JSON lines.

    convert_text_e2e.py PATH-OF-LANCE-CONVERT [-k PART-OF-A-NAME]
"""
import gzip
import json
import sys

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from convert_testing import BIRDS, FLIGHTS, expect, main, nothing_left, read_ipc, run, test, zoo


@test
def csv_types_survive(tmp):
    (tmp / 'a.csv').write_text('zip,n,x,when,day,ok,note\n00501,1,1.5,2026-11-21T10:00:00,2026-11-21,true,\n'
                               '00544,2,2,2026-11-21 10:00:00.25,,false,""\n')
    expect(0, tmp / 'a.csv', tmp / 'a.parquet')
    table = pq.read_table(tmp / 'a.parquet')
    assert [str(t) for t in table.schema.types] == ['string', 'int64', 'double', 'timestamp[us]', 'date32[day]', 'bool', 'string'], table.schema
    assert table['zip'].to_pylist() == ['00501', '00544']
    assert table['note'].to_pylist() == [None, '']
    assert table['x'].to_pylist() == [1.5, 2.0]
    expect(0, tmp / 'a.parquet', tmp / 'b.csv')
    expect(0, tmp / 'b.csv', tmp / 'b.parquet')
    assert pq.read_table(tmp / 'b.parquet').equals(table)


@test
def csv_widens_on_a_late_conflict(tmp):
    rows = 400_000
    with open(tmp / 'a.csv', 'w') as file:
        file.write('a,b,c\n')
        for i in range(rows):
            last = i == rows - 1
            file.write(f'{"1.5" if last else i},{"007" if last else i},{"" if i < rows - 2 else 5}\n')
    expect(0, tmp / 'a.csv', tmp / 'a.parquet')
    table = pq.read_table(tmp / 'a.parquet')
    assert [str(t) for t in table.schema.types] == ['double', 'string', 'int64'], table.schema
    assert table.num_rows == rows
    assert table['b'][rows - 1].as_py() == '007' and table['a'][rows - 1].as_py() == 1.5
    # A pipe is kept in a temporary file for another try.
    with open(tmp / 'a.csv', 'rb') as file:
        text = file.read()
    expect(0, '--from', 'csv', '-', tmp / 'b.parquet', stdin=text)
    assert pq.read_table(tmp / 'b.parquet').equals(table)
    nothing_left(tmp, 'a.csv', 'a.parquet', 'b.parquet')
    # Where there is no place for it, the row is named and nothing is left.
    done = expect(4, '--from', 'csv', '-', tmp / 'c.parquet', stdin=text, env={'TMPDIR': str(tmp / 'none')})
    assert b'row 399,999' in done.stderr or b'row 400,000' in done.stderr, done.stderr
    nothing_left(tmp, 'a.csv', 'a.parquet', 'b.parquet')


@test
def csv_dialects(tmp):
    (tmp / 'a.txt').write_text('1;NA;"x;y"\n2;3;"a ""q"""\n')
    expect(0, '--from', 'csv', '--delimiter', ';', '--no-header', '--null', 'NA', tmp / 'a.txt', tmp / 'a.parquet')
    assert pq.read_table(tmp / 'a.parquet').to_pylist() == [{'f0': 1, 'f1': None, 'f2': 'x;y'}, {'f0': 2, 'f1': 3, 'f2': 'a "q"'}]
    expect(0, tmp / 'a.parquet', tmp / 'a.tsv')
    assert (tmp / 'a.tsv').read_text() == 'f0\tf1\tf2\n1\t\tx;y\n2\t3\t"a ""q"""\n'
    expect(0, tmp / 'a.tsv', tmp / 'b.csv.gz')
    expect(0, tmp / 'b.csv.gz', tmp / 'b.parquet')
    assert pq.read_table(tmp / 'b.parquet').num_rows == 2


@test
def birdstrikes_go_round(tmp):
    expect(0, BIRDS, tmp / 'b.parquet')
    ours = pq.read_table(tmp / 'b.parquet')
    theirs = pyarrow.csv.read_csv(BIRDS, convert_options=pyarrow.csv.ConvertOptions(
        null_values=[''], strings_can_be_null=True, quoted_strings_can_be_null=False))
    assert ours.num_rows == theirs.num_rows == 1000
    assert ours.to_pylist() == theirs.to_pylist()
    expect(0, tmp / 'b.parquet', tmp / 'b.csv')
    assert (tmp / 'b.csv').read_text().splitlines()[1] == BIRDS.read_text().splitlines()[1]


@test
def text_values(tmp):
    pq.write_table(zoo(), tmp / 'a.parquet')
    lines = expect(0, tmp / 'a.parquet', '--to', 'jsonl', '-', '-q').stdout.decode().splitlines()
    first, null, last = map(json.loads, lines)
    assert first['u64'] == 0 and last['u64'] == 2**64 - 1
    assert last['f32'] == 'NaN' and last['f64'] == 'Infinity' and first['f32'] == 0.1
    assert first['dec'] == '12.34' and last['dec'] == '-0.01'
    assert first['day'] == '1969-12-31' and first['ts'] == '2026-11-21T10:00:01.250000000'
    assert first['tz'] == '2026-11-21T10:00:01.250000Z' and first['time'] == '10:00:01.250000' and first['dur'] == 'PT1.500S'
    assert first['bin'] == 'AP8=' and first['vec'] == [1.0, 2.0] and last['dict'] == 'q' and last['s'] == 'a,"b"\n\u00e9'
    assert set(null.values()) == {None}
    rows = expect(0, tmp / 'a.parquet', '--to', 'csv', '-', '-q', '-c', 's,vec,i8').stdout.decode()
    assert rows == 's,vec,i8\n"","[1.0,2.0]",-128\n,,\n"a,""b""\n\u00e9","[3.0,4.0]",127\n', rows


@test
def jsonl_nested_and_late_fields(tmp):
    (tmp / 'a.jsonl').write_text('{"a":1,"p":{"x":[1,2]},"t":"2026-01-01"}\n{"a":null,"p":null,"t":""}\n')
    expect(0, tmp / 'a.jsonl', tmp / 'a.parquet')
    table = pq.read_table(tmp / 'a.parquet')
    assert table.to_pylist() == [{'a': 1, 'p': {'x': [1, 2]}, 't': '2026-01-01'}, {'a': None, 'p': None, 't': ''}]
    out = expect(0, tmp / 'a.parquet', '--to', 'csv', '-', '-q', '-c', 'p').stdout.decode()
    assert out == 'p\n"{""x"":[1,2]}"\n\n' or out.startswith('p\n"{""x"":[1,2]}"\n'), out
    done = run(tmp / 'a.jsonl', tmp / 'a.lance')
    if done.returncode != 0:
        assert done.returncode == 5 and b'"p"' in done.stderr and b'struct' in done.stderr, done.stderr
        assert not (tmp / 'a.lance').exists()
    with open(tmp / 'b.jsonl', 'w') as file:
        for i in range(120_000):
            file.write('{"a":%d}\n' % i)
        file.write('{"a":0.5,"b":"late"}\n')
    expect(0, tmp / 'b.jsonl', tmp / 'b.parquet', '--memory-limit', '64MiB')
    table = pq.read_table(tmp / 'b.parquet')
    assert [str(t) for t in table.schema.types] == ['double', 'string'] and table.num_rows == 120_001
    (tmp / 'c.json').write_text('[{"a":1}]')
    assert b"jq -c '.[]'" in expect(4, tmp / 'c.json', tmp / 'c.csv').stderr


@test
def compressed_text(tmp):
    """By the first bytes, whatever the name; what is cut off or changed is damage."""
    text = b'a,b\n' + b''.join(b'%d,text %d\n' % (i, i * 7919 % 1000) for i in range(300_000))
    table = pyarrow.csv.read_csv(pa.BufferReader(text))
    packed = {'gz': gzip.compress(text, 1), 'zst': pa.compress(text, 'zstd', asbytes=True)}
    for kind, data in packed.items():
        for name in f'a.csv.{kind}', 'plain.csv':
            (tmp / name).write_bytes(data)
            expect(0, tmp / name, tmp / 'o.arrow', '--force')
            assert read_ipc(tmp / 'o.arrow').equals(table), name
        expect(0, '--from', 'csv', '-', tmp / 'o.arrow', '--force', stdin=data)
        assert read_ipc(tmp / 'o.arrow').equals(table)
        for size in (5, 20, len(data) // 3, len(data) - 1):
            (tmp / 'cut.csv').write_bytes(data[:size])
            for out in 'x.arrow', 'x.lance', 'x.csv.gz':
                expect(4, tmp / 'cut.csv', tmp / out)
        expect(0, tmp / f'a.csv.{kind}', tmp / f'b.jsonl.{kind}')
        expect(0, tmp / f'b.jsonl.{kind}', tmp / 'o.arrow', '--force')
        assert read_ipc(tmp / 'o.arrow').equals(table)
    damaged = bytearray(packed['gz'])
    damaged[len(damaged) // 2] ^= 16
    (tmp / 'damaged.csv.gz').write_bytes(damaged)
    expect(4, tmp / 'damaged.csv.gz', tmp / 'x.lance')
    (tmp / 'two.csv.gz').write_bytes(gzip.compress(b'a\n1\n') + gzip.compress(b'2\n'))
    expect(0, tmp / 'two.csv.gz', tmp / 'o.arrow', '--force')
    assert read_ipc(tmp / 'o.arrow')['a'].to_pylist() == [1, 2]
    for name in 'not.csv.gz', 'not.csv.zst':
        (tmp / name).write_text('a\n1\n')
        assert b'is not compressed by' in expect(4, tmp / name, tmp / 'x.csv').stderr
    (tmp / 'whole.parquet').write_bytes(gzip.compress(FLIGHTS.read_bytes()))
    assert b'decompress it first' in expect(5, tmp / 'whole.parquet', tmp / 'x.csv').stderr
    assert not any(path.name.startswith('x.') for path in tmp.iterdir())


if __name__ == '__main__':
    sys.exit(main())
