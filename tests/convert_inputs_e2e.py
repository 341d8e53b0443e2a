#!/usr/bin/env python3
"""Several inputs after each other.

    convert_inputs_e2e.py PATH-OF-LANCE-CONVERT [-k PART-OF-A-NAME]
"""
import json
import resource
import sys

import lance
import pyarrow as pa
import pyarrow.parquet as pq

from convert_testing import FLIGHTS, expect, main, read_ipc, run, test


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


@test
def globs_folders_and_lists(tmp):
    values = lambda name: read_ipc(tmp / name)['v'].to_pylist()
    (tmp / 'in' / 'deep').mkdir(parents=True)
    for i in range(12):
        (tmp / 'in' / f'p{i:02}.csv').write_text(f'v\n{i}\n')
    expect(0, tmp / 'in' / 'p*.csv', tmp / 'glob.arrow')
    assert values('glob.arrow') == list(range(12))
    expect(0, tmp / 'in' / 'p0[13].csv', tmp / 'in' / 'p1{1,0}.csv', tmp / 'some.arrow')
    assert values('some.arrow') == [1, 3, 11, 10]
    pq.write_table(pa.table({'v': [100]}), tmp / 'in' / 'deep' / 'a.parquet')
    expect(0, '--from', 'parquet', tmp / 'in' / 'deep' / 'a.parquet', tmp / 'in' / 'z.lance')
    for name in '_SUCCESS', '.hidden.csv', 'notes.txt', 'deep/_metadata.parquet':
        (tmp / 'in' / name).write_text('not read')
    expect(0, tmp / 'in', tmp / 'folder.arrow')
    assert values('folder.arrow') == [100, *range(12), 100]    # deep/a.parquet, p00.csv, ..., z.lance
    done = expect(0, '--from', 'csv', tmp / 'in' / 'p0?.csv', '-o', tmp / 'o.arrow')
    assert b'10 inputs' in done.stderr
    # a name with the characters of a glob is a name first
    (tmp / 'odd[1]*.csv').write_text('v\n7\n')
    (tmp / 'odd1x.csv').write_text('v\n8\n')
    expect(0, tmp / 'odd[1]*.csv', tmp / 'odd.arrow')
    assert values('odd.arrow') == [7]
    (tmp / 'list').write_text(f'{tmp}/in/p02.csv\r\n\n{tmp}/in/p01.csv')
    expect(0, '--files-from', tmp / 'list', tmp / 'list.arrow')
    assert values('list.arrow') == [2, 1]
    (tmp / 'line\nbreak.csv').write_text('v\n9\n')
    names = f'{tmp}/line\nbreak.csv\0{tmp}/in/deep\0'
    expect(0, '--files-from', '-', '-0', tmp / 'in' / 'p03.csv', tmp / 'nul.arrow', stdin=names.encode())
    assert values('nul.arrow') == [3, 9, 100]
    (tmp / 'empty').mkdir()
    for inputs, code, words in (([tmp / 'none*.csv'], 3, b'no file matches'), ([tmp / 'empty'], 3, b'no file of a known format'), (['--files-from', tmp / 'none'], 3, b'cannot open'),
                                (['--files-from', '/dev/null'], 2, b'empty'), (['--files-from', tmp / 'empty'], 3, b'cannot'), (['-0', tmp / 'in'], 2, b'--files-from'),
                                (['--files-from', '-', '-'], 2, b'stdin'), (['--files-from', tmp / 'list', tmp / 'in' / 'p99.csv'], 3, b'p99.csv')):
        done = expect(code, *inputs, tmp / 'x.arrow', stdin=b'')
        assert words in done.stderr, (inputs, done.stderr)
    assert not (tmp / 'x.arrow').exists()


@test
def more_inputs_than_open_files(tmp):
    for i in range(1500):
        (tmp / f'{i:04}.csv').write_text(f'v\n{i}\n')
    expect(0, tmp / '*.csv', tmp / 'all.lance', preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    assert lance.dataset(tmp / 'all.lance').to_table()['v'].to_pylist() == list(range(1500))


if __name__ == '__main__':
    sys.exit(main())
