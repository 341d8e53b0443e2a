#!/usr/bin/env python3
"""New versions of Lance datasets: --append and --overwrite.

    convert_versions_e2e.py PATH-OF-LANCE-CONVERT [-k PART-OF-A-NAME]
"""
import datetime
import json
import os
import shutil
import subprocess
import sys

import lance
import pyarrow as pa
import pyarrow.parquet as pq

from convert_testing import FLIGHTS, PROGRAM, expect, main, run, test


def snapshot(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def rows(path, version=None):
    return lance.dataset(str(path), version=version).to_table()


@test
def append_and_overwrite_make_versions(tmp):
    whole = pq.read_table(FLIGHTS)
    path = tmp / 'f.lance'
    done = expect(0, '--append', FLIGHTS, path, '--limit', '1000')    # nothing is there yet
    assert b'version 1)' in done.stderr, done.stderr
    done = expect(0, '--append', FLIGHTS, path, '--skip', '1000', '--max-rows-per-file', '10000')
    assert b'3 data files, version 2)' in done.stderr, done.stderr
    done = expect(0, '--overwrite', FLIGHTS, path, '-c', 'origin', '--limit', '7')
    assert b'version 3)' in done.stderr, done.stderr
    expect(0, '--append', FLIGHTS, path, '-c', 'origin', '--skip', '7', '--limit', '3')
    for version, want in ((1, whole.slice(0, 1000)), (2, whole), (3, whole.select(['origin']).slice(0, 7)), (4, whole.select(['origin']).slice(0, 10)), (None, whole.select(['origin']).slice(0, 10))):
        assert rows(path, version).equals(want), version
        expect(0, path, tmp / 'back.parquet', '--force', *([] if version is None else ['--version', str(version)]))
        assert pq.read_table(tmp / 'back.parquet').equals(want), version
    ids = [fragment.fragment_id for fragment in lance.dataset(str(path)).get_fragments()]
    assert ids == [4, 5], ids
    # pylance goes on from there, and we from what it made.
    lance.write_dataset(pa.table({'origin': pa.array(['PY'], whole.schema.field('origin').type)}), str(path), mode='append')
    expect(0, '--append', FLIGHTS, path, '-c', 'origin', '--limit', '1')
    assert rows(path)['origin'].to_pylist()[-2:] == ['PY', whole['origin'][0].as_py()]
    assert [entry['version'] for entry in lance.dataset(str(path)).versions()] == [1, 2, 3, 4, 5, 6]
    # a folder need not be called .lance
    os.rename(path, tmp / 'plain')
    expect(0, '--append', FLIGHTS, tmp / 'plain', '-c', 'origin', '--limit', '1')
    assert rows(tmp / 'plain').num_rows == 13


@test
def append_to_what_pylance_made(tmp):
    table = pa.table({'id': pa.array(range(1000), pa.int32()), 'x': pa.array([i / 3 for i in range(1000)], pa.float32()), 'drop': ['d'] * 1000,
                      's': pa.array([{'a': i, 'b': str(i)} for i in range(1000)]), 'l': pa.array([[i] for i in range(1000)])})
    for version in '2.1', '2.2':
        path = tmp / f'{version}.lance'
        ds = lance.write_dataset(table, str(path), data_storage_version=version)
        ds.create_scalar_index('id', 'BTREE')
        ds.update_config({'k': 'v'})
        ds.delete('id < 10')
        ds.drop_columns(['drop'])
        ds.add_columns({'late': 'id * 2'})
        ds.tags.create('before', ds.version)
        more = pa.table({'late': pa.array([7, 8, 9], pa.int64()), 'id': pa.array([1, 2, 30000], pa.int64()), 'x': [0.5, None, 1.5],
                         's': pa.array([{'a': 1, 'b': 'q'}, None, {'a': None, 'b': None}]), 'l': pa.array([[1, 2], [], None])})
        pq.write_table(more, tmp / 'more.parquet')
        done = expect(0, '--append', tmp / 'more.parquet', path)
        assert f'Lance {version}' in done.stderr.decode() and b'id: int64 \xe2\x86\x92 int32 (values kept)' in done.stderr and b'x: double \xe2\x86\x92 float (rounded)' in done.stderr, done.stderr
        after = lance.dataset(str(path))
        assert after.count_rows() == 993 and after.schema.equals(lance.dataset(str(path), version='before').schema)
        assert after.to_table().slice(990).to_pylist() == more.select(after.schema.names).to_pylist()
        assert after.to_table(filter='id = 30000').num_rows == 1 and after.to_table(filter='id = 500').num_rows == 1
        assert [index['name'] for index in after.list_indices()] == ['id_idx'] and after.config() == {'k': 'v'}
        after.optimize.optimize_indices()
        assert lance.dataset(str(path)).to_table(filter='id IN (1, 500, 30000)').num_rows == 3
        after.validate()
        expect(0, path, tmp / 'ours.parquet', '--force')
        assert pq.read_table(tmp / 'ours.parquet').to_pylist() == after.to_table().to_pylist()
        assert lance.dataset(str(path), version='before').count_rows() == 990
        # Missing columns are null where they may be.
        (tmp / 'few.csv').write_text('id\n77\n')
        expect(0, '--append', tmp / 'few.csv', path)
        assert rows(path).to_pylist()[-1] == {'id': 77, 'x': None, 's': None, 'l': None, 'late': None}
        # An overwrite begins anew, under the settings of the table.
        expect(0, '--overwrite', tmp / 'few.csv', path)
        assert rows(path).to_pydict() == {'id': [77]} and lance.dataset(str(path)).config() == {'k': 'v'} and lance.dataset(str(path)).list_indices() == []
    # Other data types on the way: dictionaries, blobs, and a list that was never filled.
    path = tmp / 'kinds.lance'
    schema = pa.schema([pa.field('k', pa.dictionary(pa.int16(), pa.string())), lance.blob_field('b'), pa.field('day', pa.date32())])
    lance.write_dataset(pa.table([pa.array(['p', 'q']).cast(schema.field(0).type), lance.blob_array([b'1', None]), pa.array([datetime.date(2026, 1, 1), None])], schema=schema),
                        str(path), data_storage_version='2.2')
    expect(0, '--append', path, path)
    expect(0, path, tmp / 'kinds.parquet')
    assert pq.read_table(tmp / 'kinds.parquet').to_pylist() == [{'k': 'p', 'b': b'1', 'day': datetime.date(2026, 1, 1)}, {'k': 'q', 'b': None, 'day': None}] * 2
    assert [blob and blob.readall() for blob in lance.dataset(str(path)).take_blobs('b', indices=range(4))] == [b'1', None] * 2


@test
def items_of_lists_and_maps_may_have_any_name(tmp):
    # Parquet calls those of lists "element", Lance "item"; those of maps are called as the column, or "entries".
    table = pa.table({'v': pa.array([[1, 2], [3, 4]], pa.list_(pa.float32(), 2)), 'l': [[1], []], 'n': [[{'a': ['x']}], None],
                      'm': pa.array([[('k', 1)], []], pa.map_(pa.string(), pa.int8()))})
    pq.write_table(table, tmp / 't.parquet')
    for column in table.column_names:
        for _ in range(3):
            expect(0, '--append', tmp / 't.parquet', tmp / f'{column}.lance', '-c', column)
        assert rows(tmp / f'{column}.lance').to_pylist() == table.select([column]).to_pylist() * 3


@test
def old_names_and_official_hints(tmp):
    path = tmp / 'v1.lance'
    lance.write_dataset(pa.table({'a': [1]}), str(path), data_storage_version='2.1', enable_v2_manifest_paths=False)
    assert (path / '_versions' / '1.manifest').exists()
    (tmp / 'a.csv').write_text('a\n2\n')
    expect(0, '--append', tmp / 'a.csv', path)
    assert (path / '_versions' / '2.manifest').exists()
    assert rows(path)['a'].to_pylist() == [1, 2] and rows(path, 1)['a'].to_pylist() == [1]


@test
def what_cannot_be_appended_to(tmp):
    (tmp / 'a.csv').write_text('a,b\n1,x\n')
    expect(0, tmp / 'a.csv', tmp / 'good.lance')
    before = snapshot(tmp / 'good.lance')
    (tmp / 'folder').mkdir()
    (tmp / 'folder' / 'mine').write_text('precious')
    expect(0, tmp / 'a.csv', tmp / 'file.lance', '--single-file')
    for target in 'folder', 'file.lance':
        for option in '--append', '--overwrite':
            done = expect(6, option, '--to', 'lance', tmp / 'a.csv', tmp / target)
            assert b'is no Lance dataset' in done.stderr, done.stderr
    assert (tmp / 'folder' / 'mine').read_text() == 'precious'
    expect(2, '--append', tmp / 'a.csv', tmp / 'a.parquet')
    for options in (['--append', '--overwrite'], ['--append', '--force'], ['--overwrite', '--force'], ['--append', '--single-file']):
        expect(2, *options, tmp / 'a.csv', tmp / 'new.lance')
    for text, code, words in (('a,c\n1,x\n', 2, b'no column "c"'), ('a,b\nx,y\n', 2, b'"a"'), ('a,b\n1.5,y\n', 4, b'row 1: "1.5" does not fit'), ('a,b\n1,x\n1\n', 4, b'Expected 2 columns'),
                              ('B\n1\n', 2, b'did you mean "b"')):
        (tmp / 'bad.csv').write_text(text)
        done = expect(code, '--append', tmp / 'bad.csv', tmp / 'good.lance')
        assert words in done.stderr, (text, done.stderr)
    pq.write_table(pa.table({'a': pa.array([2**63], pa.uint64())}), tmp / 'big.parquet')
    told = expect(4, '--append', tmp / 'big.parquet', tmp / 'good.lance').stderr
    assert b'"a"' in told and b'big.parquet' in told and b'row 1: "9223372036854775808"' in told, told
    table = pa.table({'a': pa.array([*range(100_000), 2**63, 5, 2**64 - 1], pa.uint64())})
    pq.write_table(table, tmp / 'big.parquet')
    for options, words in (([], b'row 100,001:'), (['--skip', '7'], b'row 100,001:'), (['--skip', '100001'], b'row 100,003:'),
                           (['--where', 'a > 9'], b'row 99,991 of those taken:')):
        told = expect(4, '--append', tmp / 'big.parquet', tmp / 'good.lance', *options).stderr
        assert words in told and b'big.parquet' in told, told
    assert b'2.2' in expect(2, '--append', tmp / 'a.csv', tmp / 'good.lance', '--format-version', '2.1').stderr
    assert snapshot(tmp / 'good.lance') == before
    table = pa.table({'a': [1], 'b': ['x']})
    lance.write_dataset(table, str(tmp / 'old.lance'), data_storage_version='2.0')
    assert b'2.0' in expect(5, '--append', tmp / 'a.csv', tmp / 'old.lance').stderr
    lance.write_dataset(table, str(tmp / 'ids.lance'), enable_stable_row_ids=True)
    for option in '--append', '--overwrite':
        assert b'stable row ids' in expect(5, option, tmp / 'a.csv', tmp / 'ids.lance').stderr
    lance.write_dataset(table.cast(pa.schema([pa.field('a', pa.int64(), nullable=False), pa.field('b', pa.string())])), str(tmp / 'must.lance'), data_storage_version='2.2')
    (tmp / 'b.csv').write_text('b\nq\n')
    assert b'must not be null' in expect(2, '--append', tmp / 'b.csv', tmp / 'must.lance').stderr
    expect(0, '--append', tmp / 'a.csv', tmp / 'must.lance')
    assert rows(tmp / 'must.lance').num_rows == 2


@test
def digits_lost_by_appending_are_told(tmp):
    import decimal
    moment = datetime.datetime(2026, 11, 21, 10, 0, 1)
    ours = pa.table({'v': pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)), 'd': pa.array([0.5]), 't': pa.array([moment.date()]), 'i': pa.array([1])})
    lance.write_dataset(ours, str(tmp / 'd.lance'), data_storage_version='2.2')
    pq.write_table(pa.table({'v': pa.array([[0.1, 0.2]], pa.list_(pa.float64(), 2)), 'd': [decimal.Decimal('0.1')], 't': [moment], 'i': pa.array([2], pa.int32())}), tmp / 'a.parquet')
    told = expect(1, '--strict', '--append', tmp / 'a.parquet', tmp / 'd.lance').stderr
    assert all(b'column "%s" would' % name in told for name in (b'v', b'd', b't')), told
    types = json.loads(expect(0, '--json', '--append', tmp / 'a.parquet', tmp / 'd.lance').stderr)['summary']['types']
    assert {t['column']: t['rounded'] for t in types} == {'v': True, 'd': True, 't': True, 'i': False}, types


@test
def damaged_manifests(tmp):
    (tmp / 'a.csv').write_text('a\n1\n')
    ds = lance.write_dataset(pa.table({'a': range(100)}), str(tmp / 'd.lance'), data_storage_version='2.2')
    ds.create_scalar_index('a', 'BTREE')
    newest = min((tmp / 'd.lance' / '_versions').glob('*.manifest'))
    good = newest.read_bytes()
    for at in range(0, len(good), 17):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        newest.write_bytes(bad)
        done = run('--append', tmp / 'a.csv', tmp / 'd.lance', '-q')
        assert done.returncode in (0, 2, 3, 4, 5), (at, done)
        for path in (tmp / 'd.lance' / '_versions').glob('*.manifest'):
            if path.name < newest.name or len(path.name) != len(newest.name):
                path.unlink()
    newest.write_bytes(good)
    expect(0, '--append', tmp / 'a.csv', tmp / 'd.lance')
    assert rows(tmp / 'd.lance').num_rows == 101


@test
def failures_leave_the_dataset_as_it_was(tmp):
    expect(0, FLIGHTS, tmp / 'f.lance')
    before = snapshot(tmp / 'f.lance')
    (tmp / 'bad.csv').write_text('delay\n' + '1\n' * 200_000 + '1,2\n')
    for option in '--append', '--overwrite':
        expect(4, option, tmp / 'bad.csv', tmp / 'f.lance', '--max-rows-per-file', '50000')
        assert snapshot(tmp / 'f.lance') == before


@test
def appends_at_the_same_time(tmp):
    """Whoever loses the race for a version number follows the winner."""
    (tmp / 'a.csv').write_text('a\n0\n')
    expect(0, tmp / 'a.csv', tmp / 'd.lance')
    for i in range(1, 9):
        (tmp / f'{i}.csv').write_text(f'a\n{i}\n')
    running = [subprocess.Popen([PROGRAM, '-q', '--append', tmp / f'{i}.csv', tmp / 'd.lance']) for i in range(1, 9)]
    assert [process.wait(timeout=60) for process in running] == [0] * 8
    ds = lance.dataset(str(tmp / 'd.lance'))
    assert sorted(ds.to_table()['a'].to_pylist()) == list(range(9)) and ds.version == 9
    assert len({fragment.fragment_id for fragment in ds.get_fragments()}) == 9
    assert len(list((tmp / 'd.lance' / '_transactions').iterdir())) == 9


@test
def clones_and_copies(tmp):
    lance.write_dataset(pa.table({'a': [1, 2]}), str(tmp / 'base.lance'), data_storage_version='2.2').shallow_clone(str(tmp / 'clone.lance'), 1)
    (tmp / 'a.csv').write_text('a\n3\n')
    expect(0, '--append', tmp / 'a.csv', tmp / 'clone.lance')
    assert rows(tmp / 'clone.lance')['a'].to_pylist() == [1, 2, 3] and rows(tmp / 'base.lance')['a'].to_pylist() == [1, 2]
    shutil.copytree(tmp / 'base.lance', tmp / 'copy.lance')
    expect(0, '--append', tmp / 'a.csv', tmp / 'copy.lance')
    assert rows(tmp / 'copy.lance')['a'].to_pylist() == [1, 2, 3]


@test
def x1_grows_too(tmp):
    expect(0, FLIGHTS, tmp / 'x.lance', '--format-version', 'x1', '--limit', '10')
    expect(0, '--append', FLIGHTS, tmp / 'x.lance', '--skip', '10')
    expect(0, tmp / 'x.lance', tmp / 'x.parquet')
    assert pq.read_table(tmp / 'x.parquet').equals(pq.read_table(FLIGHTS))


if __name__ == '__main__':
    sys.exit(main())
