#!/usr/bin/env python3
"""Formats, columns, pipes, messages, and bad inputs and outputs of lance-convert.

    convert_e2e.py PATH-OF-LANCE-CONVERT [-k PART-OF-A-NAME]
"""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

from convert_testing import FLIGHTS, PROGRAM, expect, main, nothing_left, read_ipc, run, same, test, zoo


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
def dictionaries_that_change_between_batches(tmp):
    batches = [pa.record_batch({'d': pa.array(values).dictionary_encode()}) for values in (['x', 'y'], ['z', 'x'])]
    with pa.ipc.new_stream(str(tmp / 'a.arrows'), batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    expect(0, tmp / 'a.arrows', tmp / 'a.arrow')
    assert read_ipc(tmp / 'a.arrow')['d'].to_pylist() == ['x', 'y', 'z', 'x']
    expect(0, tmp / 'a.arrow', tmp / 'a.parquet')
    assert pq.read_table(tmp / 'a.parquet')['d'].to_pylist() == ['x', 'y', 'z', 'x']


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
                   '--max-rows-per-file', '--bloom', '--schema-mode', '--tag', '--branch', '--as-of', '--threads', '--memory-limit', '--summary', '--null', '--delimiter', '--no-header', '--append', '--overwrite', '--files-from', '-0', '--type', '--on-bad-row', '--quote', '--infer-rows',
                   '--timestamp-format', '--sample', '--seed', '--split-by', '--dry-run', '--strict', '--verify', '--checksum', '--resume', '--quiet', '--progress', '--json', '--color'):
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


if __name__ == '__main__':
    sys.exit(main())
