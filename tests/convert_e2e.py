#!/usr/bin/env python3
"""Runs lance-convert as a user does and looks at exit codes, outputs and what is left behind.

    convert_e2e.py PATH-OF-LANCE-CONVERT [-k PART-OF-A-NAME]

Needs pyarrow; the Lance parts also check with pylance where it is installed.
"""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import traceback

import lance
import lance.file
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
FLIGHTS = HERE / 'data' / 'flights-25k.parquet'
BIRDS = HERE / 'data' / 'birdstrikes-1k.csv'
PROGRAM = None
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def run(*args, stdin=None, env=None, **more):
    """-> CompletedProcess with bytes; a hang is a failure."""
    environment = {**os.environ, **(env or {})}
    return subprocess.run([PROGRAM, *map(str, args)], input=stdin, capture_output=True, env=environment, timeout=120, **more)


def expect(code, *args, **more):
    done = run(*args, **more)
    assert done.returncode == code, f'{args}: exit {done.returncode}, wanted {code}\n{done.stderr.decode()}'
    return done


def nothing_left(folder, *expected):
    left = sorted(p.name for p in folder.iterdir())
    assert left == sorted(expected), f'left behind: {left}'


def zoo():
    """A table with most flat types and nulls in each."""
    def column(values, type_):
        return pa.array(values, type_)
    import datetime
    import decimal
    moment = datetime.datetime(2026, 11, 21, 10, 0, 1, 250000)
    return pa.table({
        'b': column([True, None, False], pa.bool_()),
        'i8': column([-128, None, 127], pa.int8()),
        'u64': column([0, None, 2**64 - 1], pa.uint64()),
        'f16': column([1.5, None, -0.0], pa.float16()),
        'f32': column([0.1, None, float('nan')], pa.float32()),
        'f64': column([0.1, None, float('inf')], pa.float64()),
        'dec': column([decimal.Decimal('12.34'), None, decimal.Decimal('-0.01')], pa.decimal128(10, 2)),
        'day': column([datetime.date(1969, 12, 31), None, datetime.date(2026, 2, 28)], pa.date32()),
        'ts': column([moment, None, moment], pa.timestamp('ns')),
        'tz': column([moment, None, moment], pa.timestamp('us', 'UTC')),
        'time': column([moment.time(), None, moment.time()], pa.time64('us')),
        'dur': column([datetime.timedelta(seconds=1.5), None, datetime.timedelta(0)], pa.duration('ms')),
        's': column(['', None, 'a,"b"\n\u00e9'], pa.string()),
        'ls': column(['x', None, ''], pa.large_string()),
        'bin': column([b'\x00\xff', None, b''], pa.binary()),
        'fsb': column([b'abc', None, b'def'], pa.binary(3)),
        'vec': column([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2)),
        'dict': column(['p', None, 'q'], pa.string()).dictionary_encode(),
    })


def same(a, b):
    assert a.schema.equals(b.schema), f'{a.schema}\n--\n{b.schema}'
    # Table.equals says NaN != NaN
    for name in a.schema.names:
        x, y = a[name].to_pylist(), b[name].to_pylist()
        assert len(x) == len(y), name
        assert all(repr(p) == repr(q) for p, q in zip(x, y)), name


def read_ipc(path):
    with open(path, 'rb') as file:
        head = file.read(6)
    return (pa.ipc.open_file if head == b'ARROW1' else pa.ipc.open_stream)(pa.memory_map(str(path))).read_all()


# ------------------------------------------------------------------ formats

@test
def parquet_to_arrow_and_back_keeps_values_and_types(tmp):
    table = zoo()
    pq.write_table(table, tmp / 'a.parquet')
    expect(0, tmp / 'a.parquet', tmp / 'a.arrow')
    same(table, read_ipc(tmp / 'a.arrow'))
    expect(0, tmp / 'a.arrow', tmp / 'b.parquet')
    same(table, pq.read_table(tmp / 'b.parquet'))
    expect(0, tmp / 'b.parquet', tmp / 'c.arrows')
    same(table, read_ipc(tmp / 'c.arrows'))
    compression = pq.ParquetFile(tmp / 'b.parquet').metadata.row_group(0).column(0).compression
    assert compression == 'ZSTD', compression


@test
def parquet_through_lance_keeps_values_and_types(tmp):
    expect(0, FLIGHTS, tmp / 'f.lance')
    done = expect(0, tmp / 'f.lance', tmp / 'f.parquet')
    assert pq.read_table(tmp / 'f.parquet').equals(pq.read_table(FLIGHTS))
    assert b'25,000' in done.stderr, done.stderr
    for version in '2.1', '2.2':
        table = zoo()
        pq.write_table(table, tmp / 'z.parquet')
        done = expect(0, tmp / 'z.parquet', tmp / 'z.lance', '--single-file', '--format-version', version, '--force')
        assert f'Lance {version}' in done.stderr.decode(), done.stderr
        expect(0, tmp / 'z.lance', tmp / 'y.parquet', '--force')
        same(table, pq.read_table(tmp / 'y.parquet'))


@test
def salvage_gives_back_what_is_sound(tmp):
    whole = pq.read_table(FLIGHTS)
    expect(0, FLIGHTS, tmp / 'a.lance', '--single-file')
    data = bytearray((tmp / 'a.lance').read_bytes())
    data[100] ^= 4    # in the first page
    (tmp / 'a.lance').write_bytes(data)
    expect(4, tmp / 'a.lance', tmp / 'a.parquet')
    done = expect(0, '--salvage', 'nulls', '--summary', f'json={tmp / "s.json"}', tmp / 'a.lance', tmp / 'nulls.parquet')
    losses = json.loads((tmp / 's.json').read_text())['summary']['losses']
    assert len(losses) == 1 and b'lost: column' in done.stderr, done.stderr
    column, first, count = losses[0]['column'], losses[0]['first_row'], losses[0]['rows']
    table = pq.read_table(tmp / 'nulls.parquet')
    assert table.drop_columns([column]).equals(whole.drop_columns([column]))
    assert table[column][first:first + count].null_count == count
    assert table[column][first + count:].equals(whole[column][first + count:])
    expect(0, '--salvage', 'drop', tmp / 'a.lance', tmp / 'drop.parquet')
    assert pq.read_table(tmp / 'drop.parquet').num_rows == whole.num_rows - count
    expect(0, '--salvage', 'drop', '--exclude', column, tmp / 'a.lance', tmp / 'others.parquet')
    assert pq.read_table(tmp / 'others.parquet').equals(whole.drop_columns([column]))
    (tmp / 'a.lance').write_bytes(data[:-1])
    assert b'tail' in expect(4, '--salvage', 'drop', tmp / 'a.lance', tmp / 'none.parquet').stderr
    assert not (tmp / 'none.parquet').exists()
    expect(2, '--salvage', 'drop', FLIGHTS, tmp / 'none.parquet')
    half = whole.num_rows // 2 + 1
    expect(0, FLIGHTS, tmp / 'b.lance', '--max-rows-per-file', str(half))
    first = min((tmp / 'b.lance' / 'data').iterdir())
    first.write_bytes(first.read_bytes()[:-1])
    expect(4, tmp / 'b.lance', tmp / 'none.parquet')
    expect(0, '--salvage', 'drop', tmp / 'b.lance', tmp / 'rest.parquet')
    rest = pq.read_table(tmp / 'rest.parquet')
    assert rest.equals(whole[:half]) or rest.equals(whole[half:])


@test
def blobs_stay_blobs(tmp):
    values = [b'abc', None, b'', b'x' * 100_000, b'y' * 5_000_000]   # pylance keeps the last two beside the data file
    table = pa.table([lance.blob_array(values)], schema=pa.schema([lance.blob_field('b')]))
    lance.write_dataset(table, str(tmp / 'a.lance'), data_storage_version='2.2')
    expect(0, tmp / 'a.lance', tmp / 'b.lance')
    expect(0, tmp / 'b.lance', tmp / 'c.lance', '--format-version', '2.1')
    expect(0, tmp / 'c.lance', tmp / 'd.parquet')
    assert pq.read_table(tmp / 'd.parquet')['b'].to_pylist() == values
    expect(0, tmp / 'd.parquet', tmp / 'e.lance')
    for name in 'b.lance', 'c.lance', 'e.lance':
        data = lance.dataset(str(tmp / name))
        assert [blob and blob.readall() for blob in data.take_blobs('b', indices=range(5))] == values, name
    expect(0, tmp / 'd.parquet', tmp / 'f.lance', '--single-file')
    assert lance.file.LanceFileReader(str(tmp / 'f.lance')).read_all().to_table()['b'].to_pylist() == values


@test
def pylance_opens_the_dataset(tmp):
    try:
        import lance
    except ImportError:
        return
    expect(0, FLIGHTS, tmp / 'f.lance')
    assert lance.dataset(str(tmp / 'f.lance')).to_table().equals(pq.read_table(FLIGHTS))
    lance.write_dataset(pq.read_table(FLIGHTS), str(tmp / 'g.lance'), data_storage_version='2.2')
    expect(0, tmp / 'g.lance', tmp / 'g.parquet')
    assert pq.read_table(tmp / 'g.parquet').equals(pq.read_table(FLIGHTS))


@test
def views_become_plain_and_the_summary_says_so(tmp):
    table = pa.table({'v': pa.array(['a', None, 'a text longer than twelve bytes'], pa.string_view()),
                      'w': pa.array([b'a', None, b'bytes longer than twelve too'], pa.binary_view())})
    with pa.ipc.new_file(str(tmp / 'v.arrow'), table.schema) as writer:
        writer.write_table(table)
    done = expect(0, tmp / 'v.arrow', tmp / 'v.lance', '--single-file')
    assert 'v: string_view → string (values kept)' in done.stderr.decode(), done.stderr
    expect(0, tmp / 'v.lance', tmp / 'v.parquet')
    assert pq.read_table(tmp / 'v.parquet')['v'].to_pylist() == table['v'].to_pylist()


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
    # A pipe cannot be read twice: the row is named and nothing is left.
    with open(tmp / 'a.csv', 'rb') as file:
        done = expect(4, '--from', 'csv', '-', tmp / 'b.parquet', stdin=file.read())
    assert b'row 399,999' in done.stderr or b'row 400,000' in done.stderr, done.stderr
    nothing_left(tmp, 'a.csv', 'a.parquet')


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
def dictionaries_that_change_between_batches(tmp):
    batches = [pa.record_batch({'d': pa.array(values).dictionary_encode()}) for values in (['x', 'y'], ['z', 'x'])]
    with pa.ipc.new_stream(str(tmp / 'a.arrows'), batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    expect(0, tmp / 'a.arrows', tmp / 'a.arrow')
    assert read_ipc(tmp / 'a.arrow')['d'].to_pylist() == ['x', 'y', 'z', 'x']
    expect(0, tmp / 'a.arrow', tmp / 'a.parquet')
    assert pq.read_table(tmp / 'a.parquet')['d'].to_pylist() == ['x', 'y', 'z', 'x']


# ------------------------------------------------------------------ columns and rows

@test
def columns_and_rows(tmp):
    whole = pq.read_table(FLIGHTS)
    expect(0, FLIGHTS, '-c', 'origin', '--columns', 'date', tmp / 'a.arrow', '--rename', 'date=day', '--skip', '24990', '--limit', '7')
    want = whole.select(['origin', 'date']).rename_columns(['origin', 'day']).slice(24990, 7)
    assert read_ipc(tmp / 'a.arrow').equals(want)
    expect(0, FLIGHTS, tmp / 'b.arrow', '--exclude', 'delay', '--skip', '99999999')
    table = read_ipc(tmp / 'b.arrow')
    assert table.num_rows == 0 and table.schema.names == ['date', 'distance', 'origin', 'destination']
    done = expect(2, FLIGHTS, tmp / 'c.arrow', '-c', 'orgin')
    assert b'did you mean "origin"?' in done.stderr
    expect(2, FLIGHTS, tmp / 'c.arrow', '--rename', 'origin=delay')
    expect(2, FLIGHTS, tmp / 'c.arrow', '--rename', 'origin')
    nothing_left(tmp, 'a.arrow', 'b.arrow')


@test
def rows_of_lance(tmp):
    expect(0, FLIGHTS, tmp / 'f.lance')
    expect(0, tmp / 'f.lance', tmp / 'a.arrow', '-c', 'origin,date', '--skip', '24990', '--limit', '7')
    assert read_ipc(tmp / 'a.arrow').equals(pq.read_table(FLIGHTS).select(['origin', 'date']).slice(24990, 7))


@test
def versions_of_lance(tmp):
    path = tmp / 'v.lance'
    ds = lance.write_dataset(pa.table({'a': pa.array(range(50))}), path)
    ds.insert(pa.table({'a': pa.array(range(50, 60))}))
    ds.delete('a < 5')
    ds.tags.create('two', 2)
    ds.create_branch('side', 1).delete('a = 7')
    times = [entry['timestamp'] for entry in ds.versions()]
    def rows(*options):
        expect(0, path, tmp / 'a.arrow', '--force', *options)
        return read_ipc(tmp / 'a.arrow')['a'].to_pylist()
    assert rows() == list(range(5, 60))
    assert rows('--version', '1') == list(range(50))
    assert rows('--tag', 'two') == list(range(60))
    assert rows('--branch', 'side') == [i for i in range(50) if i != 7]
    assert rows('--as-of', times[1].astimezone().isoformat()) == list(range(60))
    assert b'1 to 3' in expect(2, path, tmp / 'b.arrow', '--version', '9').stderr
    assert b'two' in expect(2, path, tmp / 'b.arrow', '--tag', 'three').stderr
    assert b'Lance' in expect(2, FLIGHTS, tmp / 'b.arrow', '--version', '1').stderr
    assert run('--version').stdout.startswith(b'lance-convert ')
    nothing_left(tmp, 'a.arrow', 'v.lance')


@test
def rows_per_file(tmp):
    expect(0, FLIGHTS, tmp / 'f.lance', '--max-rows-per-file', '7000')
    ds = lance.dataset(tmp / 'f.lance')
    assert [fragment.count_rows() for fragment in ds.get_fragments()] == [7000, 7000, 7000, 4000]
    assert ds.to_table().equals(pq.read_table(FLIGHTS))
    expect(2, FLIGHTS, tmp / 'f.parquet', '--max-rows-per-file', '7')
    expect(2, FLIGHTS, tmp / 'g.lance', '--max-rows-per-file', '7', '--single-file')


def data_size(path):
    """Bytes of the data files; those of the manifest vary with its time."""
    return sum(file.stat().st_size for file in (path / 'data').iterdir())


@test
def presets(tmp):
    whole = pq.read_table(FLIGHTS)
    sizes = {}
    for version in '2.1', '2.2', 'x1':
        for preset in 'fast', 'balanced', 'small':
            path = tmp / f'{version}-{preset}.lance'
            expect(0, FLIGHTS, path, '--format-version', version, '--preset', preset)
            sizes[version, preset] = data_size(path)
            if version == 'x1':
                expect(0, path, tmp / 'back.parquet', '--force')
                assert pq.read_table(tmp / 'back.parquet').equals(whole), path
            else:
                assert lance.dataset(path).to_table().equals(whole), path
    for version in '2.1', '2.2', 'x1':
        assert sizes[version, 'small'] < sizes[version, 'fast'], sizes
        assert sizes[version, 'small'] <= sizes[version, 'balanced'] <= sizes[version, 'fast'], sizes
    assert sizes['x1', 'small'] < sizes['2.2', 'small'] and sizes['x1', 'fast'] < sizes['2.2', 'fast'], sizes
    for version, default in (('2.2', 'fast'), ('x1', 'balanced')):
        expect(0, FLIGHTS, tmp / 'default.lance', '--format-version', version, '--force')
        size = data_size(tmp / 'default.lance')
        assert size == sizes[version, default], (version, size, sizes)
    assert b'fast' in expect(2, FLIGHTS, tmp / 'a.lance', '--preset', 'best').stderr
    assert not (tmp / 'a.lance').exists()


def metadata(path):
    """-> {column: its lance-encoding:* metadata without the prefix} of a dataset that pylance opens."""
    def below(field, name):
        keys = {key.decode().removeprefix('lance-encoding:'): value.decode() for key, value in (field.metadata or {}).items()}
        found = {name: keys} if keys else {}
        for i in range(field.type.num_fields if pa.types.is_struct(field.type) else 0):
            child = field.type.field(i)
            found |= below(child, f'{name}.{child.name}')
        return found
    return {name: keys for field in lance.dataset(path).schema for name, keys in below(field, field.name).items()}


@test
def compressions_and_encodings(tmp):
    text = [f'carefully final deposits {i * 7 % 13} sleep above {i * i % 17}' for i in range(5000)]
    table = pa.table({'id': [i * 7919 % 5000 for i in range(5000)], 'run': [i // 100 for i in range(5000)], 'text': text,
                      's': pa.array([{'x': i / 4, 'name': text[i]} for i in range(5000)])})
    pq.write_table(table, tmp / 't.parquet')

    def convert(name, *options):
        expect(0, tmp / 't.parquet', tmp / name, '--force', *options)
        return sum(file.stat().st_size for file in (tmp / name).rglob('*') if file.is_file())

    plain = convert('plain.lance', '--compression', 'none')
    packed = convert('packed.lance', '--compression', 'zstd:9')
    assert packed < plain, (packed, plain)
    assert metadata(tmp / 'packed.lance')['id'] == {'compression': 'zstd', 'compression-level': '9'}
    assert metadata(tmp / 'packed.lance').keys() == {'id', 'run', 'text', 's.x', 's.name'}
    mixed = convert('mixed.lance', '--compression', 'none', '--encode', 'text=zstd', '--encode', 's=lz4', '--encode', 'run=rle')
    assert packed < mixed < plain, (packed, mixed, plain)
    assert metadata(tmp / 'mixed.lance') == {'id': {'compression': 'none'}, 'run': {'rle-threshold': '1'}, 'text': {'compression': 'zstd'},
                                             's.x': {'compression': 'lz4'}, 's.name': {'compression': 'lz4'}}
    for name in 'plain.lance', 'packed.lance', 'mixed.lance':
        assert lance.dataset(tmp / name).to_table().equals(table), name
    # What only X1 has, and what official versions say to it.
    forced = ('--encode', 'id=frame', '--encode', 'run=delta', '--encode', 'text=zstd:9(fsst(lengths))', '--encode', 's.x=alp(frame)')
    convert('x1.lance', '--format-version', 'x1', *forced)
    done = expect(2, tmp / 't.parquet', tmp / 'no.lance', '--encode', 'id=frame')
    assert b'"id"' in done.stderr and b'write version x1' in done.stderr, done.stderr
    # As official Lance the wishes stay, and harm nobody.
    expect(0, tmp / 'x1.lance', tmp / 'official.lance')
    assert lance.dataset(tmp / 'official.lance').to_table().equals(table)
    assert metadata(tmp / 'official.lance') == {'id': {'tree': 'frame'}, 'run': {'tree': 'delta'}, 'text': {'tree': 'zstd:9(fsst(lengths))'}, 's.x': {'tree': 'alp(frame)'}}
    expect(0, tmp / 'official.lance', tmp / 'again.lance', '--format-version', 'x1')
    expect(0, tmp / 'again.lance', tmp / 'again.parquet')
    assert pq.read_table(tmp / 'again.parquet').equals(table)
    for encode, words in (('ID=frame', (b'"ID"', b'no such column')), ('id=frams', (b'"id"', b'frams')), ('text=delta', (b'"text"', b'"delta"', b'string')),
                          ('s.x=lengths', (b'"s.x"', b'double')), ('id', (b'COL=ENCODING',)), ('=zstd', (b'COL=ENCODING',))):
        done = expect(2, tmp / 't.parquet', tmp / 'no.lance', '--format-version', 'x1', '--encode', encode)
        assert all(word in done.stderr for word in words), (encode, done.stderr)
    nothing_left(tmp, 't.parquet', 'plain.lance', 'packed.lance', 'mixed.lance', 'x1.lance', 'official.lance', 'again.lance', 'again.parquet')


@test
def bloom_columns(tmp):
    table = pa.table({'a:5': [1, 2], 's': pa.array([{'x': 'p'}, None]), 'v': pa.array([[1.0, 2.0]] * 2, pa.list_(pa.float32(), 2))})
    pq.write_table(table, tmp / 't.parquet')
    expect(0, tmp / 't.parquet', tmp / 'a.lance', '--bloom', 'a:5:64', '--bloom', 's.x', '--bloom', 's.x:1')
    assert lance.dataset(tmp / 'a.lance').to_table().equals(table)
    for bloom, named in (('s.y', 's.y'), ('S.x', 'S.x'), ('a:5', '"a"'), ('v', 'v'), ('s', 's'), ('s.x:', 's.x:'), ('s.x:0', 's.x:0'), ('s.x:65', 's.x:65'), ('s.x:9999999999', 's.x:'), (':7', ':7')):
        done = expect(2, tmp / 't.parquet', tmp / 'b.lance', '--bloom', bloom)
        assert named.encode() in done.stderr, done.stderr
    expect(2, tmp / 't.parquet', tmp / 'b.csv', '--bloom', 's.x')
    nothing_left(tmp, 't.parquet', 'a.lance')


# ------------------------------------------------------------------ several inputs

@test
def inputs_of_one_schema(tmp):
    whole = pq.read_table(FLIGHTS)
    pq.write_table(whole.slice(0, 9000), tmp / 'a.parquet')
    expect(0, FLIGHTS, tmp / 'b.lance', '--skip', '9000', '--limit', '1000')
    with pa.ipc.new_file(tmp / 'c.arrow', whole.schema) as file:
        file.write_table(whole.slice(10000).select(whole.schema.names[::-1]).select(whole.schema.names))
    pq.write_table(whole.slice(10000).select(whole.schema.names[::-1]), tmp / 'c.parquet')
    for last in ('c.arrow', 'c.parquet'):
        expect(0, tmp / 'a.parquet', tmp / 'b.lance', tmp / last, tmp / 'all.lance', '--force', '--summary', f'json={tmp}/s.json')
        assert lance.dataset(tmp / 'all.lance').to_table().equals(whole)
    summary = json.loads((tmp / 's.json').read_text())['summary']
    assert len(summary['inputs']) == 3 and summary['rows'] == 25000
    expect(0, tmp / 'a.parquet', tmp / 'b.lance', tmp / 'c.arrow', '-o', tmp / 'part.arrow', '-c', 'origin', '--skip', '8990', '--limit', '1020')
    assert read_ipc(tmp / 'part.arrow').equals(whole.select(['origin']).slice(8990, 1020))


@test
def inputs_of_several_schemas(tmp):
    (tmp / 'a.csv').write_text('id,name\n1,x\n2,y\n')
    (tmp / 'b.csv').write_text('score,id\n1.5,3.5\n')
    (tmp / 'c.csv').write_text('other\nz\n')
    (tmp / 'd.csv').write_text('name,id\nq,9\n')
    paths = [tmp / f'{name}.csv' for name in 'abc']
    done = expect(2, *paths, tmp / 'o.arrow')
    assert b'b.csv' in done.stderr and b'union' in done.stderr
    expect(0, tmp / 'a.csv', tmp / 'd.csv', tmp / 'o.arrow')
    assert read_ipc(tmp / 'o.arrow').to_pydict() == {'id': [1, 2, 9], 'name': ['x', 'y', 'q']}
    expect(0, *paths, tmp / 'u.arrow', '--schema-mode', 'union')
    assert read_ipc(tmp / 'u.arrow').to_pydict() == {'id': [1.0, 2.0, 3.5, None], 'name': ['x', 'y', None, None], 'score': [None, None, 1.5, None],
                                                     'other': [None, None, None, 'z']}
    expect(0, *paths, tmp / 'p.arrow', '--schema-mode', 'union', '-c', 'score')
    assert read_ipc(tmp / 'p.arrow').to_pydict() == {'score': [None, None, 1.5, None]}
    (tmp / 'e.csv').write_text('id,name\nword,5\n')
    assert b'"id"' in expect(2, tmp / 'a.csv', tmp / 'e.csv', tmp / 'x.arrow').stderr
    assert b'no type holds both' in expect(2, tmp / 'a.csv', tmp / 'e.csv', tmp / 'x.arrow', '--schema-mode', 'union').stderr
    expect(2, '-', '-', tmp / 'x.arrow', stdin=b'id\n1\n')


@test
def late_conflicts_in_the_second_input(tmp):
    (tmp / 'a.csv').write_text('v\n' + '1\n' * 10)
    (tmp / 'b.csv').write_text('v\n' + '2\n' * 150_000 + 'word\n')
    done = run(tmp / 'a.csv', tmp / 'b.csv', tmp / 'o.arrow', '--schema-mode', 'union')
    assert done.returncode == 2 and b'no type holds both' in done.stderr, done.stderr
    (tmp / 'b.csv').write_text('v\n' + '2\n' * 150_000 + '2.5\n')
    expect(0, tmp / 'a.csv', tmp / 'b.csv', tmp / 'o.arrow', '--schema-mode', 'union')
    values = read_ipc(tmp / 'o.arrow')['v']
    assert values.type == pa.float64() and len(values) == 150_011 and values[-1].as_py() == 2.5
    (tmp / 'c.csv').write_bytes(b'v\n1\n\xff\xfe,3\n')
    assert b'c.csv' in run(tmp / 'a.csv', tmp / 'c.csv', tmp / 'z.arrow', '--schema-mode', 'union').stderr
    assert not (tmp / 'z.arrow').exists()


# ------------------------------------------------------------------ pipes

@test
def pipes(tmp):
    csv = expect(0, FLIGHTS, '--to', 'csv', '--limit', '100', '-', '-q').stdout
    assert len(csv.splitlines()) == 101
    stream = expect(0, '--from', 'csv', '--to', 'arrow', '-', '-', '-q', stdin=csv).stdout
    assert pa.ipc.open_stream(stream).read_all().num_rows == 100
    jsonl = expect(0, '--to', 'jsonl', '-', '-', '-q', stdin=stream).stdout
    assert len(jsonl.splitlines()) == 100
    done = expect(0, '-', tmp / 'a.arrow', stdin=FLIGHTS.read_bytes(), env={'TMPDIR': str(tmp)})
    assert b'temporary file' in done.stderr
    assert read_ipc(tmp / 'a.arrow').equals(pq.read_table(FLIGHTS))
    nothing_left(tmp, 'a.arrow')
    expect(2, '-', tmp / 'b.parquet', stdin=b'what is this')


@test
def lance_from_stdin(tmp):
    expect(0, FLIGHTS, tmp / 'f.lance', '--single-file')
    expect(0, '--from', 'lance', '-', tmp / 'a.arrow', stdin=(tmp / 'f.lance').read_bytes())
    assert read_ipc(tmp / 'a.arrow').equals(pq.read_table(FLIGHTS))


@test
def head_ends_quietly(tmp):
    done = subprocess.run(['sh', '-c', f'"{PROGRAM}" "{FLIGHTS}" --to csv - 2>"{tmp}/err" | head -1'], capture_output=True, timeout=60)
    assert done.stdout == b'date,delay,distance,origin,destination\n', done.stdout
    assert (tmp / 'err').read_bytes() == b''


@test
def a_terminal_gets_no_binary(tmp):
    master, slave = pty.openpty()
    done = subprocess.run([PROGRAM, str(FLIGHTS), '--to', 'parquet', '-'], stdout=slave, stderr=subprocess.PIPE, timeout=60)
    os.close(slave)
    os.close(master)
    assert done.returncode == 2 and b'terminal' in done.stderr


# ------------------------------------------------------------------ messages

@test
def no_escape_bytes_unless_wanted(tmp):
    for env, args in (({'NO_COLOR': '1', 'CLICOLOR_FORCE': '1'}, []), ({'TERM': 'dumb'}, []), ({'CLICOLOR_FORCE': '1'}, ['--color', 'never']), ({}, [])):
        done = expect(0, FLIGHTS, tmp / 'a.csv', '--force', '--progress', 'always', *args, env=env)
        assert b'\x1b' not in done.stderr and b'rows' in done.stderr
        assert b'\x1b' not in expect(2, '--nope', *args, env=env).stderr
    assert b'\x1b' in expect(0, FLIGHTS, tmp / 'a.csv', '--force', '--color', 'always').stderr


@test
def help_and_usage(tmp):
    done = expect(2)
    assert done.stdout == b'' and 0 < len(done.stderr.splitlines()) <= 20
    assert len(expect(0, '-h').stdout.splitlines()) <= 20
    text = expect(0, '--help').stdout.decode()
    assert text.startswith('Examples')
    for option in ('--columns', '--exclude', '--rename', '--skip', '--limit', '--from', '--to', '--format-version', '--single-file', '--force',
                   '--max-rows-per-file', '--bloom', '--schema-mode', '--tag', '--branch', '--as-of', '--threads', '--memory-limit', '--summary', '--null', '--delimiter', '--no-header', '--quiet', '--progress', '--json', '--color'):
        assert option in text, option
    assert b'130' in expect(0, 'help', 'exit-codes').stdout
    assert expect(0, '--version').stdout.startswith(b'lance-convert ')
    assert json.loads(expect(0, '--version', '--json').stdout)['schema'] == 'lance-convert/1'
    assert b'did you mean "--limit"?' in expect(2, FLIGHTS, tmp / 'a.csv', '--limti', '3').stderr
    for args in (['--limit', 'x'], ['--limit', '-1'], ['--from', 'parqet'], ['--memory-limit', 'much'], ['--summary', 'xml'], ['--format-version', '9'], ['third']):
        expect(2, FLIGHTS, tmp / 'a.csv', *args)
    expect(2, FLIGHTS)
    expect(2, FLIGHTS, tmp / 'a.unknown')
    nothing_left(tmp)


@test
def json_messages(tmp):
    done = expect(3, tmp / 'none.parquet', tmp / 'a.csv', '--json')
    error = json.loads(done.stderr)
    assert list(error)[0] == 'schema' and error['error']['exit_code'] == 3 and error['error']['path'].endswith('none.parquet')
    done = expect(0, FLIGHTS, tmp / 'a.parquet', '--summary', 'json')
    summary = json.loads(done.stderr)['summary']
    assert summary['rows'] == 25000 and summary['bytes_out'] == (tmp / 'a.parquet').stat().st_size
    assert {c['name'] for c in summary['columns']} == set(pq.read_schema(FLIGHTS).names)
    expect(0, FLIGHTS, tmp / 'b.parquet', '--summary', f'json={tmp}/s.json')
    assert json.loads((tmp / 's.json').read_text())['summary']['columns']
    assert expect(0, FLIGHTS, tmp / 'c.parquet', '-q').stderr == b''


# ------------------------------------------------------------------ bad input and output

@test
def missing_and_unreadable_input(tmp):
    assert b'No such file' in expect(3, tmp / 'none.parquet', tmp / 'a.csv').stderr
    expect(3, tmp / 'none.lance', tmp / 'a.csv')
    secret = tmp / 'secret.parquet'
    secret.write_bytes(FLIGHTS.read_bytes())
    secret.chmod(0)
    if os.geteuid() == 0:
        tmp.chmod(0o777)
        probe = subprocess.run(['true'], user=65534, group=65534)
        reachable = subprocess.run([PROGRAM, '-h'], user=65534, group=65534, capture_output=True) if probe.returncode == 0 else None
        if reachable is not None and reachable.returncode == 0:
            assert b'Permission denied' in expect(3, secret, tmp / 'a.csv', user=65534, group=65534).stderr
    else:
        assert b'Permission denied' in expect(3, secret, tmp / 'a.csv').stderr
    nothing_left(tmp, 'secret.parquet')


@test
def damaged_input(tmp):
    good = FLIGHTS.read_bytes()
    bad = tmp / 'bad.parquet'
    for size in (0, 1, 4, 100, len(good) // 2, len(good) - 9, len(good) - 1):
        bad.write_bytes(good[:size])
        expect(4, bad, tmp / 'a.csv')
        expect(4, bad, tmp / 'a.lance')
    bad.write_bytes(bytes(len(good)))
    expect(4, bad, tmp / 'a.csv')
    bad.write_bytes(good[:4] + bytes(len(good) // 2) + good[len(good) // 2 + 4:])
    expect(4, bad, tmp / 'a.csv')
    expect(4, bad, tmp / 'a.lance')
    bad.write_text('a,b\n1,2\n')
    assert b'begins with "a,b' in expect(4, bad, tmp / 'a.csv').stderr
    (tmp / 'x.lance').write_bytes(good)
    assert b'is a Parquet file' in expect(4, tmp / 'x.lance', tmp / 'a.csv').stderr
    expect(0, tmp / 'x.lance', '--from', 'parquet', tmp / 'ok.arrow')
    (tmp / 'x.csv').write_text('a,b\n1,2\n1,2,3\n')
    assert b'Expected 2 columns' in expect(4, tmp / 'x.csv', tmp / 'a.arrow').stderr
    (tmp / 'y.csv').write_bytes(b'a\n\xff\xfe\n')
    expect(4, tmp / 'y.csv', tmp / 'a.arrow')
    (tmp / 'z.jsonl').write_text('{"a":1}\n{"a":\n')
    expect(4, tmp / 'z.jsonl', tmp / 'a.arrow')
    expect(4, tmp, '--from', 'parquet', tmp / 'a.arrow')
    (tmp / 'folder.lance').mkdir()
    expect(4, tmp / 'folder.lance', tmp / 'a.csv')
    nothing_left(tmp, 'bad.parquet', 'x.lance', 'ok.arrow', 'x.csv', 'y.csv', 'z.jsonl', 'folder.lance')


@test
def damaged_arrow(tmp):
    expect(0, FLIGHTS, tmp / 'f.arrow')
    expect(0, FLIGHTS, tmp / 'f.arrows')
    for name in 'f.arrow', 'f.arrows':
        good = (tmp / name).read_bytes()
        for size in (3, 20, len(good) // 3, len(good) // 2):
            (tmp / f'bad-{name}').write_bytes(good[:size])
            done = run(tmp / f'bad-{name}', tmp / 'a.csv')
            assert done.returncode == 4, (name, size, done.returncode, done.stderr)
    assert not (tmp / 'a.csv').exists()


@test
def types_without_a_place(tmp):
    import datetime
    table = pa.table({'ok': [1], 'odd': pa.array([(1, 2, 3)], pa.month_day_nano_interval())})
    with pa.ipc.new_file(str(tmp / 'a.arrow'), table.schema) as writer:
        writer.write_table(table)
    for name in 'a.lance', 'a.parquet', 'a.csv', 'a.jsonl':
        done = expect(5, tmp / 'a.arrow', tmp / name)
        assert b'"odd"' in done.stderr and b'month_day_nano_interval' in done.stderr, done.stderr
        assert b'--exclude odd' in done.stderr
    expect(0, tmp / 'a.arrow', tmp / 'b.parquet', '--exclude', 'odd')
    nothing_left(tmp, 'a.arrow', 'b.parquet')


@test
def existing_outputs_are_kept(tmp):
    for name in 'a.csv', 'a.parquet', 'a.arrow', 'a.jsonl', 'a.lance':
        (tmp / name).write_text('precious')
        done = expect(6, FLIGHTS, tmp / name)
        assert b'already exists' in done.stderr and b'--force' in done.stderr
        assert (tmp / name).read_text() == 'precious'
    expect(0, FLIGHTS, tmp / 'a.parquet', '--force')
    assert pq.read_table(tmp / 'a.parquet').num_rows == 25000
    # a failed replacement leaves the old one
    expect(2, FLIGHTS, tmp / 'a.parquet', '--force', '-c', 'none')
    (tmp / 'bad.csv').write_text('a\n1\n1,2\n')
    expect(4, tmp / 'bad.csv', tmp / 'a.parquet', '--force')
    assert pq.read_table(tmp / 'a.parquet').num_rows == 25000
    (tmp / 'mine').mkdir()
    (tmp / 'mine' / 'file').write_text('precious')
    for to in 'lance', 'csv':
        expect(6, FLIGHTS, tmp / 'mine', '--to', to, '--force')
    assert (tmp / 'mine' / 'file').read_text() == 'precious'
    os.symlink('a.parquet', tmp / 'link.parquet')
    expect(0, FLIGHTS, tmp / 'link.parquet', '--force', '--limit', '10')
    assert (tmp / 'link.parquet').is_symlink() and pq.read_table(tmp / 'a.parquet').num_rows == 10


@test
def outputs_that_cannot_be_written(tmp):
    expect(6, FLIGHTS, tmp / 'none' / 'a.csv')
    expect(6, FLIGHTS, tmp / 'none' / 'deeper' / 'a.lance')
    for to in 'csv', 'jsonl', 'parquet', 'arrow':
        assert b'No space left' in expect(6, FLIGHTS, '/dev/full', '--to', to).stderr, to
    expect(6, FLIGHTS, '/dev/full', '--to', 'lance')
    expect(6, FLIGHTS, '/dev/full', '--to', 'lance', '--force')
    assert pathlib.Path('/dev/full').is_char_device()
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([PROGRAM, str(FLIGHTS), '--to', 'csv', '-'], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 6, done
    nothing_left(tmp)


@test
def interrupted(tmp):
    # A fifo keeps the conversion waiting in the middle of its input.
    for name in 'a.parquet', 'a.csv', 'a.lance':
        fifo = tmp / 'in.csv'
        os.mkfifo(fifo)
        process = subprocess.Popen([PROGRAM, '--from', 'csv', str(fifo), str(tmp / name)], stderr=subprocess.PIPE)
        with open(fifo, 'wb') as pipe:
            pipe.write(b'a,b\n')
            for i in range(300_000):
                pipe.write(b'%d,text\n' % i)
            pipe.flush()
            process.send_signal(signal.SIGINT)
            messages = process.communicate(timeout=60)[1]  # although the pipe stays open and silent
        assert process.returncode == 130, (name, process.returncode, messages)
        fifo.unlink()
        nothing_left(tmp)


@test
def memory_limit(tmp):
    big = pa.table({'blob': [b'x' * (40 << 20)] * 2})
    pq.write_table(big, tmp / 'a.parquet', compression='zstd')
    done = expect(7, tmp / 'a.parquet', tmp / 'a.arrow', '--memory-limit', '16MiB')
    assert b'--memory-limit' in done.stderr
    expect(0, tmp / 'a.parquet', tmp / 'a.arrow', '--memory-limit', '1GiB')


@test
def threads_do_not_change_the_output(tmp):
    for name in 'parquet', 'lance', 'csv':
        for jobs in '1', '4':
            expect(0, FLIGHTS, tmp / f'{jobs}.{name}', '-j', jobs, *(['--single-file'] if name == 'lance' else []))
        assert (tmp / f'1.{name}').read_bytes() == (tmp / f'4.{name}').read_bytes(), name


def main():
    global PROGRAM
    PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    wanted = sys.argv[3] if len(sys.argv) == 4 and sys.argv[2] == '-k' else ''
    failed = 0
    for function in TESTS:
        if wanted not in function.__name__:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(pathlib.Path(folder))
                print(f'ok    {function.__name__}')
            except Exception:
                failed += 1
                print(f'FAIL  {function.__name__}')
                traceback.print_exc(file=sys.stdout)
    print(f'{failed} of {len(TESTS)} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
