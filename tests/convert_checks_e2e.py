#!/usr/bin/env python3
"""Plans and checks, samples, outputs in parts, and runs that go on where others were stopped.

    convert_checks_e2e.py PATH-OF-LANCE-CONVERT [-k PART-OF-A-NAME]
"""
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys

import lance
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from convert_testing import FLIGHTS, PROGRAM, expect, main, nothing_left, read_ipc, run, test, zoo


@test
def dry_runs_tell_the_plan(tmp):
    with pa.ipc.new_file(str(tmp / 'v.arrow'), pa.schema([('v', pa.string_view()), ('n', pa.int8())])) as writer:
        writer.write_table(pa.table({'v': pa.array(['a'], pa.string_view()), 'n': pa.array([1], pa.int8())}))
    done = expect(0, '--dry-run', tmp / 'v.arrow', tmp / 'x.lance', '--rename', 'n=m')
    text = done.stdout.decode()
    for words in 'v.arrow (Arrow IPC file', 'v: string_view \u2192 string (values kept)', 'm: int8', 'x.lance (dataset, Lance): created':
        assert words in text, text
    expect(0, FLIGHTS, tmp / 'f.lance')
    plan = json.loads(expect(0, '--dry-run', '--json', FLIGHTS, FLIGHTS, tmp / 'f.lance', '--append', '--limit', '30000').stdout)['plan']
    assert plan['rows'] == 30000 and plan['effect'] == 'a new version with the rows added' and len(plan['inputs']) == 2 and len(plan['columns']) == 5
    assert b'already exists' in expect(6, '--dry-run', FLIGHTS, tmp / 'f.lance').stderr
    expect(2, '--dry-run', FLIGHTS, tmp / 'x.csv', '-c', 'none')
    assert b'no column "v"' in expect(2, '--dry-run', '--append', tmp / 'v.arrow', tmp / 'f.lance').stderr
    expect(1, '--dry-run', '--strict', tmp / 'v.arrow', tmp / 'x.lance')
    assert lance.dataset(tmp / 'f.lance').version == 1
    nothing_left(tmp, 'v.arrow', 'f.lance')


@test
def outputs_are_read_again(tmp):
    pq.write_table(zoo(), tmp / 'zoo.parquet')
    for source in FLIGHTS, tmp / 'zoo.parquet':
        for name in 'o.lance', 'o.parquet', 'o.arrow', 'o.arrows', 'o.csv', 'o.tsv', 'o.csv.gz', 'o.jsonl.zst', 'o':
            expect(0, '--verify', source, tmp / name, '--force', *(['--to', 'csv', '--null', 'NULL', '--delimiter', ';'] if name == 'o' else []))
    expect(0, '--verify', FLIGHTS, tmp / 'one.lance', '--single-file', '--format-version', 'x1')
    expect(0, '--verify', FLIGHTS, tmp / 'f.lance', '--limit', '100')
    expect(0, '--verify', '--append', FLIGHTS, tmp / 'f.lance', '--skip', '100')
    expect(0, '--verify', '--overwrite', FLIGHTS, tmp / 'f.lance', '-c', 'delay')
    expect(0, '--verify', FLIGHTS, tmp / 'p.csv', '--split-by', 'rows=9000')
    # A column of nulls alone is lines that no reader of CSV takes for rows.
    (tmp / 'n.csv').write_text('a,b\n1,x\n,y\n')
    told = expect(1, '--verify', tmp / 'n.csv', '-c', 'a', tmp / 'lost.csv').stderr
    assert b'2 rows were written, but 1 are read back' in told and b'left in place' in told, told
    assert (tmp / 'lost.csv').read_text() == 'a\n1\n\n'
    told = json.loads(expect(1, '--verify', '--json', '--force', tmp / 'n.csv', '-c', 'a', tmp / 'lost.csv').stderr)
    assert told['mismatch']['path'] == str(tmp / 'lost.csv'), told
    assert b'stdout' in expect(2, '--verify', FLIGHTS, '--to', 'csv', '-').stderr
    expect(2, '--verify', FLIGHTS, '--to', 'csv', '/dev/null')


@test
def checksums_beside_the_output(tmp):
    done = expect(0, '--checksum', FLIGHTS, tmp / 'f.lance')
    assert b'f.lance.sums' in done.stderr
    sums = [json.loads(line) for line in (tmp / 'f.lance.sums').read_text().splitlines()]
    assert sums
    assert b'f.lance.sums' in expect(6, '--checksum', FLIGHTS, tmp / 'f.lance').stderr
    expect(0, '--checksum', '--append', FLIGHTS, tmp / 'f.lance')
    expect(0, '--checksum', FLIGHTS, tmp / 'p.lance', '--split-by', 'rows=20000')
    expect(2, '--checksum', FLIGHTS, tmp / 'f.csv')
    # Sums are replaced where the output may be, also those of parts, and a slash behind the name changes nothing.
    for target, sums in (('n.lance', 'n.lance.sums'), ('n.lance/', 'n.lance.sums')):
        (tmp / sums).write_text('mine')
        assert sums.encode() in expect(6, '--checksum', FLIGHTS, f'{tmp}/{target}').stderr
        assert (tmp / sums).read_text() == 'mine'
    for sums in 'n-00000.lance.sums', 'n-00001.lance.sums':
        (tmp / sums).write_text('mine')
        assert sums.encode() in expect(6, '--checksum', FLIGHTS, f'{tmp}/n.lance/', '--split-by', 'rows=20000').stderr
        assert (tmp / sums).read_text() == 'mine'
        (tmp / sums).unlink()
    (tmp / 'n.lance.sums').unlink()
    nothing_left(tmp, 'f.lance', 'f.lance.sums', 'p-00000.lance', 'p-00000.lance.sums', 'p-00001.lance', 'p-00001.lance.sums')


@test
def samples(tmp):
    pq.write_table(pa.table({'i': range(100_000), 's': [f'text {i}' for i in range(100_000)]}), tmp / 'a.parquet')
    expect(0, tmp / 'a.parquet', tmp / 'a.csv')
    def sample(source, *options):
        expect(0, source, '--sample', *options, tmp / 'o.arrow', '--force')
        table = read_ipc(tmp / 'o.arrow')
        assert table['s'].to_pylist() == [f'text {i}' for i in table['i'].to_pylist()]
        return table['i'].to_pylist()
    first = sample(tmp / 'a.parquet', '1000')
    assert len(set(first)) == 1000 and first == sorted(first) and first == sample(tmp / 'a.parquet', '1000', '--seed', '0')
    assert first == sample(tmp / 'a.csv', '1000'), 'the same rows of another format'
    other = sample(tmp / 'a.parquet', '1000', '--seed', '7')
    assert len(set(first) & set(other)) < 50
    # 1000 of 100,000: each tenth of the rows has about 100 of them.
    for rows in first, other:
        counts = [sum(i // 10_000 == tenth for i in rows) for tenth in range(10)]
        assert all(60 < count < 145 for count in counts), counts
    assert sample(tmp / 'a.parquet', '200000') == list(range(100_000))
    assert sample(tmp / 'a.parquet', '0') == []
    assert sample(tmp / 'a.parquet', '5', '--where', 'i >= 500', '--limit', '5') == [500, 501, 502, 503, 504]
    expect(2, tmp / 'a.parquet', tmp / 'x.arrow', '--seed', '3')


@test
def outputs_in_parts(tmp):
    whole = pq.read_table(FLIGHTS)
    readers = {'parquet': pq.read_table, 'arrow': read_ipc, 'csv.gz': pa.csv.read_csv, 'lance': lambda path: lance.dataset(str(path)).to_table()}
    for kind, read in readers.items():
        done = expect(0, FLIGHTS, tmp / f'p.{kind}', '--split-by', 'rows=10000')
        assert b'3 outputs' in done.stderr, done.stderr
        parts = [read(tmp / f'p-{i:05}.{kind}') for i in range(3)]
        assert [part.num_rows for part in parts] == [10000, 10000, 5000]
        if kind != 'csv.gz':
            assert pa.concat_tables(parts).equals(whole)
        assert b'p-00000' in expect(6, FLIGHTS, tmp / f'p.{kind}', '--split-by', 'rows=10000').stderr
        expect(6, '--dry-run', FLIGHTS, tmp / f'p.{kind}', '--split-by', 'rows=10000')
        assert b': replaced' in expect(0, '--dry-run', FLIGHTS, tmp / f'p.{kind}', '--split-by', 'rows=9', '--force').stdout
        # A shorter run replaces all of a longer one.
        expect(0, FLIGHTS, tmp / f'p.{kind}', '--split-by', 'rows=20000', '--force')
        assert len(list(tmp.glob(f'p-*.{kind}'))) == 2
    expect(0, FLIGHTS, tmp / 'b.parquet', '--split-by', f'bytes={whole.nbytes // 4}')
    parts = [pq.read_table(path) for path in sorted(tmp.glob('b-*.parquet'))]
    assert len(parts) in (4, 5) and pa.concat_tables(parts).equals(whole), [part.num_rows for part in parts]
    expect(0, FLIGHTS, tmp / 'e.csv', '--limit', '0', '--split-by', 'rows=5')
    assert (tmp / 'e-00000.csv').read_text().count('\n') == 1 and not (tmp / 'e-00001.csv').exists()
    before = sorted(path.name for path in tmp.iterdir())
    (tmp / 'late.csv').write_text('a,b\n' + '1,2\n' * 100_000 + '1\n')
    for kind, read in readers.items():
        expect(4, tmp / 'late.csv', tmp / f'bad.{kind}', '--split-by', 'rows=1000')
        expect(4, tmp / 'late.csv', tmp / f'p.{kind}', '--split-by', 'rows=1000', '--force')
        assert read(tmp / f'p-00001.{kind}').num_rows == 5000, 'what was there stays'
    (tmp / 'late.csv').unlink()
    assert sorted(path.name for path in tmp.iterdir()) == before
    (tmp / 'm-00001.csv').mkdir()
    (tmp / 'm-00001.csv' / 'mine').write_text('precious')
    assert b'no Lance dataset' in expect(6, FLIGHTS, tmp / 'm.csv', '--split-by', 'rows=20000', '--force').stderr
    assert b'already exists' in expect(6, FLIGHTS, tmp / 'm.csv', '--split-by', 'rows=20000').stderr
    assert (tmp / 'm-00001.csv' / 'mine').read_text() == 'precious' and not (tmp / 'm-00000.csv').exists()
    expect(0, FLIGHTS, tmp / 'd.lance')
    expect(0, FLIGHTS, f'{tmp}/d.lance/', '--split-by', 'rows=20000')
    assert sorted(path.name for path in tmp.glob('d*')) == ['d-00000.lance', 'd-00001.lance', 'd.lance']
    nothing_left(tmp / 'd.lance', 'data', '_transactions', '_versions')
    for args in (['rows=0'], ['rows=x'], ['5'], ['bytes=much'], ['rows=5', '--append']):
        expect(2, FLIGHTS, tmp / 'x.lance', '--split-by', *args)
    expect(2, FLIGHTS, '-', '--to', 'csv', '--split-by', 'rows=5')


@test
def a_run_goes_on_where_another_was_stopped(tmp):
    whole = pq.read_table(FLIGHTS)
    inputs = [tmp / f'in{i}.parquet' for i in range(5)]
    for i, path in enumerate(inputs):
        pq.write_table(whole.slice(i * 5000, 5000), path)
    good = inputs[3].read_bytes()
    inputs[3].write_bytes(good[:1000])
    expect(4, '--resume', *inputs, tmp / 'o.lance')
    assert not (tmp / 'o.lance').exists() and (tmp / '.o.lance.resume').is_dir()
    inputs[3].write_bytes(good)
    done = expect(0, '--resume', *inputs, tmp / 'o.lance')
    assert b'10,000' in done.stderr, done.stderr    # the two that were left
    assert lance.dataset(tmp / 'o.lance').to_table().equals(whole)
    nothing_left(tmp, 'o.lance', *(path.name for path in inputs))
    assert b'already exists' in expect(6, '--resume', *inputs, tmp / 'o.lance').stderr
    # Done inputs must still be what they were, and come first.
    inputs[2].write_bytes(b'broken')
    expect(4, '--resume', *inputs, tmp / 'p.lance')
    for change in 'time', 'order', 'less':
        these = list(inputs)
        if change == 'time':
            stat = inputs[0].stat()
            os.utime(inputs[0], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
        elif change == 'order':
            os.utime(inputs[0], ns=(stat.st_atime_ns, stat.st_mtime_ns))
            these[0], these[1] = these[1], these[0]
        else:
            these = these[:1]
        assert b'remove' in expect(2, '--resume', *these, tmp / 'p.lance').stderr, change
    pq.write_table(whole.slice(10000, 5000), inputs[2])
    expect(0, '--resume', *inputs, tmp / 'p.lance')
    assert lance.dataset(tmp / 'p.lance').to_table().equals(whole)
    lance.write_dataset(whole.slice(0, 1), str(tmp / 'p.lance'), mode='append')    # and others go on from there
    for args in (['--append'], ['--limit', '5'], ['--schema-mode', 'union'], ['--force'], ['--verify']):
        expect(2, '--resume', *inputs, tmp / 'q.lance', *args)
    expect(2, '--resume', *inputs, tmp / 'q.parquet')
    expect(2, '--resume', '--from', 'csv', '-', tmp / 'q.lance', stdin=b'a\n1\n')


@test
def one_run_at_a_time_of_one_output(tmp):
    whole = pq.read_table(FLIGHTS)
    inputs = [tmp / f'in{i}.parquet' for i in range(3)]
    for i, path in enumerate(inputs):
        pq.write_table(whole.slice(i * 8000, 8000), path)
    both = [subprocess.Popen([PROGRAM, '-q', '--resume', *inputs, tmp / 'o.lance'], stderr=subprocess.DEVNULL) for _ in range(2)]
    assert sorted(process.wait() for process in both) == [0, 6]
    assert lance.dataset(tmp / 'o.lance').to_table().equals(whole.slice(0, 24000))
    folder = tmp / '.p.lance.resume'
    folder.mkdir()
    # What a killed run has left, whose process id may be that of this one.
    (folder / '.dataset.tmp-1-0' / 'data').mkdir(parents=True)
    (folder / '.journal.jsonl.tmp-1-0').write_text('half')
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert b'another --resume' in expect(6, '--resume', *inputs, tmp / 'p.lance').stderr
    nothing_left(folder, '.dataset.tmp-1-0', '.journal.jsonl.tmp-1-0')
    os.close(lock)
    good = inputs[2].read_bytes()
    inputs[2].write_bytes(b'broken')
    expect(4, '--resume', *inputs, tmp / 'p.lance')
    nothing_left(folder, 'dataset', 'journal.jsonl')
    inputs[2].write_bytes(good)
    # Half of the rows with these options and half with others would be neither.
    for options in (['-c', 'delay'], ['--where', 'delay > 0'], ['--encode', 'delay=rle'], ['--rename', 'delay=d']):
        told = expect(2, '--resume', *inputs, tmp / 'p.lance', *options).stderr
        assert b'other options' in told and b'remove' in told, told
    expect(0, '--resume', *inputs, tmp / 'p.lance', '--threads', '1', '--strict')
    assert lance.dataset(tmp / 'p.lance').to_table().equals(whole.slice(0, 24000))


@test
def resumed_inputs_have_the_columns_of_the_first(tmp):
    nested = pa.table({'l': [[{'a': 1, 'b': ['x']}], None, []], 'v': pa.array(['a', 'b', None], pa.string_view()), 'n': pa.nulls(3)})
    table = pa.table({**{name: zoo()[name] for name in zoo().column_names}, **{name: nested[name] for name in nested.column_names}})
    for name in 'a', 'b':
        with pa.ipc.new_file(str(tmp / f'{name}.arrow'), table.schema) as writer:
            writer.write_table(table)
    done = expect(0, '--resume', '--json', tmp / 'a.arrow', tmp / 'b.arrow', tmp / 'o.lance')
    types = json.loads(done.stderr)['summary']['types']
    assert [(t['column'], t['from'], t['to']) for t in types] == [('v', 'string_view', 'string')], types
    assert lance.dataset(tmp / 'o.lance').count_rows() == 6
    pq.write_table(pa.table({'i': pa.array([1], pa.int64()), 's': ['x']}), tmp / '1.parquet')
    pq.write_table(pa.table({'s': ['y'], 'i': pa.array([2], pa.int64())}), tmp / '2.parquet')
    expect(0, '--resume', tmp / '1.parquet', tmp / '2.parquet', tmp / 'p.lance')
    for columns, words in (({'i': [2]}, b'no column "s"'), ({'i': pa.array([2], pa.int32()), 's': ['y']}, b'is int32'),
                           ({'i': [2], 's': ['y'], 'more': [1]}, b'"more"')):
        pq.write_table(pa.table(columns), tmp / '2.parquet')
        for options in [], ['--resume']:
            told = expect(2, *options, tmp / '1.parquet', tmp / '2.parquet', tmp / 'q.lance').stderr
            assert words in told and b'2.parquet' in told, told
        shutil.rmtree(tmp / '.q.lance.resume')


@test
def killed_at_any_moment(tmp):
    """Whenever a run is killed, the next one makes the whole of it."""
    whole = pq.read_table(FLIGHTS)
    for i in range(6):
        pq.write_table(whole.slice(i * 4000, 4000), tmp / f'{i}.parquet')
    wanted = whole.slice(0, 24000)
    for millis in 15, 40, 60, 90, 130:
        for path in tmp.glob('.o.lance.resume'):
            subprocess.run(['rm', '-r', path], check=True)
        process = subprocess.Popen([PROGRAM, '-q', '--resume', str(tmp / '*.parquet'), str(tmp / 'o.lance')])
        try:
            process.wait(millis / 1000)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not (tmp / 'o.lance').exists():
            expect(0, '--resume', str(tmp / '*.parquet'), tmp / 'o.lance')
        assert lance.dataset(tmp / 'o.lance').to_table().equals(wanted), millis
        subprocess.run(['rm', '-r', tmp / 'o.lance'], check=True)


if __name__ == '__main__':
    sys.exit(main())
