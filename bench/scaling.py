#!/usr/bin/env python3
"""What compare.py does not alternate: threads, readers side by side, and memory on a file larger than it.

    scaling.py [--cache FOLDER] [--table lineitem] [--big 10] [--memory 256] [--json FILE]

- what two cores are of this machine: two processes that calculate, or copy memory, at once against one, as work per second
- scan and write of one table with two threads against one, in alternating processes that may use two cores
- four processes that scan the table at once against one alone
- a file of --big GB scanned by a process whose memory, page cache included, is limited to --memory MiB by a cgroup (where this may
  make one), and by pread, whose peak is told as the kernel counts it
- takes of rows that no cache holds, by io_uring on one thread, against random reads of 4 KiB past the page cache, 64 at a time (G17:
  numbers of the big file, texts of the table, lists of the table `nested` where compare.py made it)
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet

import compare
import tables

CGROUP = pathlib.Path('/sys/fs/cgroup')


class Process:
    """The driver, on all cores."""

    def __init__(self, driver, threads=1, limit=None, **environment):
        def enter():
            if limit:
                (limit / 'cgroup.procs').write_text(str(os.getpid()))
        self.process = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=enter,
                                        env={**os.environ, 'LANCEKIT_BENCH_THREADS': str(threads), **environment})

    def send(self, *words):
        self.process.stdin.write('\t'.join(map(str, words)) + '\n')
        self.process.stdin.flush()

    def receive(self):
        reply = json.loads(self.process.stdout.readline() or '{"error": "it ended"}')
        if 'error' in reply:
            raise SystemExit(f'scaling.py: {reply["error"]}')
        return reply

    def ask(self, *words):
        self.send(*words)
        return self.receive()

    def peak(self):
        lines = pathlib.Path(f'/proc/{self.process.pid}/status').read_text().splitlines()
        return {name: next(int(line.split()[1]) << 10 for line in lines if line.startswith(name + ':')) for name in ('VmHWM', 'RssAnon')}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ratios(one, two, pairs):
    """-> median, low and high of one()/two() in alternation."""
    one(), two()
    found = sorted(one() / two() for _ in range(pairs))
    low, high = compare.bootstrap(found)
    return {'ratio': compare.median(found), 'low': low, 'high': high, 'pairs': pairs}


def machine(driver, pairs):
    """Work per second of two processes at once by that of one: what two threads can be at best. Loops of dependent multiplications
    tell whether there are two cores, copies of memory what these share."""
    processes = [Process(driver) for _ in range(2)]

    def seconds(command, some):
        for process in some:
            process.send(command)
        return sum(process.receive()['seconds'] for process in some) / len(some)
    for name, command in (('two loops at once', 'calibrate'), ('two copies at once', 'copy')):
        yield name, ratios(lambda: 2 * seconds(command, processes[:1]), lambda: seconds(command, processes), pairs)
    for process in processes:
        process.close()


def threads(driver, path, origin, pairs):
    one, two = Process(driver, 1), Process(driver, 2)
    for process in (one, two):
        process.ask('use', path)
        process.ask('load', origin, '*')
    out = pathlib.Path(compare.MEMORY_FOLDER) / f'lancekit-scaling-{os.getpid()}'

    def write(process):
        compare.remove(out)
        return process.ask('write', out)['seconds']
    yield 'scan by two threads', ratios(lambda: one.ask('scan', '*')['seconds'], lambda: two.ask('scan', '*')['seconds'], pairs)
    yield 'write by two threads', ratios(lambda: write(one), lambda: write(two), pairs)
    compare.remove(out)
    one.close(), two.close()


def readers(driver, path, pairs):
    processes = [Process(driver) for _ in range(4)]
    for process in processes:
        process.ask('use', path)

    def together(some):
        begin = time.perf_counter()
        for process in some:
            for _ in range(3):
                process.send('scan', '*')
        for process in some:
            for _ in range(3):
                process.receive()
        return time.perf_counter() - begin
    yield 'four readers', ratios(lambda: together(processes), lambda: together(processes[:1]), pairs)
    for process in processes:
        process.close()


def make_big(convert, path, gigabytes):
    """Random doubles, which take the bytes that they are; streamed, so that making them takes little memory."""
    if path.exists():
        return
    schema = pa.schema([(f'c{i}', pa.float64()) for i in range(8)])
    source = subprocess.Popen([convert, '--from', 'arrow', '-', '--single-file', '-q', '-o', path], stdin=subprocess.PIPE)
    rows, generator = 1 << 20, np.random.default_rng(1)
    with pa.ipc.new_stream(source.stdin, schema) as writer:
        for _ in range(-(-gigabytes * 10**9 // (rows * 64))):
            writer.write_batch(pa.record_batch([pa.array(generator.random(rows)) for _ in range(8)], schema=schema))
    source.stdin.close()
    if source.wait() != 0:
        raise SystemExit('scaling.py: cannot make the big file')


def make_limit(mebibytes):
    """-> a cgroup's folder, or None where there is no permission."""
    for folder, name in ((CGROUP / 'memory', 'memory.limit_in_bytes'), (CGROUP, 'memory.max')):
        group = folder / f'lancekit-scaling-{os.getpid()}'
        try:
            group.mkdir()
            (group / name).write_text(str(mebibytes << 20))
            return group
        except OSError:
            if group.exists():
                group.rmdir()
    return None


def memory(driver, path, mebibytes):
    size = path.stat().st_size
    budget = str(mebibytes << 19)  # half of it: the process needs some too
    pread = Process(driver, LANCEKIT_IO='read', LANCEKIT_BENCH_MEMORY=budget)
    pread.ask('use', path)
    reply = pread.ask('scan', '*')
    yield 'big file by pread', {'bytes': size, 'rows': reply['rows'], 'seconds': reply['seconds'], 'peak_bytes': pread.peak()['VmHWM']}
    pread.close()
    group = make_limit(mebibytes)
    if group is None:
        print('no cgroup may be made: the mapped file is not scanned under a limit', file=sys.stderr)
        return
    try:
        os.sync()
        pathlib.Path('/proc/sys/vm/drop_caches').write_text('1')  # or pages of the file would count for others
    except OSError:
        print('the page cache cannot be dropped: pages of the file may not count', file=sys.stderr)
    mapped = Process(driver, limit=group, LANCEKIT_BENCH_MEMORY=budget)
    mapped.ask('use', path)
    reply = mapped.ask('scan', '*')
    found = {'bytes': size, 'rows': reply['rows'], 'seconds': reply['seconds'], 'limit_bytes': mebibytes << 20}
    for name in ('memory.max_usage_in_bytes', 'memory.peak'):
        if (group / name).exists():
            found['peak_bytes'] = int((group / name).read_text())
    yield 'big file mapped, under a limit', found
    mapped.close()
    time.sleep(0.5)
    group.rmdir()


def cold(program, path, column, rows, rounds):
    """-> rows per second by reads per second, and what a row reads."""
    run = subprocess.run(['taskset', '-c', '1', program, path, column, str(rows), str(rounds)], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        print(f'no cold takes of {column}', file=sys.stderr)
        return
    yield f'cold take of {column}', json.loads(run.stdout)


def main():
    root = compare.ROOT
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--driver', type=pathlib.Path, default=root / 'build/release/bench/lancekit_bench_driver')
    parser.add_argument('--convert', type=pathlib.Path, default=root / 'build/release/tools/lance-convert/lance-convert')
    parser.add_argument('--cold-reads', type=pathlib.Path, default=root / 'build/release/bench/cold_reads')
    parser.add_argument('--cache', type=pathlib.Path, default=root / 'build/bench-data')
    parser.add_argument('--data', default=str(root / '../shared/data'))
    parser.add_argument('--table', default='lineitem')
    parser.add_argument('--pairs', type=int, default=9)
    parser.add_argument('--big', type=int, default=10, help='GB; 0: none')
    parser.add_argument('--only-cold', action='store_true', help='the takes that no cache helps alone')
    parser.add_argument('--memory', type=int, default=256, help='MiB')
    parser.add_argument('--json', type=pathlib.Path)
    settings = parser.parse_args()
    origin = tables.prepare(settings.table, settings.cache, settings.data)
    path, source = settings.cache / settings.table / 'scaling.lance', settings.cache / settings.table / 'scaling-file.lance'
    for made, options in ((path, []), (source, ['--single-file'])):
        if not made.exists():
            subprocess.run([settings.convert, origin, '-q', '-o', made, *options], check=True)
    file = open(settings.json, 'a') if settings.json else None
    describe = compare.run_record(settings)
    steps = [] if settings.only_cold else [machine(settings.driver, settings.pairs),
                                           threads(settings.driver, path, source, settings.pairs),
                                           readers(settings.driver, path, settings.pairs)]
    if settings.big:
        big = settings.cache / f'big-{settings.big}.lance'
        make_big(settings.convert, big, settings.big)
        if not settings.only_cold:
            steps.append(memory(settings.driver, big, settings.memory))
        steps.append(cold(settings.cold_reads, big, 'c0', 5000, settings.pairs))
    if 'l_comment' in pa.parquet.read_schema(origin).names:
        steps.append(cold(settings.cold_reads, source, 'l_comment', 1000, 3))
    for nested in (settings.cache / 'nested/lancekit.out/data').glob('*.lance'):
        steps.append(cold(settings.cold_reads, nested, 'scores', 200, 3))
    for step in steps:
        for name, found in step:
            print(f'{settings.table:10} {name:32} ' + '  '.join(f'{key} {value:,.2f}' if isinstance(value, float) else f'{key} {value:,}'
                                                                for key, value in found.items()), flush=True)
            if file:
                print(json.dumps({**describe, 'data': settings.table, 'metric': name, **found}), file=file, flush=True)


if __name__ == '__main__':
    main()
