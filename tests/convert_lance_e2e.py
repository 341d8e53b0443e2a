#!/usr/bin/env python3
"""What lance-convert makes of Lance datasets and files, and how it reads them.

    convert_lance_e2e.py PATH-OF-LANCE-CONVERT [-k PART-OF-A-NAME]
"""
import json
import os
import sys

import lance
import lance.file
import pyarrow as pa
import pyarrow.parquet as pq

from convert_testing import FLIGHTS, expect, main, nothing_left, read_ipc, run, same, test, zoo


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
def rows_of_lance(tmp):
    expect(0, FLIGHTS, tmp / 'f.lance')
    expect(0, tmp / 'f.lance', tmp / 'a.arrow', '-c', 'origin,date', '--skip', '24990', '--limit', '7')
    assert read_ipc(tmp / 'a.arrow').equals(pq.read_table(FLIGHTS).select(['origin', 'date']).slice(24990, 7))


@test
def a_link_keeps_pointing_at_its_dataset(tmp):
    (tmp / 'link.lance').symlink_to('real.lance')
    (tmp / 'real.lance').mkdir()
    for options in ['--force'], ['--append'], ['--overwrite']:
        expect(0, FLIGHTS, tmp / 'link.lance', *options)
        assert os.readlink(tmp / 'link.lance') == 'real.lance' and not (tmp / 'real.lance').is_symlink()
        assert lance.dataset(str(tmp / 'real.lance')).count_rows() == (50_000 if options == ['--append'] else 25_000)
    expect(6, FLIGHTS, tmp / 'link.lance')
    nothing_left(tmp, 'link.lance', 'real.lance')


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


if __name__ == '__main__':
    sys.exit(main())
