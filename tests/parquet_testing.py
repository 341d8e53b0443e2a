#!/usr/bin/env python3
"""The files of apache/parquet-testing through lance-convert: Parquet to Lance and back.

    parquet_testing.py FOLDER PATH-OF-LANCE-CONVERT     FOLDER holds data/ and bad_data/

Prints a line per file. A file of data/ that pyarrow reads comes back equal, or is refused with exit status 5 and a message that
names column and type; an encrypted one is refused with 5 and a message that says so; another that pyarrow does not read is
refused without a crash, or converted. A file of bad_data/ gives exit status 4; the one that Arrow has learned to read since
comes back equal. After a refusal nothing is left behind. Exit status 1 when any file fares otherwise. Needs pyarrow.
"""
import collections
import pathlib
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'interop'))
from comparison import differences  # noqa: E402


READABLE = {'ARROW-GH-43605.parquet': 'indices of 0 bits stand for the only value of the dictionary'}


def run(program, *args):
    done = subprocess.run([program, *map(str, args)], capture_output=True, timeout=300)
    return done.returncode, done.stderr.decode('utf-8', 'replace').strip()


def read(path):
    """-> (table, None) or (None, why not)."""
    try:
        return pq.ParquetFile(path).read(), None
    except (OSError, ValueError, NotImplementedError, pa.ArrowException) as error:
        return None, str(error).splitlines()[0]


def names_column_and_type(message, schema):
    return any(field.name in message for field in schema) and any(word in message for word in ('type', 'struct', 'list', 'map', 'timestamp', 'decimal'))


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir())


def good_file(program, path, folder):
    """-> (outcome, detail, fine)"""
    table, unreadable = read(path)
    lance, back = folder / 'there.lance', folder / 'back.parquet'
    code, message = run(program, path, lance)
    line = message.splitlines()[-1] if message else ''
    if code != 0:
        if left := left_behind(folder):
            return f'exit {code}', f'left behind: {left}', False
        if '.encrypted' in path.suffixes:
            return f'exit {code}', line, code == 5 and 'encrypted' in line
        if table is None:
            return f'exit {code}', f'pyarrow: {unreadable}; {line}', code in (4, 5, 7)
        fine = code == 5 and names_column_and_type(message, table.schema)
        return f'exit {code}', line, fine
    code, message = run(program, '--from', 'lance', lance, back)
    if code != 0:
        return f'exit {code} on the way back', message.splitlines()[-1] if message else '', False
    if table is None:
        return 'converted', f'pyarrow: {unreadable}', True
    found = differences(table, pq.ParquetFile(back).read())
    return ('different', '; '.join(found[:3]), False) if found else ('equal', f'{table.num_rows} rows, {table.num_columns} columns', True)


def bad_file(program, path, folder):
    if path.name in READABLE:
        outcome, detail, fine = good_file(program, path, folder)
        return outcome, f'{detail}: {READABLE[path.name]}', fine
    code, message = run(program, path, folder / 'there.lance')
    if left := left_behind(folder):
        return f'exit {code}', f'left behind: {left}', False
    return f'exit {code}', message.splitlines()[-1] if message else '', code == 4


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    base, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    files = [(path, good_file) for path in sorted((base / 'data').rglob('*.parquet*')) if not path.name.endswith('.json')]
    files += [(path, bad_file) for path in sorted((base / 'bad_data').glob('*.parquet'))]
    outcomes, wrong = collections.Counter(), 0
    for path, check in files:
        with tempfile.TemporaryDirectory(prefix='lancekit_parquet_') as folder:
            outcome, detail, fine = check(program, path, pathlib.Path(folder))
        outcomes[f'{path.relative_to(base).parts[0]}: {outcome}'] += 1
        wrong += not fine
        print(f'{"ok   " if fine else "WRONG"} {path.relative_to(base)} | {outcome} | {detail[:200]}')
    for outcome, count in sorted(outcomes.items()):
        print(f'{outcome}: {count}')
    print(f'{len(files)} files, {wrong} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
