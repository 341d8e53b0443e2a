#!/usr/bin/env python3
"""One peer of compare.py in a process of its own: peers.py NAME. It takes the commands that driver.cc takes, one a line with
words between tabs, and answers each with one line of JSON. Timed is the peer's own best public call, nothing around it."""
import json
import os
import statistics
import sys
import time
import traceback

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet as pq

import tables
from checksum import TableChecksum

pa.set_cpu_count(1)
pa.set_io_thread_count(1)


class Lance:
    """pylance: a dataset folder."""

    def __init__(self, version):
        import lance
        self.lance, self.format = lance, version
        threads = [f'{name}={os.environ.get(name)}' for name in ('LANCE_CPU_THREADS', 'LANCE_IO_THREADS')]
        self.version = f'pylance {lance.__version__}, format {version}, {", ".join(threads)}'

    def open(self, path):
        self.dataset = self.lance.dataset(path)
        return self.dataset.count_rows()

    def scan(self, columns):
        return self.dataset.to_batches(columns=columns)

    def project(self, path, columns):
        return self.lance.dataset(path).to_table(columns=columns)

    def take(self, rows, columns):
        return self.dataset.take(rows, columns=columns)

    def write(self, table, path):
        self.lance.write_dataset(table, path, data_storage_version=self.format)


class LanceFile:
    """pylance: a bare data file through LanceFileReader, which leaves out the query engine."""

    def __init__(self, version):
        import lance
        import lance.file
        self.file, self.format = lance.file, version
        self.version = f'pylance {lance.__version__} LanceFileReader, format {version}'

    def open(self, path):
        self.path, self.readers = path, {}
        return self.reader(None).num_rows()

    def reader(self, columns):
        # The columns are fixed at opening: one open reader per set of columns.
        key = tuple(columns) if columns else None
        if key not in self.readers:
            self.readers[key] = self.file.LanceFileReader(self.path, columns=columns)
        return self.readers[key]

    def scan(self, columns):
        return self.reader(columns).read_all(batch_size=8192).to_batches()

    def project(self, path, columns):
        return self.file.LanceFileReader(path, columns=columns).read_all().to_table()

    def take(self, rows, columns):
        return self.reader(columns).take_rows(rows).to_table()

    def write(self, table, path):
        with self.file.LanceFileWriter(path, table.schema, version=self.format) as writer:
            for batch in table.to_batches():
                writer.write_batch(batch)


class ParquetFilter:
    """pyarrow: a dataset of one Parquet file, whose scan prunes row groups by their statistics."""
    rows_per_group = 1 << 20  # pyarrow's default

    def __init__(self):
        self.version = f'pyarrow {pa.__version__} dataset over Parquet (zstd), use_threads=False'

    def open(self, path):
        self.dataset = pyarrow.dataset.dataset(path, format='parquet')
        return self.dataset.count_rows()

    def scan(self, columns):
        return self.dataset.to_batches(columns=columns, use_threads=False)

    def filter(self, columns, wanted):
        return self.dataset.to_table(columns=columns, filter=wanted.expression, use_threads=False)

    def write(self, table, path):
        pq.write_table(table, path, compression='zstd', compression_level=3, row_group_size=self.rows_per_group)


class DuckParquet(ParquetFilter):
    """DuckDB on such a Parquet file with row groups of the size that it writes itself."""
    rows_per_group = 122_880

    def __init__(self):
        import duckdb
        self.database = duckdb.connect()
        self.database.execute('SET threads = 1')
        self.version = f'duckdb {duckdb.__version__} on Parquet (zstd), threads=1'

    def open(self, path):
        self.path = path
        return super().open(path)

    def filter(self, columns, wanted):
        names = ', '.join(f'"{column}"' for column in columns) if columns else '*'
        return self.database.sql(f"SELECT {names} FROM read_parquet('{self.path}') WHERE {wanted.sql}").to_arrow_table()


class DuckNative:
    """DuckDB on a table of its own in a file."""

    def __init__(self):
        import duckdb
        self.duckdb = duckdb
        self.version = f'duckdb {duckdb.__version__}, its own table in a file, threads=1'

    def open(self, path):
        self.database = self.duckdb.connect(path, read_only=True)
        self.database.execute('SET threads = 1')
        return self.database.execute('SELECT count(*) FROM data').fetchone()[0]

    def scan(self, columns):
        names = ', '.join(f'"{column}"' for column in columns) if columns else '*'
        return self.database.execute(f'SELECT {names} FROM data').to_arrow_reader(65536)

    def sum(self, column):
        return self.database.execute(f'SELECT sum("{column}") FROM data').fetchone()[0]

    def write(self, table, path):
        with self.duckdb.connect(path) as database:
            database.register('source', table)
            database.execute('CREATE TABLE data AS SELECT * FROM source')


class ScanThenCompare:
    """lancekit's scan of all rows through the Arrow C stream, then pyarrow's comparison and choice of rows: what a filter must beat."""

    def __init__(self):
        sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tests/interop'))
        from lancekit_bridge import Lancekit
        self.bridge = Lancekit(os.environ['LANCEKIT_BRIDGE'])
        self.version = f'lancekit scan, pyarrow {pa.__version__} compute'

    def open(self, path):
        self.path = path
        return self.bridge.count(path)

    def filter(self, columns, wanted):
        batches = []
        for batch in self.bridge.scan(self.path, columns=columns):
            batches.append(batch.filter(wanted.matches(batch[wanted.column])))
        return pa.Table.from_batches(batches)


class Vortex:
    """vortex-data: a mapped file; strings come as views, its own form."""

    def __init__(self):
        import vortex
        self.vortex = vortex
        self.version = f'vortex-data {vortex.__version__}, memory_map=True, no background threads, strings as views'

    def open(self, path):
        self.file = self.vortex.open(path, memory_map=True)
        return len(self.file)

    def scan(self, columns):
        return self.file.to_arrow(columns)

    def project(self, path, columns):
        return self.vortex.open(path, memory_map=True).to_arrow(columns).read_all()

    def take(self, rows, columns):
        indices = self.vortex.array(pa.array(rows, pa.uint64()))
        return self.file.to_arrow(columns, indices=indices).read_all()

    def write(self, table, path):
        self.vortex.io.write(table, path)


class Parquet:
    """pyarrow: Parquet has no row access, so a take reads the row groups that hold the rows."""

    def __init__(self, **options):
        self.options = options
        self.version = f'pyarrow {pa.__version__} Parquet, {options}, memory_map=True, use_threads=False'

    def open(self, path):
        self.file = pq.ParquetFile(path, memory_map=True)
        groups = [self.file.metadata.row_group(i).num_rows for i in range(self.file.num_row_groups)]
        self.starts = np.concatenate([[0], np.cumsum(groups)])
        return int(self.starts[-1])

    def scan(self, columns):
        return self.file.iter_batches(batch_size=65536, columns=columns, use_threads=False)

    def project(self, path, columns):
        return pq.ParquetFile(path, memory_map=True).read(columns=columns, use_threads=False)

    def take(self, rows, columns):
        groups = np.searchsorted(self.starts, rows, side='right') - 1
        wanted = np.unique(groups)
        starts = np.concatenate([[0], np.cumsum(np.diff(self.starts)[wanted])])
        inside = np.asarray(rows) - self.starts[groups] + starts[np.searchsorted(wanted, groups)]
        return self.file.read_row_groups(wanted.tolist(), columns=columns, use_threads=False).take(inside)

    def write(self, table, path):
        pq.write_table(table, path, **self.options)


PEERS = {
    'pylance-2.2': lambda: Lance('2.2'),
    'pylance-2.1': lambda: Lance('2.1'),
    'pylance-file': lambda: LanceFile('2.2'),
    'vortex': Vortex,
    'parquet-dataset': ParquetFilter,
    'duckdb-parquet': DuckParquet,
    'duckdb-native': DuckNative,
    'lancekit-compare': ScanThenCompare,
    'parquet-snappy': lambda: Parquet(compression='snappy'),
    'parquet-zstd': lambda: Parquet(compression='zstd', compression_level=3),
}


def sync_tree(path):
    """Makes a file, or all files and folders below a folder, durable, and the folder it lies in."""
    names = [os.path.dirname(path)]
    for folder, _, files in os.walk(path):
        names += [folder] + [os.path.join(folder, name) for name in files]
    for name in names + ([path] if os.path.isfile(path) else []):
        descriptor = os.open(name, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def timed(body):
    """-> (seconds, CPU seconds, result)."""
    cpu, start = time.process_time(), time.perf_counter()
    result = body()
    end = time.perf_counter()
    return end - start, time.process_time() - cpu, result


def median(timings):
    return {'seconds': statistics.median(t[0] for t in timings), 'cpu': statistics.median(t[1] for t in timings)}


class Session:
    def __init__(self, name):
        self.peer = PEERS[name]()
        self.table = None
        self.filters = {}

    @staticmethod
    def columns(word):
        return None if word == '*' else word.split(',')

    def version(self):
        return {'version': self.peer.version, 'optimised': True}

    def use(self, path):
        return {'rows': self.peer.open(path)}

    def open(self, path, column, times):
        timings = []
        for _ in range(int(times)):
            def body():
                self.peer.open(path)
                if isinstance(self.peer, Parquet):
                    return next(self.peer.file.iter_batches(batch_size=1, columns=[column], use_threads=False))
                return self.peer.take([0], [column])
            timings.append(timed(body))
        return {**median(timings), 'rows': 1}

    def project(self, path, word, times):
        timings = []
        for _ in range(int(times)):
            result = None
            seconds, cpu, result = timed(lambda: self.peer.project(path, self.columns(word)))
            timings.append((seconds, cpu))
        total = TableChecksum()
        total.add(result)
        return {**median(timings), 'rows': total.rows, 'bytes': total.bytes, 'columns': total.columns()}

    def sum(self, column, times):
        timings = []
        for _ in range(int(times)):
            seconds, cpu, value = timed(lambda: self.peer.sum(column))
            timings.append((seconds, cpu))
        return {**median(timings), 'value': str(value)}

    def scan(self, word):
        def body():
            return sum(batch.num_rows for batch in self.peer.scan(self.columns(word)))
        seconds, cpu, rows = timed(body)
        return {'seconds': seconds, 'cpu': cpu, 'rows': rows}

    def check(self, word):
        total = TableChecksum()
        for batch in self.peer.scan(self.columns(word)):
            total.add(batch)
        return {'rows': total.rows, 'bytes': total.bytes, 'columns': total.columns()}

    def take(self, word, groups):
        columns, timings, total = self.columns(word), [], TableChecksum()
        for group in groups.split(';'):
            rows = [int(row) for row in group.split(',')]
            seconds, cpu, result = timed(lambda: self.peer.take(rows, columns))
            timings.append((seconds, cpu))
            total.add(result)
            del result
        return {**median(timings), 'rows': total.rows, 'bytes': total.bytes, 'columns': total.columns()}

    def filter(self, word, table, source, share, times, column=None):
        wanted = self.filters.get((table, share, column))
        if wanted is None:
            wanted = self.filters[table, share, column] = tables.RangeFilter(table, source, float(share), column)
        timings = []
        for _ in range(int(times)):
            result = None
            seconds, cpu, result = timed(lambda: self.peer.filter(self.columns(word), wanted))
            timings.append((seconds, cpu))
        total = TableChecksum()
        total.add(result)
        return {**median(timings), 'rows': total.rows, 'bytes': total.bytes, 'columns': total.columns()}

    def load(self, path, word):
        self.table = pq.ParquetFile(path).read(columns=self.columns(word), use_threads=False)  # read_table takes 24 GB of 100,000 columns
        return {'rows': self.table.num_rows}

    def write(self, path):
        seconds, cpu, _ = timed(lambda: self.peer.write(self.table, path))
        sync_seconds, sync_cpu, _ = timed(lambda: sync_tree(path))
        return {'seconds': seconds + sync_seconds, 'cpu': cpu + sync_cpu, 'sync': sync_seconds, 'rows': self.table.num_rows}


def main():
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # what a peer prints must not get between the answers
    session = Session(sys.argv[1])
    for line in sys.stdin:
        command, *words = line.rstrip('\n').split('\t')
        try:
            reply = getattr(session, command)(*words)
        except Exception as error:
            traceback.print_exc()
            reply = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == '__main__':
    main()
