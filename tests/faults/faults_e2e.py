#!/usr/bin/env python3
"""Stops the programs at their I/O calls: what comes out is the whole old state or the whole new one, as pylance reads it.

    faults_e2e.py LIBFAULTS LANCE_CONVERT LANCE_INDEX [--kills N] [-k PART-OF-A-NAME]

Every call of a clean run fails once; N processes are killed, at calls chosen by a seed. LIBFAULTS is faults.cc, built.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import lance
import lance.file
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FLIGHTS = pathlib.Path(__file__).resolve().parent.parent / 'data' / 'flights-25k.parquet'
INPUT, OUTPUT = 3, 6  # exit codes
Call = collections.namedtuple('Call', 'number name writes path')
CHECKS = 0


def check(condition, what):
    global CHECKS
    CHECKS += 1
    if not condition:
        raise AssertionError(what)


def read_dataset(path):
    return lance.dataset(str(path)).to_table()


def read_file(path):
    """The bytes, which pylance can read."""
    lance.file.LanceFileReader(str(path)).read_all().to_table()
    return path.read_bytes()


class Case:
    """A command, the folder it starts from, and how its output is read."""

    def __init__(self, name, program, arguments, files, output, read, mode='read'):
        self.name, self.program, self.arguments, self.mode = name, program, arguments, mode
        self.files, self.output, self.read = files, output, read
        self.old = self.new = None  # states
        self.published = self.left = None  # the call that makes the output appear; how many files there are then

    def prepare(self, folder):
        """A folder with the inputs, and with the old output where there is one."""
        for name, path in self.files.items():
            (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, folder / name)

    def state(self, folder):
        return self.read(folder / self.output) if (folder / self.output).exists() else None

    def run(self, folder, faults, **what):
        """-> CompletedProcess; `what` becomes FAULTS_*."""
        environment = {**os.environ, 'LANCEKIT_IO': self.mode, 'LD_PRELOAD': faults, 'FAULTS_BELOW': str(folder)}
        environment.update({f'FAULTS_{key.upper()}': str(value) for key, value in what.items()})
        arguments = [part.replace('@', f'{folder}/') for part in self.arguments]
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, env=environment, timeout=120)


def same(a, b):
    return a is not None and b is not None and (a.equals(b) if isinstance(a, pa.Table) else a == b)


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*'))


def learn(case, faults, folder):
    """The states before and after a clean run -> its calls."""
    case.prepare(folder)
    case.old = case.state(folder)
    log = folder.with_suffix('.log')
    done = case.run(folder, faults, log=log)
    check(done.returncode == 0, f'{case.name}: {done.stderr}')
    case.new = case.state(folder)
    check(case.new is not None and not same(case.old, case.new), f'{case.name}: nothing new')
    case.left = len(listing(folder))
    calls = []
    case.published = 0
    for line in log.read_text().splitlines():
        number, name, way, path = line.split(' ', 3)
        calls.append(Call(int(number), name, way == 'w', path.replace(str(folder), '', 1)))
        if calls[-1].path == f'/{case.output}' and name.startswith(('rename', 'link')):
            case.published = int(number)
    check(len(calls) > 8, f'{case.name}: the calls are not seen')
    return calls


def expect_whole(case, folder, what):
    """-> whether the output is the new one."""
    now = case.state(folder)
    is_new = same(now, case.new)
    check(is_new or (now is None and case.old is None) or same(now, case.old), f'{what}: neither old nor new')
    return is_new


def fail_at(case, faults, folder, call):
    """One call fails: the exit code and the message say so, nothing is left behind."""
    case.prepare(folder)
    before = listing(folder)
    error = 'ENOSPC' if call.writes and call.name not in ('close', 'rename', 'renameat2', 'unlink', 'fsync') else 'EIO'
    done = case.run(folder, faults, at=call.number, do=error)
    what = f'{case.name}: {error} at call {call.number}, {call.name} {call.path}: exit {done.returncode} {done.stderr!r}'
    is_new = expect_whole(case, folder, what)
    is_input = call.path.startswith('/in.')
    # What was replaced is removed after the new is in its place.
    cleans_up = call.name == 'unlink' or (call.number > case.published and call.path.startswith('/.'))
    if done.returncode == 0:
        # Such as a close after reading, a mapping that becomes a read, a look ahead. Of the output no error is passed over.
        check(is_new and (is_input or cleans_up or (call.name == 'close' and not call.writes)), what)
    else:
        reads_old = call.path.startswith('/out') and not call.writes  # by --append
        codes = [INPUT] if is_input else [INPUT, OUTPUT] if reads_old else [OUTPUT]
        check(done.returncode in codes, f'{what}: {codes} expected')
        check(('in.' if is_input else case.output if call.path else str(folder)) in done.stderr, f'{what}: does not name it')
        check('error' in done.stderr or 'No space' in done.stderr, f'{what}: no reason')
    if not cleans_up:
        check(len(listing(folder)) == case.left if is_new else listing(folder) == before, f'{what}: left behind: {listing(folder)}')


def kill_at(case, faults, folder, call, do):
    """The process is killed at a call: old or new, and the next run works beside what was left."""
    case.prepare(folder)
    done = case.run(folder, faults, at=call.number, do=do)
    what = f'{case.name}: killed {do} call {call.number}, {call.name} {call.path}'
    check(done.returncode == -9, f'{what}: exit {done.returncode}')
    # What is new already is not made again, and an append would be another one.
    if expect_whole(case, folder, what) and (case.old is None or case.name == 'append'):
        return
    done = case.run(folder, faults)
    check(done.returncode == 0, f'{what}: then {done.stderr}')
    check(same(case.state(folder), case.new), f'{what}: the next run gives something else')


def disturb(case, faults, folder, do):
    """Every call is interrupted first, or moves half of its bytes: nothing changes."""
    case.prepare(folder)
    done = case.run(folder, faults, do=do)
    what = f'{case.name}: {do}'
    check(done.returncode == 0, f'{what}: exit {done.returncode} {done.stderr}')
    check(same(case.state(folder), case.new), f'{what}: something else came out')
    check(len(listing(folder)) == case.left, f'{what}: left behind: {listing(folder)}')


def make_inputs(convert, index, made):
    flights = pq.read_table(FLIGHTS)
    lance.write_dataset(flights.slice(0, 700), made / 'old.lance')
    with lance.file.LanceFileWriter(str(made / 'old-file.lance'), flights.schema) as writer:
        writer.write_batch(flights.slice(0, 700))
    (made / 'old.parquet').write_bytes(b'something that was there')
    pq.write_table(flights, made / 'in.parquet', row_group_size=6000)
    lance.write_dataset(flights, made / 'in.lance', max_rows_per_file=12000)

    def run(*command):
        subprocess.run([*command, '-q'], check=True, timeout=60)
    run(convert, FLIGHTS, made / 'in.csv.gz', '--limit', '9000')
    run(convert, FLIGHTS, made / 'in-file.lance', '--single-file')
    vectors = pa.array(np.random.default_rng(4).normal(0, 1, 2400).astype(np.float32))
    table = pa.table({'vec': pa.FixedSizeListArray.from_arrays(vectors, 8)})
    for name in 'vectors', 'grown':
        lance.write_dataset(table, made / f'{name}.lance')
        run(index, 'build', made / f'{name}.lance', '-c', 'vec', '--index', made / f'{name}.hnsw', '--seed', '9')
    lance.write_dataset(table.slice(0, 50), made / 'grown.lance', mode='append')


def make_cases(convert, index, made):
    """Inputs are called in.*, outputs out.*"""
    make_inputs(convert, index, made)
    work = ['-q', '-j', '1']
    to_lance = [*work, '@in.parquet', '@out.lance']
    to_parquet = [*work, '@in.lance', '@out.parquet']
    build = ['build', '@in.lance', '-c', 'vec', *work, '--index', '@out.hnsw']
    add = ['add', '@in.lance', *work, '--index', '@out.hnsw']
    parquet, rows, vectors = {'in.parquet': made / 'in.parquet'}, {'in.lance': made / 'in.lance'}, {'in.lance': made / 'vectors.lance'}
    old = {'out.lance': made / 'old.lance'}
    grown = {'in.lance': made / 'grown.lance', 'out.hnsw': made / 'grown.hnsw'}
    whole = pathlib.Path.read_bytes
    cases = [
        Case('dataset', convert, to_lance, parquet, 'out.lance', read_dataset),
        Case('dataset replaced', convert, [*to_lance, '--force'], {**parquet, **old}, 'out.lance', read_dataset),
        Case('data files', convert, [*to_lance, '--max-rows-per-file', '9000'], parquet, 'out.lance', read_dataset),
        Case('file', convert, [*to_lance, '--single-file'], parquet, 'out.lance', read_file),
        Case('file replaced', convert, [*to_lance, '--single-file', '-f'], {**parquet, 'out.lance': made / 'old-file.lance'}, 'out.lance',
             read_file),
        Case('parquet, read', convert, to_parquet, rows, 'out.parquet', whole),
        Case('parquet replaced, mapped', convert, [*to_parquet, '-f'], {**rows, 'out.parquet': made / 'old.parquet'}, 'out.parquet', whole,
             mode='map'),
        Case('text', convert, [*work, '@in.csv.gz', '@out.jsonl.zst'], {'in.csv.gz': made / 'in.csv.gz'}, 'out.jsonl.zst', whole),
        Case('text of a file', convert, [*work, '@in.lance', '@out.csv'], {'in.lance': made / 'in-file.lance'}, 'out.csv', whole),
        Case('index', index, build, vectors, 'out.hnsw', whole),
        Case('index replaced, mapped', index, [*build, '--force'], {**vectors, 'out.hnsw': made / 'vectors.hnsw'}, 'out.hnsw', whole,
             mode='map'),
        Case('index that takes in rows', index, add, grown, 'out.hnsw', whole),
    ]
    for option in '--append', '--overwrite':
        if option in help_of(convert):
            cases.append(Case(option[2:], convert, [*to_lance, option], {**parquet, **old}, 'out.lance', read_dataset))
    return cases


def self_test(faults, folder):
    """What copies in place is found out, by errors and by kills."""
    (folder / 'data').write_bytes(os.urandom(200_000))
    dd = Case('dd', 'dd', ['if=@in.x', 'of=@out.x', 'bs=64K'], {'in.x': folder / 'data'}, 'out.x', pathlib.Path.read_bytes)
    (folder / 'learn').mkdir()
    call = [call for call in learn(dd, faults, folder / 'learn') if call.name == 'write'][1]
    for number, trial in enumerate((lambda at: fail_at(dd, faults, at, call), lambda at: kill_at(dd, faults, at, call, 'torn'),
                                    lambda at: kill_at(dd, faults, at, call, 'after'))):
        (folder / str(number)).mkdir()
        try:
            trial(folder / str(number))
        except AssertionError as error:
            check('neither old nor new' in str(error), error)
        else:
            check(False, f'{number}: a half copy is not found')


def help_of(program):
    return subprocess.run([program, '--help'], capture_output=True, text=True, timeout=60).stdout


def trials(case, calls, options, generator, kills):
    """-> functions that each take a folder of their own."""
    for call in calls:
        yield lambda at, call=call: fail_at(case, options.faults, at, call)
    for _ in range(kills):
        call = generator.choice(calls)
        do = generator.choice(['before', 'after', 'torn'] if call.name in ('write', 'pwrite', 'writev') else ['before', 'after'])
        yield lambda at, call=call, do=do: kill_at(case, options.faults, at, call, do)
    for do in 'EINTR', 'short':
        yield lambda at, do=do: disturb(case, options.faults, at, do)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('faults', type=os.path.abspath)
    parser.add_argument('lance_convert')
    parser.add_argument('lance_index')
    parser.add_argument('--kills', type=int, default=200)
    parser.add_argument('-k', default='')
    options = parser.parse_args()
    generator = random.Random(5)
    failures = []
    with tempfile.TemporaryDirectory() as top, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        top = pathlib.Path(top).resolve()
        for name in 'made', 'self-test':
            (top / name).mkdir()
        self_test(options.faults, top / 'self-test')
        cases = make_cases(options.lance_convert, options.lance_index, top / 'made')
        cases = [case for case in cases if options.k in case.name]
        for number, case in enumerate(cases):
            begin = time.perf_counter()
            folder = top / f'{number}-learn'
            folder.mkdir()
            calls = learn(case, options.faults, folder)
            kills = options.kills // len(cases) + (number < options.kills % len(cases))

            def attempt(trial, at):
                at.mkdir()
                try:
                    trial(at)
                except Exception as error:  # told with the others
                    failures.append(str(error) or repr(error))
                shutil.rmtree(at)

            all_trials = list(trials(case, calls, options, generator, kills))
            for _ in pool.map(attempt, all_trials, [top / f'{number}-{i}' for i in range(len(all_trials))]):
                pass
            print(f'{case.name}: {len(calls)} calls, {len(all_trials)} runs, {kills} of them killed, {time.perf_counter() - begin:.1f} s', flush=True)
    for failure in failures:
        print(f'FAIL {failure}')
    print(f'faults_e2e: {CHECKS} checks, {len(failures)} failed')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
