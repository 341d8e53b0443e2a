#!/usr/bin/env python3
"""End-to-end checks of lance-inspect: exit codes, output formats, damage, pipes.

    inspect_e2e.py PROGRAM [--flips N] [--every N]

Needs the small files of tests/data; row values are compared with pylance where it is installed.
"""
import argparse
import csv
import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).parent / 'data'
GOLDEN = sorted(DATA.glob('x1-*.lance'))
FIXTURES = sorted(set(DATA.glob('*.lance')) - set(GOLDEN))
STRINGS = DATA / 'strings-2.1.lance'
COMMANDS = ['info', 'schema', 'columns', 'pages', 'encoding', 'layout', 'head', 'tail', 'cat', 'sample', 'count', 'stats', 'lint']
checks = 0


def check(condition, message):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f'FAILED: {message}')


class Tool:
    def __init__(self, program):
        self.program = program

    def __call__(self, *arguments, code=None, env=None, stdout=subprocess.PIPE):
        result = subprocess.run([self.program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                                timeout=300, env={**os.environ, **(env or {})})
        shown = f'{arguments} -> {result.returncode}: {result.stderr[:500]!r}'
        check(result.returncode >= 0 and result.returncode not in (70, 134, 139), 'crash: ' + shown)
        if code is not None:
            check(result.returncode == code, f'expected exit code {code}: {shown}')
        return result

    def json(self, *arguments):
        document = json.loads(self(*arguments, '--json', code=0).stdout)
        check(next(iter(document)) == 'schema' and document['schema'] == 'lance-inspect/1', f'{arguments}: the contract comes first')
        return document


def check_formats(tool):
    for command in COMMANDS:
        tool.json(command, STRINGS)
        for line in tool(command, STRINGS, '-f', 'jsonl', code=0).stdout.decode().splitlines():
            json.loads(line)
        rows = list(csv.reader(io.StringIO(tool(command, STRINGS, '-f', 'csv', code=0).stdout.decode())))
        check(len({len(row) for row in rows}) == 1, f'{command}: CSV rows of one length')
        for name in ('plain', 'tsv'):
            lines = tool(command, STRINGS, '-f', name, code=0).stdout.decode().splitlines()
            check(len({line.count('\t') for line in lines}) == 1, f'{command} -f {name}: lines of one width')
        lines = re.sub(r'\\.', '', tool(command, STRINGS, '-f', 'md', code=0).stdout.decode()).splitlines()
        if command != 'count':
            check(len({line.count('|') for line in lines}) == 1 and re.fullmatch(r'\|( ---:? \|)+', lines[1]), f'{command} -f md: {lines[:3]}')
        check(tool(command, STRINGS, code=0).stdout == tool(command, STRINGS, '-f', 'plain', code=0).stdout, f'{command}: a pipe gets plain')
        for flags, env in (([], {'NO_COLOR': '1'}), ([], {'TERM': 'dumb'}), (['--color', 'never'], {}), ([], {'CLICOLOR_FORCE': '1', 'NO_COLOR': '1'})):
            for form in ('plain', 'table', 'json'):
                result = tool(command, STRINGS, '-f', form, *flags, env=env, code=0)
                check(b'\x1b' not in result.stdout + result.stderr, f'{command} {form} {flags} {env}: no ESC byte')
    for what in (['footer'], ['column', '0'], ['column', 'strlow'], ['global', '0'], ['buffer', '0:0:1']):
        tool.json('dump', *what, STRINGS)
        tool('dump', *what, STRINGS, code=0)
    check(tool('dump', 'buffer', 'strlow:0:0', STRINGS).stdout == STRINGS.read_bytes()[:12], 'a pipe gets raw bytes')


def check_sorted(tool):
    nested = DATA / 'x1-nested.lance'
    def columns(*options):
        return tool.json('columns', nested, *options)['columns']
    largest = columns()
    check([c['bytes'] for c in largest] == sorted((c['bytes'] for c in largest), reverse=True), 'largest first')
    check([c['path'] for c in columns('--sort', 'name')] == sorted(c['path'] for c in largest), 'by name')
    order = list(dict.fromkeys(page['column'] for page in tool.json('pages', nested)['pages']))
    check([c['path'] for c in columns('--sort', 'schema')] == order, 'as in the schema')
    known = 0
    for path in FIXTURES + GOLDEN:
        ratios = [column['ratio'] for column in tool.json('columns', path, '--sort', 'ratio')['columns']]
        numbers = [ratio for ratio in ratios if ratio is not None]
        check(ratios == sorted(numbers) + [None] * (len(ratios) - len(numbers)), f'by ratio, what is not known last: {ratios}')
        known = max(known, len(numbers))
    check(known > 2, 'ratios are known')
    check(columns('--top', '2') == largest[:2] and len(largest) > 2, 'the first ones')
    tool('columns', nested, '--top', '0', code=2)
    tool('columns', nested, '--sort', 'size', code=2)


def check_vertical(tool):
    names = [column['name'] for column in tool.json('schema', STRINGS)['fields']]
    for command in (['head', '-n', '3'], ['tail', '-n', '3'], ['take', '0,5,-1'], ['sample', '-n', '3']):
        rows = [json.loads(line) for line in tool(*command, STRINGS, '-f', 'jsonl', code=0).stdout.splitlines()]
        blocks = tool(*command, '--vertical', STRINGS, code=0).stdout.decode().split('\n\n')
        check(len(rows) == 3 and len(blocks) == 4 and blocks.pop() == '', f'{command}: an empty line ends a row: {blocks}')
        for row, block in zip(rows, blocks):
            fields = dict(line.split('\t') for line in block.split('\n'))
            check(list(fields) == names, f'{command}: a line for each field: {block}')
            check(all(fields[name] == ('NULL' if value is None else value) for name, value in row.items() if value is None or isinstance(value, str)), f'{row} {block}')
    table = tool('cat', '--vertical', '-f', 'table', STRINGS, code=0).stdout.decode()
    count = int(tool('count', STRINGS, code=0).stdout)
    check(table.startswith('── 1 ──\n') and f'── {count:,} ──\n' in table and table.count('\n') == count * (1 + len(names)), 'rows are numbered')
    tool('head', '--vertical', '--json', STRINGS, code=2)
    tool('head', '--vertical', '-f', 'csv', STRINGS, code=2)
    tool('schema', '--vertical', STRINGS, code=2)


def check_layouts(tool):
    for path in FIXTURES + GOLDEN:
        document = tool.json('layout', path)
        end = 0
        for part in document['parts']:
            check(part['offset'] == end and part['size'] > 0 and part['what'] != 'unexplained', f'{path}: part {part}')
            end += part['size']
        check(end == document['bytes'] == path.stat().st_size, f'{path}: parts sum to the size')
        for command in ('info', 'schema', 'columns', 'pages', 'encoding'):
            tool.json(command, path)


def check_why(tool):
    check(GOLDEN, 'there are golden files')
    for path in FIXTURES + GOLDEN:
        columns = tool.json('encoding', '--why', path)['columns']
        stored = {column['path'] for column in tool.json('columns', path)['columns']}
        check({column['column'] for column in columns} <= stored and columns, f'{path.name}: columns that are there')
        for column in columns:
            check(column['reason'] and column['page'] == 0 and column['file'] == str(path), f'{path.name}: {column}')
            if column['chosen'] is None:
                check('blobs' in column['reason'] and not column['trials'], f'{path.name}: only blobs have no encoding: {column}')
                continue
            trials = {trial['encoding']: trial['bytes'] * trial['cost'] for trial in column['trials']}
            if column['chosen'] in trials and 'dictionary' not in column['chosen']:
                check(trials[column['chosen']] <= min(trials.values()) * 1.02 + 1, f'{path.name}: the least cost: {column}')
        for form in ('csv', 'jsonl', 'plain', 'tsv', 'table'):
            text = tool('encoding', '--why', '-f', form, path, code=0).stdout.decode()
            mark, number = ('← chosen', sum(bool(c['trials']) for c in columns)) if form == 'table' else ('true', len(columns))
            check(text.count(mark) == number, f'{path.name} {form}: one chosen row for each column: {text}')
    rows = list(csv.DictReader(io.StringIO(tool('encoding', '--why', '-c', 'skewed', '-f', 'csv', DATA / 'x1-chosen.lance', code=0).stdout.decode())))
    chosen = [row for row in rows if row['chosen'] == 'true']
    check(len(rows) > 5 and len(chosen) == 1 and chosen[0]['reason'] == 'costs least: bytes x cost', f'{rows}')
    fast, small = (tool.json('encoding', '--why', '--preset', preset, '-c', 'skewed', DATA / 'x1-chosen.lance')['columns'][0] for preset in ('fast', 'small'))
    check(not any('zstd' in trial['encoding'] for trial in fast['trials']), f'fast tries no compression: {fast}')
    check(any('zstd' in trial['encoding'] for trial in small['trials']) and small['bytes'] <= fast['bytes'], f'small does: {small}')
    check(all(trial['cost'] == 1 for trial in small['trials'] if 'dictionary' not in trial['encoding']), f'bytes alone: {small}')
    forced, = tool.json('encoding', '--why', '-c', 'rare', DATA / 'x1-patched.lance')['columns']
    check(forced['chosen'].startswith('patched(') and 'lance-encoding:tree' in forced['reason'], f'{forced}')
    check(b'did you mean "skewed"' in tool('encoding', '--why', '-c', 'skewd', DATA / 'x1-chosen.lance', code=2).stderr, 'columns are suggested')
    check(b'page 7' in tool('encoding', '--why', '--page', '7', STRINGS, code=2).stderr, 'pages that are not there')
    check(b'--why' in tool('encoding', '--preset', 'small', STRINGS, code=2).stderr, '--preset needs --why')
    tool('encoding', '--why', '--preset', 'best', STRINGS, code=2)
    tool('columns', '--why', STRINGS, code=2)
    check(b'--why' in tool('help', 'encoding', code=0).stdout, 'help tells of it')


def check_usage(tool):
    result = tool(code=2)
    check(not result.stdout and len(result.stderr.splitlines()) <= 20, 'usage on stderr')
    check(b'did you mean "columns"' in tool('colums', STRINGS, code=2).stderr, 'commands are suggested')
    check(b'did you mean "strlow"' in tool('head', '-c', 'strlo', STRINGS, code=2).stderr, 'columns are suggested')
    check(b'did you mean "strlow"' in tool('pages', '-c', 'strlo', STRINGS, code=2).stderr, 'columns are suggested')
    check(b'did you mean "--exclude"' in tool('head', '--exclud', 'x', STRINGS, code=2).stderr, 'options are suggested')
    check(b'"tsv"' in tool('head', '-f', 'tvs', STRINGS, code=2).stderr, 'formats are suggested')
    check(tool('help', 'exit-codes', code=0).stdout.count(b'\n') >= 8, 'exit codes are listed')
    for command in COMMANDS + ['dump']:
        check(command.encode() in tool('help', command, code=0).stdout, f'help {command}')
    check(tool('--version', code=0).stdout.startswith(b'lance-inspect '), 'version')
    json.loads(tool('--version', '--json', code=0).stdout)
    error = json.loads(tool('info', '/nonexistent.lance', '--json', code=3).stderr)
    check(error['error']['exit_code'] == 3 and error['error']['path'] == '/nonexistent.lance', 'errors as one JSON line')


def check_bad_inputs(tool, folder):
    bad = folder / 'bad.lance'
    for command in COMMANDS:
        tool(command, folder / 'missing.lance', code=3)
        for content in (b'', b'hello\n', b'a,b\n' * 100, bytes(1000), bytes(40), b'PAR1' + bytes(100) + b'PAR1'):
            bad.write_bytes(content)
            check(b'not a Lance file' in tool(command, bad, code=4).stderr, f'{command}: {content[:8]!r} is no Lance file')
        (folder / 'empty.lance').mkdir(exist_ok=True)
        tool(command, folder / 'empty.lance', code=4)
        newer = bytearray(STRINGS.read_bytes())
        newer[-8:-4] = bytes([2, 0, 9, 0])
        bad.write_bytes(newer)
        check(b'Lance 2.9 is newer' in tool(command, bad, code=5).stderr, f'{command}: the version is named')
        tool(command, STRINGS, '-o', folder / 'no' / 'such' / 'folder', code=6)
    if os.geteuid() != 0:  # root may read everything
        bad.chmod(0)
        tool('info', bad, code=3)
        bad.chmod(0o644)
    if pathlib.Path('/dev/full').exists():
        with open('/dev/full', 'wb') as full:
            tool('cat', STRINGS, stdout=full, code=6)
    out = folder / 'out.csv'
    tool('head', STRINGS, '-f', 'csv', '-o', out, code=0)
    check(out.read_bytes() == tool('head', STRINGS, '-f', 'csv').stdout, '-o writes the same')
    tool('cat', STRINGS, '-c', 'nothing', '-o', folder / 'none.csv', code=2)
    check(not (folder / 'none.csv').exists(), 'a failure leaves no output')


def check_pipe(tool):
    program = subprocess.Popen([tool.program, 'cat', STRINGS, '-f', 'jsonl'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    program.stdout.readline()
    program.stdout.close()
    error = program.stderr.read()
    check(program.wait() in (0, -signal.SIGPIPE) and not error, f'a closed pipe ends it quietly: {error!r}')


def check_verify(tool, folder):
    for path in FIXTURES:
        for level in '--quick', '--full':
            document = tool.json('verify', level, path)
            check(document['sound'] and document['findings'] == [], f'{path.name} is sound')
            check(not document['files'][0]['has_hashes'], f'{path.name} has no hashes')
    check(b'no hashes' in tool('verify', STRINGS, code=0).stdout, 'files without hashes are named')
    path = folder / 'strings.lance'
    shutil.copy(STRINGS, path)
    sums = folder / 'strings.lance.sums'
    check(tool('checksum', path, code=0).stdout.decode().strip() == str(sums), 'checksum tells what it wrote')
    for line in sums.read_text().splitlines():
        json.loads(line)
    tool('checksum', path, code=6)
    tool('checksum', path, '--force', code=0)
    tool('verify', '--sums', sums, path, code=0)
    part = [part for part in tool.json('layout', path)['parts'] if part['what'] == 'page buffer'][-1]
    data = bytearray(path.read_bytes())
    data[part['offset']] ^= 1
    path.write_bytes(data)
    result = tool('verify', '--sums', sums, '--json', path, code=1)
    document = json.loads(result.stdout)
    found = document['findings'][0]
    check(not document['sound'] and document['damages'] == 1, 'one damage')
    check((found['offset'], found['size']) == (part['offset'], part['size']), f'the place is told: {found}')
    text = tool('verify', '--sums', sums, path, code=1).stdout.decode()
    check('BAD' in text and f'page {found["page"]} buffer {found["buffer"]}' in text, f'text names the place: {text}')
    path.write_bytes(data[:-1])
    document = json.loads(tool('verify', path, '--json', code=1).stdout)
    check('not a Lance file' in document['findings'][0]['message'], 'a file without its tail is damaged')
    tool('verify', folder / 'missing.lance', code=3)
    tool('verify', '--quick', '--full', path, code=2)
    tool('verify', '--sums', path, path, code=4)


def check_damage(tool, folder, flips, every):
    path = folder / 'damaged.lance'
    whole = (DATA / 'lists-2.2.lance').read_bytes()
    for number, size in enumerate(range(0, len(whole), every)):
        path.write_bytes(whole[:size])
        tool('info' if number % 2 else 'layout', path, code=4)
    rng = random.Random(5)
    for i in range(flips):
        data = bytearray(rng.choice(FIXTURES).read_bytes())
        start = 0 if i % 3 == 0 else max(0, len(data) - 700)
        for _ in range(rng.choice((1, 1, 1, 4))):
            data[rng.randrange(start, len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        result = tool(('info', 'layout', 'cat')[i % 3], path, '-f', 'csv')
        check(result.returncode in (0, 4, 5, 7), f'flip {i}: {result.returncode}, {result.stderr!r}')


def check_values(tool, folder):
    """Rows against pylance; nothing without it."""
    try:
        import lance
        import pyarrow as pa
    except ImportError:
        print('pylance is not installed: row values not compared')
        return
    numbers = list(range(-5, 1195))
    table = pa.table({
        'i': pa.array([None if i % 7 == 0 else i * 2**40 for i in numbers], pa.int64()),
        'f': pa.array([float('nan') if i % 5 == 0 else i / 10 for i in numbers]),
        's': pa.array([None if i % 3 == 0 else f'a"{i}\t\x1b,é' for i in numbers]),
        'z': pa.array([i * 10**9 for i in numbers], pa.timestamp('ms', 'Europe/Paris')),
        'b': pa.array([bytes([i % 256, 255]) for i in numbers]),
        'v': pa.array([[i, None] for i in numbers], pa.list_(pa.int16(), 2)),
        'd': pa.array([['x', 'y', None][i % 3] for i in numbers]).dictionary_encode(),
    })
    for version in ('2.1', '2.2'):
        path = folder / f'values-{version}.lance'
        lance.write_dataset(table, path, data_storage_version=version, max_rows_per_file=500)
        check(tool('count', path, code=0).stdout == b'1200\n', 'count')
        rows = tool.json('cat', path)['rows']
        check(len(rows) == 1200, 'all rows')
        for row, expected in zip(rows, table.to_pylist()):
            check(row['i'] == expected['i'] and row['s'] == expected['s'] and row['v'] == expected['v'] and row['d'] == expected['d'], f'{row}')
            check(row['f'] == 'NaN' if expected['f'] != expected['f'] else row['f'] == expected['f'], f'{row}')
            utc = expected['z'].astimezone(__import__('datetime').timezone.utc)
            check(row['z'] == utc.strftime('%Y-%m-%dT%H:%M:%S.') + f'{utc.microsecond // 1000:03}Z', f'{row}')
            check(__import__('base64').b64decode(row['b']) == expected['b'], f'{row}')
        check(tool.json('head', path, '-n', '3')['rows'] == rows[:3], 'head')
        check(tool.json('tail', path, '-n', '700')['rows'] == rows[-700:], 'tail')
        check(list(tool.json('head', path, '-c', 's,i')['rows'][0]) == ['s', 'i'], 'columns in their order')
        check('s' not in tool.json('head', path, '--exclude', 's')['rows'][0], 'excluded columns')
        texts = list(csv.DictReader(io.StringIO(tool('cat', path, '-f', 'csv', code=0).stdout.decode(), newline='')))
        check([row['s'] or None for row in texts] == table['s'].to_pylist(), 'CSV text')
        check(b'\x1b' not in tool('cat', path, code=0).stdout + tool('cat', path, '-f', 'table', code=0).stdout, 'controls are escaped')
        check(tool.json('head', path, '--int64', 'string')['rows'][1]['i'] == str(-4 * 2**40), '64-bit integers as strings')
        check(tool.json('info', path)['tables'][0]['rows'] == 1200, 'info of a dataset')
        sizes = sum(file['bytes'] for file in tool.json('layout', path)['files'])
        check(sizes == sum(file.stat().st_size for file in (path / 'data').iterdir()), 'layout of all files')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('--flips', type=int, default=2000)
    parser.add_argument('--every', type=int, default=1, help='of the sizes that a file is cut to, this one is tried')
    arguments = parser.parse_args()
    tool = Tool(arguments.program)
    folder = pathlib.Path(tempfile.mkdtemp(prefix='lancekit_inspect_'))
    try:
        check_formats(tool)
        check_sorted(tool)
        check_vertical(tool)
        check_layouts(tool)
        check_why(tool)
        check_usage(tool)
        check_bad_inputs(tool, folder)
        check_pipe(tool)
        check_values(tool, folder)
        check_verify(tool, folder)
        check_damage(tool, folder, arguments.flips, arguments.every)
    finally:
        shutil.rmtree(folder)
    print(f'{checks} checks passed')


if __name__ == '__main__':
    sys.exit(main())
