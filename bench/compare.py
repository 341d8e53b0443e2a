#!/usr/bin/env python3
"""Compares lancekit with its peers: write, size, scan, one-column scan, take, open. Run it with the Python that has the peers:

    .venv/bin/python bench/compare.py [--quick] [--format x1] [--goals G6,G13] [--metrics 'size*'] [--tables flights,lineitem]

Each side is one long-lived process pinned to the same core and timed from inside; the sides alternate. README.md beside this
file says what is measured and how to read it.
"""
import argparse
import datetime
import fnmatch
import importlib.util
import json
import math
import os
import pathlib
import platform
import random
import shutil
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

import goals
import plots
import tables
import vectors

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
DEFAULT_PEERS = ['pylance-2.2', 'pylance-file', 'vortex', 'parquet-snappy', 'parquet-zstd', 'duckdb-native']
FILTER_PEERS = ['parquet-dataset', 'duckdb-parquet']
SIZE_PEERS = ['pylance-2.2', 'vortex', 'parquet-zstd']  # against which single columns are weighed
PEER_LIBRARIES = {'pylance-2.2': 'lance', 'vortex': 'vortex'}  # which have one
MAX_DRIFT = 0.05       # a pair during which the core changed its speed by more is dropped
MAX_SPREAD = 1.1       # p75 / p25 of the ratios above which the number of pairs is doubled
MEMORY_FOLDER = '/dev/shm'
ONE_THREAD = {'LANCE_CPU_THREADS': '1', 'LANCE_IO_THREADS': '2', 'OMP_NUM_THREADS': '1', 'TOKIO_WORKER_THREADS': '1'}


class Failure(Exception):
    pass


class Side:
    """One process that answers commands."""
    bridge = None  # the library that Python reads through

    def __init__(self, name, command, core, **environment):
        self.name, self.command = name, command
        environment = {**os.environ, **ONE_THREAD, 'LANCEKIT_BRIDGE': str(Side.bridge), **environment}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {core}))

    def ask(self, *words):
        try:
            self.process.stdin.write('\t'.join(map(str, words)) + '\n')
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f'{self.name}: ended during {words[0]}')
        reply = json.loads(line)
        if 'error' in reply:
            raise Failure(f'{self.name}: {words[0]}: {reply["error"]}')
        return reply

    def growth(self, body):
        """-> bytes by which the peak of the process lies above its memory before."""
        def status(name):
            lines = pathlib.Path(f'/proc/{self.process.pid}/status').read_text().splitlines()
            return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name + ':'))
        pathlib.Path(f'/proc/{self.process.pid}/clear_refs').write_text('5')  # the peak is what is used now
        before = status('VmRSS')
        body()
        return max(status('VmHWM') - before, 1)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def tree_size(path):
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob('*') if file.is_file())


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def bootstrap(ratios, rounds=2000):
    """-> the 95 % interval of the median ratio."""
    generator = random.Random(1)
    medians = [median(generator.choices(ratios, k=len(ratios))) for _ in range(rounds)]
    return quantile(medians, 0.025), quantile(medians, 0.975)


def paired(ours, theirs, calibrate, settings):
    """Alternates two functions that give seconds; the argument is the number of the pair. -> figures of the kept pairs."""
    ours(-1), theirs(-1)  # warm both
    pairs, dropped, wanted, spent = [], [], settings.pairs, 0.0
    while len(pairs) < wanted and len(pairs) + len(dropped) < 2 * wanted:
        number = len(pairs) + len(dropped)
        if spent > settings.budget and number >= min(3, settings.pairs):
            break
        before = calibrate()
        pair = (ours(number), theirs(number))
        after = calibrate()
        spent += sum(pair)
        (pairs if abs(after / before - 1) <= MAX_DRIFT else dropped).append(pair)
        ratios = [b / a for a, b in pairs]
        if len(pairs) == settings.pairs and len(pairs) >= 5 and quantile(ratios, 0.75) / quantile(ratios, 0.25) > MAX_SPREAD:
            wanted = 2 * settings.pairs
    steady = len(pairs) >= min(3, settings.pairs)
    kept = pairs if steady else pairs + dropped
    ratios = [b / a for a, b in kept]
    low, high = bootstrap(ratios)
    ours_times, their_times = zip(*kept)
    return {'ours': median(ours_times), 'theirs': median(their_times), 'ratio': median(ratios), 'low': low, 'high': high,
            'ours_min': min(ours_times), 'theirs_min': min(their_times), 'pairs': len(kept), 'dropped': len(dropped) if steady else 0,
            'noisy': not steady or quantile(ratios, 0.75) / quantile(ratios, 0.25) > MAX_SPREAD}


class Comparison:
    """One table and one peer against lancekit."""

    def __init__(self, settings, name, driver, origin, peer, report):
        """`origin`: the Lance file that the driver's input comes from."""
        self.settings, self.name, self.driver, self.origin, self.peer, self.report = settings, name, driver, origin, peer, report
        self.folder = settings.cache / name
        self.schema = pq.read_schema(self.folder / 'source.parquet')
        self.rows = pq.read_metadata(self.folder / 'source.parquet').num_rows

    def path(self, side):
        return self.settings.our_output(self.name) if side is self.driver else self.folder / f'{side.name}.out'

    def calibrate(self):
        return self.driver.ask('calibrate')[self.settings.clock]

    def goal(self, metric, kind=None):
        return goals.goals_of(metric, kind, self.peer.name, self.name)

    def wanted(self, metric, kind=None):
        if self.settings.metrics and not any(fnmatch.fnmatch(metric, pattern) for pattern in self.settings.metrics):
            return False
        return not self.settings.goals or self.goal(metric, kind) in self.settings.goals

    def measure(self, metric, words, kind=None, same=()):
        """words(side, number) -> a command; both answers must agree in the fields `same`."""
        if not self.wanted(metric, kind):
            return
        last = {}

        def run(side):
            def one(number):
                reply = side.ask(*words(side, number))
                if number in last and any(reply[field] != last[number][field] for field in same):
                    raise Failure(f'{self.name} {metric}: {side.name} gives other values than {self.driver.name}')
                last[number] = reply
                return reply[self.settings.clock]
            return one

        figures = paired(run(self.driver), run(self.peer), self.calibrate, self.settings)
        self.report.add(self.name, metric, self.goal(metric, kind), self.peer.name, figures, 's')

    def filters(self):
        """A range that a thousandth of the rows is in, all columns; of the shuffled table others too, against lancekit's own scan."""
        source = self.folder / 'source.parquet'
        wanted = tables.RangeFilter(self.name, str(source))
        shuffled = self.name.endswith('shuffled')
        self.filter_rows('filter', wanted, source, 0.001, 1 if shuffled else 5)
        if shuffled and self.peer.name == FILTER_PEERS[0]:
            peer, self.peer = self.peer, Side('lancekit-scan', self.settings.driver, self.settings.core)
            self.peer.ask('use', self.path(self.driver))
            self.measure('filter', lambda side, number: ('filter', '*', wanted.sql, 1) if side is self.driver else ('scan', '*'))
            self.peer.close()
            if self.settings.bridge.exists():
                self.peer = Side('lancekit-compare', [sys.executable, HERE / 'peers.py', 'lancekit-compare'], self.settings.core)
                self.peer.ask('use', self.path(self.driver))
                for percent in (0.1, 10, 50, 90):
                    share = percent / 100
                    self.filter_rows(f'filter:{percent}%', tables.RangeFilter(self.name, str(source), share), source, share, 1)
                for column in tables.FILTERED_TEXTS:
                    for percent in (0, 10, 50, 90):
                        share = percent / 100
                        wanted = tables.RangeFilter(self.name, str(source), share, column)
                        self.filter_rows(f'filter:{column}:{percent}%', wanted, source, share, 1, column)
                self.peer.close()
            self.peer = peer
        if not self.name.endswith('sorted') or self.peer.name != FILTER_PEERS[0]:
            return
        zone = 8192
        begin, end = wanted.first // zone * zone, -(-(wanted.first + wanted.rows) // zone) * zone
        cost = self.driver.ask('cost', self.path(self.driver), '*', wanted.sql, begin, min(end, self.rows) - begin)
        # A filter that nothing matches reads the statistics and no page.
        none = wanted.column + ' IS NULL'
        statistics = self.driver.ask('cost', self.path(self.driver), '*', none, begin, 0)['filter']
        pages = cost['filter'] - statistics
        print(f'{self.name}: the filter reads {pages:,} bytes of pages and {statistics:,} of statistics, its zones without a filter '
              f'{cost["rows"]:,}: {pages / cost["rows"]:.3f}')

    def filter_rows(self, metric, wanted, source, share, times, *column):
        self.measure(metric, lambda side, number: ('filter', '*', wanted.sql, times) if side is self.driver else
                     ('filter', '*', self.name, source, share, times, *column), same=['rows', 'columns'])

    def run(self):
        if self.name in tables.FILTERED:
            for side in (self.driver, self.peer):
                side.ask('use', self.path(side))
            self.filters()
            return
        for side in (self.driver, self.peer):
            side.ask('use', self.path(side))
        if self.name in tables.WIDE:
            self.projections()
            return
        if self.peer.name == 'duckdb-native':
            self.sums()
            return
        self.sizes()
        self.memory()
        self.scans()
        self.takes()
        first = self.schema.names[0]
        self.measure('open', lambda side, number: ('open', self.path(side), first, 10))
        self.writes()

    def sizes(self):
        if self.wanted('size'):
            self.add_size('size', tree_size(self.path(self.driver)), tree_size(self.path(self.peer)))
        if self.peer.name not in SIZE_PEERS:
            return
        for field in self.columns():
            metric = f'size:{field.name}'
            if self.wanted(metric):
                self.add_size(metric, *(column_size(side, self.settings, self.name, source, field.name)
                                        for side, source in ((self.driver, self.origin), (self.peer, self.folder / 'source.parquet'))))

    def add_size(self, metric, ours, theirs):
        self.report.add_size(self.name, metric, self.goal(metric), self.peer.name, ours, theirs)

    def projections(self):
        """Ten of many columns, from the path to their values, others for each pair; files are open in no process before."""
        def words(side, number):
            columns = random.Random(f'{self.name} {number}').sample(self.schema.names, 10)
            return 'project', self.path(side), ','.join(columns), 5
        self.measure('project10', words, same=['rows', 'columns'])
        if self.wanted('size'):
            self.add_size('size', tree_size(self.path(self.driver)), tree_size(self.path(self.peer)))

    def sums(self):
        integers = [f.name for f in self.schema if pa.types.is_integer(f.type)]
        for name in integers:
            self.measure(f'sum:{name}', lambda side, number: ('sum', name, 3), same=['value'])

    def memory(self):
        """What the memory of a fresh process grows by at most during a scan of all columns. lancekit reads by pread here, as pages of
        mapped files would count; so does pylance."""
        if self.peer.name != 'pylance-2.2' or not self.wanted('memory'):
            return
        grown = []
        for side, mode in ((self.driver, 'read'), (self.peer, 'map')):
            process = Side(side.name, side.command, self.settings.core, LANCEKIT_IO=mode)
            process.ask('use', self.path(side))
            grown.append(process.growth(lambda: process.ask('scan', '*')))
            process.close()
        self.add_size('memory', *grown)

    def columns(self):
        """-> the fields to measure one by one: all, or with --quick one of each type."""
        seen = set()
        for field in self.schema:
            if self.settings.quick and field.type in seen and field.name not in self.settings.always:
                continue
            seen.add(field.type)
            yield field

    def scans(self):
        self.measure('scan', lambda side, number: ('scan', '*'), same=['rows'])
        for field in self.columns():
            kind = tables.column_kind(field.type)
            self.measure(f'column:{field.name}', lambda side, number: ('scan', field.name), kind, same=['rows'])
            if kind == 'vector' and self.peer.name == 'pylance-2.2' and self.wanted(f'gather:{field.name}'):
                self.gather(field.name)

    def gather(self, column):
        """A column of vectors copied to one place, against memcpy of as many bytes."""
        replies = {}

        def ours(number):
            replies[number] = self.driver.ask('gather', column)
            return replies[number]['seconds']
        figures = paired(ours, lambda number: replies[number]['copy'], self.calibrate, self.settings)
        self.report.add(self.name, f'gather:{column}', None, 'memcpy', figures, 's')

    def some_rows(self, number, count, groups):
        """-> `groups` lists of `count` sorted unique rows each, others for every pair."""
        generator = random.Random(f'{self.name} {count} {number}')
        lists = (sorted(generator.sample(range(self.rows), min(count, self.rows))) for _ in range(groups))
        return ';'.join(','.join(map(str, rows)) for rows in lists)

    def takes(self):
        parquet = self.peer.name.startswith('parquet')
        same = ['rows', 'columns']
        integers = [f.name for f in self.schema if pa.types.is_integer(f.type)]

        def take(columns, count, groups):
            return lambda side, number: ('take', columns, self.some_rows(number, count, 1 if parquet else groups))

        self.measure('take1000', take('*', 1000, 3), same=same)
        self.measure('take5', take(','.join(tables.mixed_columns(self.schema)), 1000, 3), same=same)
        if integers:
            self.measure(f'takecol:{integers[0]}', take(integers[0], 1000, 5), same=same)
            self.measure(f'take1col:{integers[0]}', take(integers[0], 1, 50), same=same)
        self.measure('take1', take('*', 1, 50), same=same)

    def writes(self):
        if not self.wanted('write') and not self.wanted('write-mem'):
            return
        self.driver.ask('load', self.origin, '*')
        self.peer.ask('load', self.folder / 'source.parquet', '*')
        places = [('write', self.folder)]
        if os.access(MEMORY_FOLDER, os.W_OK) and shutil.disk_usage(MEMORY_FOLDER).free > 4 << 30:
            places.append(('write-mem', pathlib.Path(MEMORY_FOLDER)))
        for metric, folder in places:
            def target(side):
                return folder / f'lancekit-bench-{os.getpid()}-{side.name}'

            def words(side, number):
                remove(target(side))  # not timed; the file system is asked to forget the last one before the next is written
                return 'write', target(side)
            try:
                self.measure(metric, words, same=['rows'])
            finally:
                remove(target(self.driver)), remove(target(self.peer))


class Report:
    def __init__(self, file, record):
        self.file, self.record, self.measurements = file, record, []

    def add(self, data, metric, goal, peer, figures, unit):
        line = {'goal': goal, 'data': data, 'metric': metric, 'ours': figures.pop('ours'), 'peer': peer, 'theirs': figures.pop('theirs'),
                **{key: round(figures.pop(key), 4) for key in ('ratio', 'low', 'high')}, 'unit': unit, **figures}
        self.measurements.append(line)
        if self.file:
            print(json.dumps({**self.record, **line}), file=self.file, flush=True)
        if len(self.measurements) == 1:
            print(f'{"data":9} {"metric":24} {"peer":15} {"ours":>11} {"theirs":>11} {"ratio":>8}  {"95 % interval":20} pairs goal')
        figure = (lambda v: f'{v / 1e6:8.2f} MB') if unit == 'bytes' else (lambda v: f'{v * 1e3:8.3f} ms')
        interval = f'[{line["low"]:.2f}, {line["high"]:.2f}]'
        print(f'{data:9} {metric:24} {peer:15} {figure(line["ours"])} {figure(line["theirs"])} {line["ratio"]:8.2f}  '
              f'{interval:20} {line["pairs"]:4}{"~" if line["noisy"] else " "} {goal or ""}', flush=True)

    def add_size(self, data, metric, goal, peer, ours, theirs):
        ratio = theirs / ours
        figures = {'ours': ours, 'theirs': theirs, 'ratio': ratio, 'low': ratio, 'high': ratio, 'pairs': 1, 'noisy': False}
        self.add(data, metric, goal, peer, figures, 'bytes')

    def add_record(self, record):
        """What vectors.py measured."""
        self.measurements.append(record)
        if self.file:
            print(json.dumps({**self.record, **record}), file=self.file, flush=True)
        print(vectors.text_of(record), flush=True)


def command(*words):
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.strip() if done.returncode == 0 else 'unknown'


def cpu_name():
    return next((line.split(':')[1].strip() for line in open('/proc/cpuinfo') if line.startswith('model name')), 'unknown')


def commit_name():
    changed = ' with changes' if command('git', 'status', '--porcelain', '--untracked-files=no') else ''
    return command('git', 'rev-parse', '--short', 'HEAD') + changed


def run_record(settings):
    """What each line of the history says of its run."""
    return {'date': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'), 'commit': commit_name(), 'machine': cpu_name(),
            'cores': os.cpu_count(), 'format': getattr(settings, 'format', '2.2'),
            'clock': getattr(settings, 'clock', 'seconds'),
            'versions': getattr(settings, 'versions', {})}


def machine_lines(settings, driver):
    cpu = cpu_name()
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    version, copy = driver.ask('version'), driver.ask('copy')
    loops = [driver.ask('calibrate')['seconds'] for _ in range(20)]
    yield (f'machine      {cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}; '
           f'pinned to core {settings.core}')
    yield (f'commit       {commit_name()}; {version["version"]}'
           f'{"" if version["optimised"] else ", NOT OPTIMISED"}')
    yield (f'calibration  loop {min(loops) * 1e3:.2f} ms, median/min {median(loops) / min(loops):.2f}, '
           f'max/min {max(loops) / min(loops):.2f}; copy {copy["bytes"] / copy["seconds"] / 1e9:.1f} GB/s')
    yield f'format       lancekit writes {settings.format}'
    yield (f'clock        {"wall time" if settings.clock == "seconds" else "CPU time of the process"}, {settings.pairs} pairs; '
           'ratio = theirs / ours, above 1 is better for lancekit; ~ noisy')


def make_peer_output(side, settings, name, source):
    """Each side writes the table once with its defaults; what it wrote is kept for the next run of the same version."""
    path = settings.cache / name / f'{side.name}.out'
    stamp = path.with_suffix('.version')
    version = side.ask('version')['version']
    if not path.exists() or not stamp.exists() or stamp.read_text() != version or settings.fresh:
        remove(path)
        side.ask('load', source, '*')
        side.ask('write', path)
        stamp.write_text(version)
    return path


def column_size(side, settings, name, source, column):
    """-> bytes of the file or dataset that the side writes of this column alone. Those of peers are kept for the next run."""
    kept = settings.cache / name / f'{side.name}.columns.json'
    is_peer = side.name != 'lancekit'
    version = side.ask('version')['version']
    known = json.loads(kept.read_text()) if is_peer and kept.exists() and not settings.fresh else {}
    sizes = known.get(version, {})
    if column not in sizes:
        path = settings.cache / name / f'lancekit-bench-{os.getpid()}-column'
        try:
            side.ask('load', source, column)
            side.ask('write', path)
            sizes[column] = tree_size(path)
        finally:
            remove(path)
        if is_peer:
            kept.write_text(json.dumps({version: sizes}))
    return sizes[column]


def stripped_size(library):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / 'stripped'
        subprocess.run(['strip', '-o', copy, library], check=True)
        return copy.stat().st_size


def library_sizes(settings, report):
    """The library of each peer that is one file, as its Python package has it."""
    for peer, package in PEER_LIBRARIES.items():
        if peer in settings.peers and (not settings.metrics or 'library' in settings.metrics) and not settings.goals:
            [library] = pathlib.Path(importlib.util.find_spec(package).origin).parent.glob('*.abi3.so')
            report.add_size('', 'library', None, peer, stripped_size(settings.library), stripped_size(library))


def expected_values(settings, name, source):
    """-> checksums of the source by column, kept beside it."""
    kept = settings.cache / name / 'source.checksums.json'
    if not kept.exists() or settings.fresh:
        side = Side('parquet-snappy', [sys.executable, HERE / 'peers.py', 'parquet-snappy'], settings.core)
        side.ask('use', source)
        kept.write_text(json.dumps(side.ask('check', '*')))
        side.close()
    return json.loads(kept.read_text())


def check_values(side, path, expected, name):
    side.ask('use', path)
    got = side.ask('check', '*')
    wrong = [column for column, value in expected['columns'].items() if got['columns'].get(column) != value]
    if got['rows'] != expected['rows'] or list(got['columns']) != list(expected['columns']) or wrong:
        raise Failure(f'{name}: {side.name} reads other values than the source has ({", ".join(wrong) or "rows or columns"})')


def run_table(settings, name, report):
    source = tables.prepare(name, settings.cache, settings.data)
    expected = expected_values(settings, name, source)
    driver = Side('lancekit', settings.driver, settings.core)
    # The input of lancekit's writes comes from a Lance file, kept in memory as Arrow arrays: pylance's, so that reading it is tested.
    origin = Side('pylance-2.2', [sys.executable, HERE / 'peers.py', 'pylance-2.2'], settings.core)
    stranger = make_peer_output(origin, settings, name, source)
    origin.close()
    check_values(driver, stranger, expected, f'{name} (written by pylance)')
    output = settings.our_output(name)
    remove(output)
    driver.ask('load', stranger, '*')
    driver.ask('write', output)
    check_values(driver, output, expected, name)
    print(f'\n{name}: {expected["rows"]:,} rows x {len(expected["columns"])}, {expected["bytes"] / 1e6:.1f} MB in Arrow; '
          'values compared with the source')
    for peer_name in peers_of(settings, name):
        peer = Side(peer_name, [sys.executable, HERE / 'peers.py', peer_name], settings.core)
        try:
            path = make_peer_output(peer, settings, name, source)
            check_values(peer, path, expected, name)
            if peer_name == 'pylance-2.2' and not settings.format.startswith('x1'):  # which pylance refuses
                check_values(peer, output, expected, f'{name} (written by lancekit)')
            Comparison(settings, name, driver, stranger, peer, report).run()
        finally:
            peer.close()
    driver.close()


def peers_of(settings, name):
    if name in tables.FILTERED:
        return settings.filter_peers
    if name in tables.WIDE:
        return [peer for peer in settings.peers if peer in ('pylance-file', 'vortex', 'parquet-snappy')]
    has_sums = name in ('flights', 'lineitem')
    return [peer for peer in settings.peers if peer != 'duckdb-native' or has_sums]


def run_vectors(settings, wanted, report):
    """G28 is about a narrow set, the others about a wide one. Building takes minutes: two pairs, and one of the narrow set."""
    def tell(text):
        print(text, flush=True)
    rounds = min(settings.pairs, 5)
    if wanted != ['G28']:
        vectors.run(settings, ['fashion-mnist'], vectors.PEERS, rounds, 2, report.add_record, tell, settings.svg)
    if 'G28' in wanted:
        vectors.run(settings, ['glove-100'], ('hnswlib',), rounds, 1, report.add_record, tell, settings.svg)


def peer_version(name):
    """-> a text, or None where the peer is missing."""
    done = subprocess.run([sys.executable, HERE / 'peers.py', name], input='version\n', capture_output=True, text=True,
                          env={**os.environ, **ONE_THREAD})
    if done.returncode != 0:
        print(f'skipping {name}: {done.stderr.strip().splitlines()[-1]}', file=sys.stderr)
        return None
    version = json.loads(done.stdout)['version']
    print(f'peer         {name}: {version}')
    return version


def parse_arguments():
    def listed(text):
        return text.split(',')
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    # Presets that are the default of a version need no name of their own.
    formats = ['2.1', '2.1-balanced', '2.1-small', '2.2', '2.2-balanced', '2.2-small', 'x1', 'x1-fast', 'x1-small']
    parser.add_argument('--format', choices=formats, default='2.2', metavar='VERSION[-PRESET]',
                        help=f'what lancekit writes and is measured with: {", ".join(formats)}')
    parser.add_argument('--driver', type=pathlib.Path, default=ROOT / 'build/release/bench/lancekit_bench_driver')
    parser.add_argument('--index-driver', type=pathlib.Path, default=ROOT / 'build/release/bench/lancekit_index_driver')
    parser.add_argument('--library', type=pathlib.Path, default=ROOT / 'build/release/liblancekit.so', help='whose size is compared')
    parser.add_argument('--convert', type=pathlib.Path, default=ROOT / 'build/release/tools/lance-convert/lance-convert')
    parser.add_argument('--svg', help='folder that the ratios are drawn in, a picture a table, and the curves of recall and speed (G26 to G31)')
    parser.add_argument('--bridge', type=pathlib.Path, default=ROOT / 'build/release/tests/interop/liblancekit_bridge.so')
    parser.add_argument('--cache', type=pathlib.Path, default=ROOT / 'build/bench-data', help='folder for tables and what is written')
    parser.add_argument('--data', default=str(ROOT / '../shared/data'), help='folder that holds flights-3m.parquet')
    parser.add_argument('--tables', type=listed, default=['flights', 'lineitem', 'vectors', 'nested', *tables.FILTERED, *tables.WIDE], help=', '.join(tables.MAKERS))
    parser.add_argument('--peers', type=listed, default=DEFAULT_PEERS, help=f'default {",".join(DEFAULT_PEERS)}; also pylance-2.1')
    parser.add_argument('--goals', type=listed, default=[], help=f'only what belongs to these goals: {", ".join(goals.GOALS)}')
    parser.add_argument('--metrics', type=listed, default=[], help="only these, e.g. 'size*,column:l_*'")
    parser.add_argument('--quick', action='store_true', help='5 pairs instead of 15, one column of each type')
    parser.add_argument('--pairs', type=int)
    parser.add_argument('--budget', type=float, help='seconds after which a measurement makes do with the pairs it has')
    parser.add_argument('--clock', choices=['wall', 'cpu'], default='wall', help='cpu: for a busy machine, waiting does not count')
    parser.add_argument('--core', type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument('--fresh', action='store_true', help='let the peers write their files anew')
    parser.add_argument('--json', type=pathlib.Path, help='a line per measurement, with commit and machine, is added to this file')
    settings = parser.parse_args()
    Side.bridge = settings.bridge
    settings.pairs = settings.pairs or (5 if settings.quick else 15)
    settings.budget = settings.budget or (20 if settings.quick else 120)
    settings.clock = 'seconds' if settings.clock == 'wall' else 'cpu'
    settings.always = ('l_comment', 'l_shipmode')
    unknown = [goal for goal in settings.goals if goal not in goals.GOALS]
    if unknown:
        parser.error(f'no measurement for {", ".join(unknown)}')
    if not settings.driver.exists():
        parser.error(f'{settings.driver} is missing: build the target lancekit_bench_driver, or name it with --driver')
    settings.driver = [settings.driver, settings.format]
    suffix = '' if settings.format == '2.2' else f'-{settings.format}'
    settings.our_output = lambda name: settings.cache / name / f'lancekit{suffix}.{"lance" if name in tables.WIDE else "out"}'
    return settings


def main():
    settings = parse_arguments()
    driver = Side('lancekit', settings.driver, settings.core)
    for line in machine_lines(settings, driver):
        print(line)
    driver.close()
    versions = {name: peer_version(name) for name in [*FILTER_PEERS, *settings.peers]}
    settings.versions = {name: version for name, version in versions.items() if version}
    settings.filter_peers = [name for name in FILTER_PEERS if name in settings.versions]
    settings.peers = [name for name in settings.peers if name in settings.versions]
    file = open(settings.json, 'a') if settings.json else None
    report = Report(file, run_record(settings))
    wanted = [goal for goal in settings.goals if goal in goals.INDEX_GOALS]
    try:
        library_sizes(settings, report)
        for name in settings.tables if len(wanted) < len(settings.goals) or not settings.goals else []:
            run_table(settings, name, report)
        if wanted:
            run_vectors(settings, wanted, report)
    except Failure as failure:
        print(f'compare.py: {failure}', file=sys.stderr)
        return 1
    if settings.svg:
        plots.draw_ratios(report.measurements, settings.svg, goals)
    print()
    for line in goals.verdicts(report.measurements) + goals.sizes_against_best(report.measurements):
        print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
