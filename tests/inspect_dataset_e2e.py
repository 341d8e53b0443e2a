#!/usr/bin/env python3
"""End-to-end checks of lance-inspect on datasets that pylance makes: versions, fragments, manifest, files, take, sample, and the
options that choose a version.

    inspect_dataset_e2e.py PROGRAM
"""
import datetime
import json
import pathlib
import shutil
import sys
import tempfile
import time

from inspect_e2e import Tool, check

try:
    import lance
    import pyarrow as pa
except ImportError:
    print('skipped: no pylance')
    sys.exit(0)


def make(folder):
    """-> path, time between versions 2 and 3."""
    path = folder / 'main.lance'
    ds = lance.write_dataset(pa.table({'id': pa.array(range(100)), 's': pa.array([f'row {i}' for i in range(100)])}), path, max_rows_per_file=40)
    ds.insert(pa.table({'id': pa.array(range(100, 110)), 's': pa.array(['more'] * 10)}))
    time.sleep(0.05)
    between = datetime.datetime.now(datetime.timezone.utc)
    time.sleep(0.05)
    ds.delete('id % 10 = 3')
    ds.add_columns({'twice': 'id * 2'})
    ds.tags.create('good', 2)
    branch = ds.create_branch('team/x', 3)
    branch.delete('id < 50')
    ds.tags.create('side', ('team/x', 4))
    return path, between


def check_history(tool, path):
    document = tool.json('versions', path)
    rows = document['versions']
    check([row['version'] for row in rows] == [1, 2, 3, 4], 'versions')
    check([row['operation'] for row in rows] == ['overwrite', 'append', 'delete', 'merge'], 'operations')
    check([(row['rows'], row['deleted_rows'], row['fragments']) for row in rows] == [(100, 0, 3), (110, 0, 4), (99, 11, 4), (99, 11, 4)], 'rows')
    check(rows[1]['tags'] == ['good'] and rows[2]['branches'] == ['team/x'], 'tags and branches')
    check(document['branch'] is None and document['all_branches'] == [{'name': 'team/x', 'parent': None, 'parent_version': 3}], 'branches')
    expected = [entry['timestamp'].replace(microsecond=0) for entry in lance.dataset(path).versions()]
    got = [datetime.datetime.fromisoformat(row['time'].replace('Z', '+00:00')).astimezone().replace(tzinfo=None, microsecond=0) for row in rows]
    check(got == expected, f'times: {got} {expected}')
    branch = tool.json('versions', path, '--branch', 'team/x')['versions']
    check([(row['version'], row['operation'], row['tags']) for row in branch] == [(3, 'clone', []), (4, 'delete', ['side'])], f'{branch}')


def check_paths(tool, folder):
    path = folder / 'nested.lance'
    rows = [{'id': i, 's': {'a': i * 2, 'b': {'c': str(i), 'd': None}}, 'l': [{'x': i, 'y': 'z'}] * (i % 3)} for i in range(20)]
    lance.write_dataset(pa.Table.from_pylist(rows), path)
    def head(*columns):
        lines = tool('head', '-n', '2', '-f', 'jsonl', '-c', ','.join(columns), path).stdout.decode().splitlines()
        return [json.loads(line) for line in lines]
    check(head('s.b.c', 'id') == [{'s': {'b': {'c': '0'}}, 'id': 0}, {'s': {'b': {'c': '1'}}, 'id': 1}], 'a leaf of a struct')
    check(head('l.x') == [{'l': []}, {'l': [{'x': 1}]}], 'a leaf of a list')
    check(b's.b.e' in tool('head', '-c', 's.b.e', path, code=2).stderr, 'a path that leads nowhere')


def check_choice(tool, path, between):
    def count(*options, code=0):
        result = tool('count', path, *options, code=code)
        return int(result.stdout) if code == 0 else result.stderr.decode()
    stamp = between.strftime('%Y-%m-%dT%H:%M:%S.%f')
    local = between.astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30))).isoformat()
    for options, rows in (((), 99), (('--version', '1'), 100), (('--version=2',), 110), (('--tag', 'good'), 110), (('--tag', 'side'), 54),
                          (('--branch', 'team/x'), 54), (('--branch', 'team/x', '--version', '3'), 99), (('--as-of', stamp + 'Z'), 110),
                          (('--as-of', stamp), 110), (('--as-of', local), 110), (('--as-of', '2200-01-01'), 99),
                          *((('--as-of', row['time']), row['rows']) for row in tool.json('versions', path)['versions'])):
        check(count(*options) == rows, f'{options}: {count(*options)}')
    check('1 to 4' in count('--version', '9', code=2), 'versions are named')
    check('good, side' in count('--tag', 'bad', code=2), 'tags are named')
    check('team/x' in count('--branch', 'bad', code=2), 'branches are named')
    check('version 1 is of' in count('--as-of', '2001-01-01', code=2), 'the oldest version is named')
    count('--as-of', 'yesterday', code=2)
    count('--version', '1', '--tag', 'good', code=2)
    check(b'no --version N' in tool('versions', path, '--version', '1', code=2).stderr, 'versions shows all')
    check(tool('--version', code=0).stdout.startswith(b'lance-inspect '), '--version alone')
    for command in ('info', 'schema', 'columns', 'pages', 'encoding', 'layout', 'head', 'tail', 'cat', 'sample', 'fragments', 'manifest', 'files'):
        for version, names in (('1', 2), ('4', 3)):
            document = tool.json(command, path, '--version', version)
            if command == 'schema':
                check(len(document['fields']) == names, 'schema of the version')
            if command in ('head', 'tail', 'cat', 'sample'):
                check(len(document['rows'][0]) == names, f'{command}: columns of the version')
    bare = next((path / 'data').iterdir())
    for command in ('versions', 'fragments', 'manifest', 'files'):
        tool(command, bare, code=2)
        tool(command, path / 'nothing', code=3)
    check(b'no versions' in tool('head', bare, '--version', '1', code=2).stderr, 'a file has no versions')


def check_parts(tool, path):
    rows = tool.json('fragments', path)['fragments']
    check([(row['fragment'], row['first_row'], row['rows'], row['deleted_rows'], row['deletion_file']) for row in rows] ==
          [(0, 0, 36, 4, 'array'), (1, 36, 36, 4, 'array'), (2, 72, 18, 2, 'array'), (3, 90, 9, 1, 'array')], f'{rows}')
    check([file['fields'] for file in rows[0]['data_files']] == [[0, 1], [2]], 'fields of the files')
    check(all(file['bytes'] == (path / 'data' / file['path']).stat().st_size for row in rows for file in row['data_files']), 'sizes of the files')
    document = tool.json('manifest', path, '--tag', 'side')
    check(document['branch'] == 'team/x' and document['version'] == 4 and document['base_paths'][0]['is_dataset'], 'manifest of a branch')
    check(document['reader_flags'] == {'bits': 17, 'names': ['deletion files', 'base paths']}, 'flags')
    check([field['name'] for field in document['fields']] == ['id', 's'] and document['writer'].startswith('lance '), 'fields and writer')
    check('deletion files' in tool('manifest', path, '-f', 'table', code=0).stdout.decode(), 'flags in text')


def check_rows(tool, path):
    table = lance.dataset(path).to_table().to_pylist()
    n = len(table)
    for text, rows in (('0,2:5,-1', [0, 2, 3, 4, n - 1]), ('-1,0,-1', [n - 1, 0, n - 1]), ('-3:', [n - 3, n - 2, n - 1]), ('::40', list(range(0, n, 40))),
                       ('5:2:-1', [5, 4, 3]), ('500:', [])):
        check(tool.json('take', text, path)['rows'] == [table[row] for row in rows], f'take {text}')
    check(len(tool('take', ':,:,::-1', path, '-f', 'jsonl', code=0).stdout.splitlines()) == 3 * n, 'all rows thrice')
    check(tool.json('take', '3', path, '-c', 's,id')['rows'] == [{'s': table[3]['s'], 'id': table[3]['id']}], 'columns of take')
    for text in (str(n), str(-n - 1), 'x', '1:2:0', ''):
        tool('take', text, path, code=2)
    sample = tool.json('sample', path, '-n', '12', '--seed', '3')['rows']
    check(sample == tool.json('sample', path, '-n', '12', '--seed', '3')['rows'], 'a seed determines the sample')
    check(sample != tool.json('sample', path, '-n', '12', '--seed', '4')['rows'], 'another seed gives another sample')
    ids = [row['id'] for row in sample]
    check(len(set(ids)) == 12 and all(row in table for row in sample), 'rows of the sample')
    check(tool.json('sample', path, '-n', '1000')['rows'] == table, 'a sample of all')


def check_files(tool, path):
    def states(*options):
        document = tool.json('files', path, *options)
        return document, {row['path']: (row['kind'], row['state']) for row in document['files']}
    document, found = states()
    everything = {str(file.relative_to(path)) for file in path.rglob('*') if file.is_file()}
    check(set(found) == everything, f'all files: {set(found) ^ everything}')
    check(document['orphans'] == document['missing'] == document['wrong_size'] == 0, 'a sound dataset')
    check(states('--version', '1')[1][next(p for p in found if p.startswith('_deletions/'))] == ('deletion', 'other version'), 'other versions')
    (path / 'data' / 'stray.lance').write_bytes(bytes(1000))
    (path / '_deletions' / '9-9-9.bin').write_bytes(b'x')
    used = [p for p, (kind, state) in found.items() if kind == 'data' and state == 'used']
    (path / used[0]).rename(path / 'gone')
    with open(path / used[1], 'ab') as file:
        file.write(b'tail')
    document, found = states()
    check((document['orphans'], document['orphan_bytes'], document['missing'], document['wrong_size']) == (2, 1001, 1, 1), f'{document}')
    check(found['data/stray.lance'] == ('data', 'orphan') and found['_deletions/9-9-9.bin'] == ('deletion', 'orphan'), 'orphans')
    check(found[str(path / used[0])] == ('data', 'missing') and found[used[1]] == ('data', 'wrong size') and found['gone'][0] == 'other', f'{found}')


def main():
    tool = Tool(sys.argv[1])
    folder = pathlib.Path(tempfile.mkdtemp(prefix='lancekit_inspect_'))
    try:
        path, between = make(folder)
        check_history(tool, path)
        check_choice(tool, path, between)
        check_paths(tool, folder)
        check_parts(tool, path)
        check_rows(tool, path)
        check_files(tool, path)
    finally:
        shutil.rmtree(folder)
    from inspect_e2e import checks
    print(f'{checks} checks passed')


if __name__ == '__main__':
    sys.exit(main())
