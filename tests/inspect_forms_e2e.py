#!/usr/bin/env python3
"""End-to-end checks of lance-inspect: schemas in other forms, depths, the histogram of encodings, the pager, the browser.

    inspect_forms_e2e.py LANCE-INSPECT LANCE-CONVERT
"""
import fcntl
import json
import os
import pathlib
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import duckdb
import lance
import pyarrow as pa
import pyarrow.parquet

DATA = pathlib.Path(__file__).parent / 'data'
NESTED = DATA / 'x1-nested.lance'
INSPECT, CONVERT = map(pathlib.Path, sys.argv[1:3])
UNITS = {'SECOND': 's', 'MILLISECOND': 'ms', 'MICROSECOND': 'us', 'NANOSECOND': 'ns'}
EVERY = pa.schema([
    pa.field('a "quoted" name', pa.int8(), nullable=False), pa.field('b', pa.int16()), pa.field('c', pa.int32()), pa.field('d', pa.int64()),
    pa.field('e', pa.uint8()), pa.field('f', pa.uint16()), pa.field('g', pa.uint32()), pa.field('h', pa.uint64()), pa.field('i', pa.float16()),
    pa.field('j', pa.float32()), pa.field('k', pa.float64()), pa.field('l', pa.decimal128(10, 2)), pa.field('m', pa.decimal256(50, 3)),
    pa.field('n', pa.date32()), pa.field('o', pa.date64()), pa.field('p', pa.time32('ms')), pa.field('q', pa.time64('ns')),
    pa.field('r', pa.timestamp('us')), pa.field('s', pa.timestamp('ns', 'UTC')), pa.field('t', pa.duration('s')), pa.field('u', pa.string()),
    pa.field('v', pa.large_string()), pa.field('w', pa.binary()), pa.field('x', pa.large_binary()), pa.field('y', pa.binary(7)),
    pa.field('z', pa.list_(pa.float32(), 4)), pa.field('list', pa.list_(pa.struct([('x', pa.int32()), ('a "b"', pa.string())]))),
    pa.field('map', pa.map_(pa.string(), pa.int64())), pa.field('bool', pa.bool_()), pa.field('null', pa.null()),
    pa.field('dict', pa.dictionary(pa.int16(), pa.string())), pa.field('stamp', pa.timestamp('s')), pa.field('large', pa.large_list(pa.int64())),
])


def check(condition, message):
    if not condition:
        raise SystemExit(f'FAILED: {message}')


def run(*command, code=0, stdout=subprocess.PIPE, cwd=None, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(('LANCEKIT_', 'XDG_CONFIG')) and name not in ('PAGER', 'LESS')}
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=60, cwd=cwd,
                          env={**clean, 'HOME': '/nonexistent', **environment})
    check(done.returncode == code, f'{command}: exit code {done.returncode}, not {code}: {done.stderr[-500:]}')
    return done


def text(*command, **rest):
    return run(INSPECT, *command, **rest).stdout.decode()


def write(folder, name, schema):
    """-> a dataset without rows of this schema."""
    with pa.OSFile(str(folder / f'{name}.arrow'), 'wb') as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_table(schema.empty_table())
    run(CONVERT, folder / f'{name}.arrow', folder / f'{name}.lance')
    return folder / f'{name}.lance'


def type_of(field):
    """-> the pyarrow type of a field in Arrow's JSON."""
    type_, children = field['type'], [(pa.field(child['name'], type_of(child), child['nullable'])) for child in field['children']]
    plain = {'null': pa.null(), 'bool': pa.bool_(), 'utf8': pa.string(), 'largeutf8': pa.large_string(), 'binary': pa.binary(), 'largebinary': pa.large_binary()}
    name = type_['name']
    integer = lambda of: getattr(pa, f"{'' if of['isSigned'] else 'u'}int{of['bitWidth']}")()
    found = (plain.get(name) if name in plain else
             integer(type_) if name == 'int' else
             {'HALF': pa.float16(), 'SINGLE': pa.float32(), 'DOUBLE': pa.float64()}[type_['precision']] if name == 'floatingpoint' else
             (pa.decimal128 if type_['bitWidth'] == 128 else pa.decimal256)(type_['precision'], type_['scale']) if name == 'decimal' else
             {'DAY': pa.date32(), 'MILLISECOND': pa.date64()}[type_['unit']] if name == 'date' else
             (pa.time32 if type_['bitWidth'] == 32 else pa.time64)(UNITS[type_['unit']]) if name == 'time' else
             pa.timestamp(UNITS[type_['unit']], type_.get('timezone')) if name == 'timestamp' else
             pa.duration(UNITS[type_['unit']]) if name == 'duration' else
             pa.binary(type_['byteWidth']) if name == 'fixedsizebinary' else
             pa.list_(children[0], type_['listSize']) if name == 'fixedsizelist' else
             pa.list_(children[0]) if name == 'list' else
             pa.large_list(children[0]) if name == 'largelist' else
             pa.struct(children) if name == 'struct' else
             pa.map_(children[0].type.field(0), children[0].type.field(1), type_['keysSorted']))
    if 'dictionary' in field:
        return pa.dictionary(integer(field['dictionary']['indexType']), found, field['dictionary']['isOrdered'])
    return found


def check_arrow_json(folder):
    document = json.loads(text('schema', write(folder, 'every', EVERY), '--as', 'arrow-json'))
    back = pa.schema([pa.field(field['name'], type_of(field), field['nullable']) for field in document['fields']])
    # Items of lists have the names that the file has.
    check(back.equals(EVERY) or [str(f.type) for f in back] == [str(f.type) for f in EVERY], f'{back}\n{EVERY}')
    check([f.nullable for f in back] == [f.nullable for f in EVERY] and back.names == EVERY.names, 'names and nulls')
    check(document == json.loads(text('schema', folder / 'every.lance', '--as', 'arrow-json', '--json')), 'the form counts, not --json')


def check_ddl(folder):
    smaller = pa.schema([field for field in EVERY if field.name != 'm'])
    table = write(folder, 'an "odd" name', smaller)
    with duckdb.connect() as database:
        database.execute(text('schema', table, '--as', 'ddl-duckdb'))
        made = database.execute('select column_name, data_type, is_nullable from information_schema.columns').fetchall()
        check(database.execute('show tables').fetchall() == [('an "odd" name',)], 'the name of the table')
        check([name for name, _, _ in made] == smaller.names and [null == 'YES' for _, _, null in made] == [f.nullable for f in smaller], made)
        # What DuckDB itself makes of such a table of Arrow, half floats apart, which it does not take. Only newer ones have times and zoned times of nanoseconds.
        arrow = pa.schema([field for field in smaller if field.name != 'i']).empty_table()
        expected = {name: type_ for name, type_, *_ in database.execute('describe select * from arrow').fetchall()}
        differ = {name: (type_, expected.get(name)) for name, type_, _ in made if type_ != expected.get(name, 'FLOAT')}
        check(set(differ) <= {'null', 'q', 's'}, differ)
    for name, schema, why in (
            ('most', pa.schema([pa.field('v', pa.list_(pa.int8(), 100_001))]), b'100001'),
            ('case', pa.schema([('id', pa.int8()), ('ID', pa.int8())]), b'"id" and "ID"'),
            ('inner', pa.schema([('s', pa.struct([('x', pa.int8()), ('X', pa.int8())]))]), b'"x" and "X"')):
        refused = run(INSPECT, 'schema', write(folder, name, schema), '--as', 'ddl-duckdb', code=5)
        check(why in refused.stderr, refused.stderr)
        text('schema', folder / f'{name}.lance', '--as', 'ddl-postgres')
    here = text('schema', '.', '--as', 'ddl-duckdb', cwd=table)
    check(here == text('schema', table, '--as', 'ddl-duckdb'), f'the folder that is worked in: {here}')
    refused = run(INSPECT, 'schema', write(folder, 'wide', EVERY), '--as', 'ddl-duckdb', code=5)
    check(b'decimal256(50, 3)' in refused.stderr and b'"m"' in refused.stderr, refused.stderr)
    postgres = text('schema', folder / 'wide.lance', '--as', 'ddl-postgres')
    for line in ('CREATE TABLE "wide" (', '"a ""quoted"" name" smallint NOT NULL,', '"h" numeric(20, 0),', '"m" numeric(50, 3),', '"s" timestamptz,', '"z" real[4],',
                 '"list" jsonb[],', '"map" jsonb,', '"large" bigint[]\n);'):
        check(line in postgres, f'{line} is not in {postgres}')
    run(INSPECT, 'schema', folder / 'wide.lance', '--as', 'sql', code=2)


def check_depth():
    whole = json.loads(text('columns', NESTED, '--json'))['columns']
    deepest = max(column['path'].count('.') for column in whole) + 1
    check(deepest > 2, 'the file is nested')
    for depth in range(1, deepest + 1):
        cut = json.loads(text('columns', NESTED, '--json', '--depth', depth))['columns']
        expected = {}
        for column in whole:
            path = '.'.join(column['path'].split('.')[:depth])
            expected[path] = [a + b for a, b in zip(expected.get(path, [0, 0]), [column['bytes'], column['pages']])]
        check({column['path']: [column['bytes'], column['pages']] for column in cut} == expected, f'depth {depth}: {cut}')
    check(cut == whole, 'the deepest is all')
    types = {field['path']: field['type'] for field in json.loads(text('schema', NESTED, '-f', 'jsonl').join(['[', ']']).replace('}\n{', '},{'))}
    for column in json.loads(text('columns', NESTED, '--json', '--depth', 1))['columns']:
        check(column['type'] == types[column['path']], column)
    # What is chosen may lie deeper than what is shown.
    deep = max(whole, key=lambda column: column['path'].count('.'))
    (cut,) = json.loads(text('columns', NESTED, '--json', '--depth', 1, '-c', deep['path']))['columns']
    check([cut['path'], cut['bytes'], cut['pages']] == [deep['path'].split('.')[0], deep['bytes'], deep['pages']], cut)
    run(INSPECT, 'columns', NESTED, '--depth', '0', code=2)
    run(INSPECT, 'pages', NESTED, '--depth', '1', code=2)


def check_histogram(folder):
    document = json.loads(text('encoding', NESTED, '--histogram', '--json'))
    columns = json.loads(text('columns', NESTED, '--json'))['columns']
    rows = document['encodings']
    check(sum(row['pages'] for row in rows) == sum(column['pages'] for column in columns), rows)
    check(sum(row['bytes'] for row in rows) == sum(column['bytes'] for column in columns) == document['bytes'], rows)
    check([row['bytes'] for row in rows] == sorted((row['bytes'] for row in rows), reverse=True), 'the largest first')
    check(len({row['encoding'] for row in rows}) == len(rows) > 1, rows)
    one = json.loads(text('encoding', NESTED, '--histogram', '--json', '-c', columns[0]['path']))
    check(one['bytes'] == columns[0]['bytes'] and all(row['columns'] == 1 for row in one['encodings']), one)
    # A folder: the files of all fragments.
    table = folder / 'parts.lance'
    run(CONVERT, DATA / 'flights-25k.parquet', table, '--max-rows-per-file', 5000)
    rows = json.loads(text('encoding', table, '--histogram', '--json'))['encodings']
    check(sum(row['pages'] for row in rows) == 25, rows)
    check('█' in text('encoding', table, '--histogram', '-f', 'table') and '█' not in text('encoding', table, '--histogram'), 'bars are for people')
    # Fragments of two data files, each of which has other columns.
    lance.write_dataset(pa.table({'id': range(100)}), folder / 'wider.lance', max_rows_per_file=40).add_columns({'twice': 'id * 2'})
    for column in ('id', 'twice'):
        (row,) = json.loads(text('encoding', folder / 'wider.lance', '--histogram', '--json', '-c', column))['encodings']
        check((row['pages'], row['columns'], row['rows']) == (3, 1, 100), row)
        pages = json.loads(text('encoding', folder / 'wider.lance', '--json', '-c', column))['pages']
        check([page['column'] for page in pages] == 3 * [column], pages)
        (told,) = json.loads(text('encoding', folder / 'wider.lance', '--why', '--json', '-c', column))['columns']
        check(told['column'] == column, told)
    check(b'"twice"' in run(INSPECT, 'encoding', folder / 'wider.lance', '-c', 'twicf', code=2).stderr, 'columns of all files are proposed')
    run(INSPECT, 'encoding', NESTED, '--histogram', '--why', code=2)
    run(INSPECT, 'encoding', NESTED, '--histogram', '--page', '0', code=2)


def on_terminal(*command, lines=10, during=None, **environment):
    """-> what a terminal of so many lines got. `during` is called with the process."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', lines, 80, 0, 0))
    process = subprocess.Popen(list(map(str, command)), stdin=slave, stdout=slave, stderr=subprocess.PIPE,
                               env={'PATH': os.environ['PATH'], 'TERM': 'xterm', 'NO_COLOR': '1', 'HOME': '/nonexistent', **environment})
    os.close(slave)
    if during:
        during(process)
    shown = b''
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the terminal has no writer any more
            break
        if not part:
            break
        shown += part
    os.close(master)
    check(process.wait(timeout=60) == 0, process.stderr.read())
    return shown.decode().replace('\r\n', '\n')


def check_pager(folder):
    table = DATA / 'strings-2.1.lance'
    pager = 'sed s/^/paged:/'
    whole = on_terminal(INSPECT, 'head', '-n', '30', table, '--no-pager', LANCEKIT_PAGER=pager)
    check(whole.count('\n') >= 30 and 'paged:' not in whole, whole)
    paged = ''.join(f'paged:{line}\n' for line in whole.splitlines())
    check(on_terminal(INSPECT, 'head', '-n', '30', table, LANCEKIT_PAGER=pager) == paged, 'LANCEKIT_PAGER')
    check(on_terminal(INSPECT, 'head', '-n', '30', table, PAGER=pager) == paged, 'PAGER')
    check(on_terminal(INSPECT, 'head', '-n', '30', table, PAGER='false', LANCEKIT_PAGER='') == whole, 'empty is off, and comes first')
    check(on_terminal(INSPECT, 'head', '-n', '30', table, PAGER='no-such-pager-here').endswith(whole), 'a pager that is not there hides nothing')
    check('FRSX' in on_terminal(INSPECT, 'head', '-n', '30', table, PAGER='echo $LESS; cat'), 'LESS')
    # Lines that the terminal breaks.
    wide = ('schema', folder / 'broken.lance', '--as', 'arrow-json')
    write(folder, 'broken', pa.schema([('n' * 900, pa.int8())]))
    check(on_terminal(INSPECT, *wide, LANCEKIT_PAGER=pager).startswith('paged:'), 'one line of more than ten')
    check('paged:' not in on_terminal(INSPECT, *wide, lines=20, LANCEKIT_PAGER=pager), 'one line of less than twenty')
    # A reader that leaves early: no failure, and what else was asked for is there.
    run(CONVERT, DATA / 'flights-25k.parquet', folder / 'many.lance')
    many = ('head', '-n', '25000', folder / 'many.lance', '--trace', folder / 'trace.json', f"--stats={folder / 'stats.txt'}")
    check(on_terminal(INSPECT, *many, LANCEKIT_PAGER='sed 1q').count('\n') == 1, 'one line is read')
    check(json.loads((folder / 'trace.json').read_text()) and (folder / 'stats.txt').read_text(), 'the trace and the figures')
    # Ctrl-C is for a pager that has all.
    waiter = f'cat > /dev/null; touch {folder}/ready; while [ ! -e {folder}/go ]; do sleep 0.02; done; echo left'

    def interrupt(process):
        while not (folder / 'ready').exists() and process.poll() is None:
            time.sleep(0.02)
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        (folder / 'go').touch()

    check(on_terminal(INSPECT, 'head', '-n', '30', table, during=interrupt, LANCEKIT_PAGER=waiter) == 'left\n', 'the pager is waited for')
    # Text that fits, and what is no terminal.
    short = on_terminal(INSPECT, 'head', '-n', '30', table, lines=100, LANCEKIT_PAGER=pager)
    check(short == whole, 'short text is not paged')
    check('paged:' not in text('head', '-n', '30', table, LANCEKIT_PAGER=pager), 'a pipe is not paged')
    on_terminal(INSPECT, 'head', '-n', '30', table, '-o', folder / 'rows.txt', LANCEKIT_PAGER=pager)
    check('paged:' not in (folder / 'rows.txt').read_text(), 'a file is not paged')


def check_open(folder):
    programs = folder / 'programs'
    programs.mkdir()
    opener = programs / 'xdg-open'
    opener.write_text(f'#!/bin/sh\necho "$1" > {folder}/opened\ngrep -q "<html" "$1"\n')
    opener.chmod(0o755)
    path = f'{programs}:{os.environ["PATH"]}'
    text('layout', NESTED, '--html', folder / 'layout.html', '--open', PATH=path)
    check((folder / 'opened').read_text() == f'{folder}/layout.html\n', 'the page of --html')
    text('layout', NESTED, '--open', PATH=path, TMPDIR=str(folder))
    opened = pathlib.Path((folder / 'opened').read_text().strip())
    check(opened.parent.parent == folder and opened.read_text().startswith('<!'), opened)
    opener.write_text(f'#!/bin/sh\necho "$1" > {folder}/opened\n')
    text('layout', NESTED, '--svg', folder / 'layout.svg', '--open', PATH=path)
    check((folder / 'opened').read_text() == f'{folder}/layout.svg\n', 'the picture of --svg')
    opener.write_text('#!/bin/sh\nexit 3\n')
    before = set(folder.iterdir())
    failed = run(INSPECT, 'layout', NESTED, '--open', code=6, PATH=path, TMPDIR=str(folder))
    check(b'xdg-open' in failed.stderr and str(folder).encode() in failed.stderr, failed.stderr)
    check(set(folder.iterdir()) == before and not failed.stdout, 'a page that is not shown is removed')
    failed = run(INSPECT, 'layout', NESTED, '--svg', folder / 'kept.svg', '--open', code=6, PATH=path)
    check(failed.stdout.decode() == f'{folder}/kept.svg\n' and (folder / 'kept.svg').exists(), 'what is written is told')
    failed = run(INSPECT, 'layout', NESTED, '--open', code=6, PATH='/nonexistent', TMPDIR=str(folder))
    check(b'No such file' in failed.stderr, failed.stderr)
    run(INSPECT, 'layout', NESTED, '--html', '-', '--open', code=2)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_arrow_json(folder)
        check_ddl(folder)
        check_depth()
        check_histogram(folder)
        check_pager(folder)
        check_open(folder)
    print('inspect_forms_e2e: passed')


if __name__ == '__main__':
    main()
