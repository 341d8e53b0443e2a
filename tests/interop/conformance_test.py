#!/usr/bin/env python3
"""Random tables of every version, exchanged with pylance in both directions: scans, rows, slices, projections.

usage: conformance_test.py BRIDGE_LIBRARY [--tables N] [--seed S] [--version V] [--table NUMBER]

Each table follows from the seed, the version and its number; a failure comes with the command that repeats just that table.
What pylance itself gets wrong is listed below by name, and counted.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import re
import subprocess
import sys
import time
import traceback

import lance
import lance.file
import pyarrow as pa

from comparison import differences, has, self_test
from lancekit_bridge import Lancekit, LancekitError
from random_tables import SOME_VERSIONS, has_blobs, random_table
from reference import Reference, Runner

SLICE = 25   # tables of one process


@dataclasses.dataclass
class Known:
    """What pylance cannot do. `steps`: write, scan, take; `text` is what its error says, None for whatever happens."""
    name: str
    steps: str
    text: str | None
    applies: object = lambda table: True

    def fits(self, step, error, table):
        return step in self.steps and (self.text is None or re.search(self.text, error, re.DOTALL)) and self.applies(table)


def has_empty_struct(table):
    return any(has(field.type, lambda t: pa.types.is_struct(t) and t.num_fields == 0) for field in table.table.schema)


# Numbers are those of ../shared/lance-format/reference-bugs.md.
KNOWN = [
    Known('bug 1: what follows an empty struct is misread', 'scan take', None, has_empty_struct),
    Known('bug 4: nullable struct with booleans in several files panics', 'write', 'null_bit_buffer size too small'),
    Known('bug 5: lists of packed structs without any item panic', 'scan take', "DataBlockBuilder didn't see any data"),
    Known('fsst forced on strings in lists of 2.0 panics', 'write', r'JoinError::Panic.*(Expected variable width data block|assertion `left == right` failed)'),
    Known('bug 7: full-zip forced on fixed-size lists of booleans', 'write', 'range end index|must be byte aligned',
          lambda table: any(has(field.type, lambda t: pa.types.is_fixed_size_list(t) and has(t, pa.types.is_boolean)) for field in table.table.schema)),
    Known('mini-block forced on values that no chunk holds is refused', 'write', 'Value is too wide for miniblock'),
    Known('chunks of 2.1 that become too large are refused', 'write', 'Mini-block chunk size .* exceeds the 32768 byte metadata limit'),
    Known('rows of too many levels for a chunk are refused', 'write', 'cannot encode .* levels in one top-level row'),
    Known('packed structs with a fixed-size list are refused in 2.1', 'write', 'Variable packed struct encoding is not enabled'),
    Known('full-zip forced on packed structs of fixed width is refused', 'write', 'should not be used for fixed-width-only structs'),
    Known('dictionaries of pages are joined, for which keys of 8 bits are too few', 'scan take', 'Dictionary key bigger than the key type|DictionaryKeyOverflowError',
          lambda table: table.settings.get('page_bytes', 1 << 20) < 1 << 20),
    Known('packed structs with strings, no row among those read', 'scan take', 'Expected . buffers in array of type'),
]


class PylanceError(Exception):
    pass


def pylance(call):
    """A panic of its Rust side is no Exception."""
    try:
        return call()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise PylanceError(f'{type(error).__name__}: {error}') from None


class Conformance:
    """Checks one table: `passed`, `failures` [text] and `skipped` [name] say how it went."""

    def __init__(self, lancekit, run, *key):
        self.lancekit = lancekit
        self.path = run.path('{1}-{2}.lance'.format(*key))
        self.table = random_table(*key)
        self.version, self.plain = self.table.version, None if self.table.impossible else self.table.plain()
        self.passed, self.failures, self.skipped = 0, [], []

    def check(self, name, call):
        try:
            found = call()
        except Exception as error:
            found = [f'{type(error).__name__}: {str(error)[:500]}']
        if found:
            self.failures.append(f'{name}: ' + '; '.join(found[:3]))
        else:
            self.passed += 1
        return not found

    def known(self, step, error):
        """True and counted when pylance is known to fail like this."""
        for known in KNOWN:
            if known.fits(step, error, self.table):
                self.skipped.append(f'pylance, {step}: {known.name}')
                return True
        return False

    def from_pylance(self):
        try:
            pylance(self.write_theirs)
        except PylanceError as error:
            if not self.known('write', str(error)):
                self.failures.append(f'pylance writes: {str(error)[:500]}')
            return
        self.read_ours('of pylance')

    def write_theirs(self):
        settings = self.table.their_settings
        if self.table.in_folder:
            lance.write_dataset(self.plain, self.path, data_storage_version=self.version, **settings)
            return
        with lance.file.LanceFileWriter(self.path, self.plain.schema, version=self.version, **settings) as writer:
            for batch in self.plain.to_batches():
                writer.write_batch(batch)

    def read_ours(self, whose):
        """What we read of the table at the path equals it."""
        table, plain, read = self.table, self.plain, self.lancekit.read
        self.check(f'the schema {whose}', lambda: self.schema_differences(read(self.path, limit=0).schema))
        self.check(f'we scan {whose}', lambda: differences(plain, read(self.path, batch_rows=table.batch_rows)))
        self.check(f'we read a slice {whose}', lambda: differences(
            plain.slice(table.offset, table.limit), read(self.path, offset=table.offset, limit=table.limit, batch_rows=table.batch_rows)))
        self.check(f'we select {table.columns} {whose}', lambda: differences(table.selected(), read(self.path, columns=table.columns)))
        self.check(f'we take rows {whose}', lambda: differences(self.taken(), self.lancekit.take(self.path, table.rows)))

    def schema_differences(self, got):
        expected = self.plain.schema
        return [f'{a} {a.metadata} and {b} {b.metadata}' for a, b in zip(expected, got) if not a.equals(b, check_metadata=True)]

    def taken(self):
        n = self.plain.num_rows
        return self.plain.take(pa.array([row % n for row in self.table.rows], pa.int64()))

    def from_us(self):
        try:
            self.lancekit.write(self.path, self.table.table, version=self.version, **self.table.settings)
        except LancekitError as error:
            if error.code == 'unsupported' and self.table.impossible and '"refused' in str(error):
                self.passed += 1
            else:
                self.failures.append(f'we write: {error.code}: {str(error)[:500]}')
            return
        if self.table.impossible:
            self.failures.append(f'we write {self.table.table.schema.field("refused").type}')
            return
        self.read_ours('of us')
        rows = [row % max(1, self.plain.num_rows) for row in self.table.rows]
        self.read_theirs('scan', self.plain, lambda data: data.scanner(batch_size=self.table.batch_rows, blob_handling='all_binary').to_table())
        # Of blobs its take gives descriptions.
        names = [field.name for field in self.plain.schema if not has_blobs(field)]
        if rows and names:
            self.read_theirs('take', self.taken().select(names), lambda data: data.take(rows, columns=names))

    def read_theirs(self, step, expected, call):
        try:
            got = pylance(lambda: call(lance.dataset(self.path)))
        except PylanceError as error:
            if not self.known(step, str(error)):
                self.failures.append(f'pylance, {step}: {str(error)[:500]}')
            return
        self.check(f'pylance, {step}', lambda: [text for text in differences(expected, got) if not self.known(step, text)])


def check_tables(arguments):
    """The tables of one process, reported line by line so that one that ends it is known."""
    report = os.fdopen(os.dup(1), 'w')
    if not arguments.loud:   # panics print there
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    lancekit, run = Lancekit(arguments.bridge), Runner()
    for number in range(arguments.first, arguments.last):
        print(json.dumps({'begin': number}), file=report, flush=True)
        try:
            case = Conformance(lancekit, run, arguments.seed, arguments.version, number)
            if not case.table.impossible:
                case.from_pylance()
            if arguments.version != '2.0':
                case.path += '.ours'
                case.from_us()
            outcome = {'passed': case.passed, 'failures': case.failures, 'skipped': case.skipped}
        except Exception:
            outcome = {'passed': 0, 'failures': [traceback.format_exc()], 'skipped': []}
        print(json.dumps({'end': number, **outcome}), file=report, flush=True)
    run.remove()


def run_tables(arguments, version, first, last):
    """-> [(number, outcome)] of tables [first, last), from processes of their own."""
    outcomes = []
    while first < last:
        command = [sys.executable, __file__, arguments.bridge, '--seed', str(arguments.seed), '--version', version, '--first', str(first), '--last', str(last)]
        done = subprocess.run(command + ['--loud'] * arguments.loud, stdout=subprocess.PIPE, text=True)
        for line in done.stdout.splitlines():
            outcome = json.loads(line)
            first = outcome.get('begin', first)
            if 'end' in outcome:
                outcomes.append((outcome['end'], outcome))
                first = outcome['end'] + 1
        if first < last:
            outcomes.append((first, {'passed': 0, 'failures': [f'the process ended with status {done.returncode}'], 'skipped': []}))
            first += 1
    return outcomes


def report(arguments, begin, results):
    skipped, tables, passed, failed = collections.Counter(), collections.Counter(), 0, 0
    for version, number, outcome in sorted(results, key=lambda result: result[:2]):
        tables[version] += 1
        passed += outcome['passed']
        for name in set(outcome['skipped']):
            skipped[name] += 1
        failed += bool(outcome['failures'])
        if outcome['failures']:
            print(f'FAILED {version} table {number}: ' + '\n    '.join(outcome['failures']))
            print(f'    repeat: {os.path.relpath(__file__)} {arguments.bridge} --seed {arguments.seed} --version {version} --table {number}')
    for name, count in sorted(skipped.items()):
        print(f'not as asked: {name}: {count} tables')
    counts = ', '.join(f'{count} of {version}' for version, count in tables.items())
    print(f'seed {arguments.seed}: tables {counts}: {passed} checks passed, {failed} tables failed in {time.monotonic() - begin:.0f} s')
    sys.exit(1 if failed else 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('bridge')
    parser.add_argument('--tables', type=int, default=300)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--version', choices=SOME_VERSIONS)
    parser.add_argument('--table', type=int)
    parser.add_argument('--first', type=int, help=argparse.SUPPRESS)
    parser.add_argument('--last', type=int, help=argparse.SUPPRESS)
    parser.add_argument('--loud', action='store_true', help='shows the panics of pylance')
    arguments = parser.parse_args()
    if arguments.first is not None:
        check_tables(arguments)
        return
    if wrong := self_test():
        sys.exit(f'the comparison itself: {wrong}')
    begin = time.monotonic()
    first, last = (0, arguments.tables) if arguments.table is None else (arguments.table, arguments.table + 1)
    versions = [arguments.version] if arguments.version else SOME_VERSIONS
    slices = [(version, at, min(at + SLICE, last)) for at in range(first, last, SLICE) for version in versions]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = pool.map(lambda part: [(part[0], *found) for found in run_tables(arguments, *part)], slices)
        report(arguments, begin, [result for run in runs for result in run])


if __name__ == '__main__':
    main()
