#!/usr/bin/env python3
"""How long data lives, what several threads may do, and what Ctrl-C leaves behind. Needs pyarrow."""
import concurrent.futures
import gc
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import types
import unittest
import unittest.mock

import pyarrow as pa

import lancekit
from lancekit import _handles, _native

NUM_ROWS = 50_000
BATCH_ROWS = 1000


def is_mapped(path):
    return str(path) in pathlib.Path('/proc/self/maps').read_text()


class LifetimeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder_owner = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.folder_owner.name)
        cls.path = cls.folder / 'numbers.lance'
        cls.data = pa.table({'x': pa.array(range(NUM_ROWS), pa.int64()), 's': [f'text {i % 97}' for i in range(NUM_ROWS)]})
        lancekit.write(cls.data, cls.path, single_file=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder_owner.cleanup()

    def reader(self, **options):
        return pa.RecordBatchReader.from_stream(lancekit.open(self.path).scan(batch_rows=BATCH_ROWS, **options))

    def test_stream_outlives_the_table(self):
        reader = self.reader()
        gc.collect()
        self.assertTrue(is_mapped(self.path))
        self.assertEqual(reader.read_all(), self.data)

    def test_batches_outlive_the_stream(self):
        reader = self.reader()
        batches = [reader.read_next_batch() for _ in range(3)]
        del reader
        gc.collect()
        self.assertEqual(pa.Table.from_batches(batches), self.data.slice(0, 3 * BATCH_ROWS))

    def test_abandoned_streams_let_go_of_the_file(self):
        reader = self.reader()
        self.assertLess(reader.read_next_batch().num_rows, NUM_ROWS)
        capsule = lancekit.open(self.path).__arrow_c_stream__()  # nobody ever reads it
        rows = lancekit.open(self.path).take([1, 2])
        schema = lancekit.open(self.path).schema
        self.assertTrue(is_mapped(self.path))
        del reader, capsule, rows, schema
        gc.collect()
        self.assertFalse(is_mapped(self.path))

    def test_capsules_die_with_exceptions(self):
        def dies():
            capsules = [lancekit.open(self.path).__arrow_c_stream__(), lancekit.open(self.path).__arrow_c_schema__()]
            raise KeyError(len(capsules))

        for _ in range(100):
            self.assertRaises(KeyError, dies)
        gc.collect()
        self.assertFalse(is_mapped(self.path))

    def test_rows_can_be_asked_again_and_a_capsule_once(self):
        table = lancekit.open(self.path)
        for rows in (table.scan('x', limit=5), table.take(range(5), 'x'), table):
            first, second = pa.table(rows), pa.table(rows)
            self.assertEqual(first, second)
            self.assertEqual(first['x'].to_pylist()[:5], [0, 1, 2, 3, 4])
            self.assertEqual(pa.schema(rows), first.schema)
            self.assertEqual(rows.schema.names, first.schema.names)

        class Once:
            capsule = table.__arrow_c_stream__()

            def __arrow_c_stream__(self, requested_schema=None):
                return self.capsule

        self.assertEqual(pa.table(Once()).num_rows, NUM_ROWS)
        self.assertRaises(pa.ArrowInvalid, pa.table, Once())
        self.assertRaisesRegex(ValueError, 'released', lancekit.write, Once(), self.folder / 'once.lance')

    def test_threads_share_a_table(self):
        table = lancekit.open(self.path)

        def work(number):
            if number % 3 == 0:
                return pa.table(table.take([number], 'x'))['x'][0].as_py() == number
            if number % 3 == 1:
                return pa.table(table.scan('x', where=f'x < {number}')).num_rows == number
            return lancekit.verify(self.path, 'full').is_sound

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(work, range(60))), [True] * 60)

    def test_threads_share_rows(self):
        rows = lancekit.open(self.path).scan('x', batch_rows=BATCH_ROWS)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(lambda _: pa.table(rows).num_rows, range(24))), {NUM_ROWS})

    def test_interrupt_between_batches_of_a_scan(self):
        reader, seen = self.reader(), 0
        with self.assertRaises(KeyboardInterrupt):
            for batch in reader:
                seen += batch.num_rows
                signal.raise_signal(signal.SIGINT)
        self.assertEqual(seen, BATCH_ROWS)
        self.assertEqual(reader.read_next_batch()['x'][0].as_py(), BATCH_ROWS)  # it goes on where it was

    def test_interrupt_between_batches_of_a_write_leaves_nothing(self):
        real, written = _native.call, []

        def call(name, *arguments):
            real(name, *arguments)
            written.append(name)
            if written.count('writer_write_batch') == 3:
                signal.raise_signal(signal.SIGINT)

        rows = lancekit.open(self.path).scan(batch_rows=BATCH_ROWS)
        with unittest.mock.patch.object(_native, 'call', call):
            self.assertRaises(KeyboardInterrupt, lancekit.write, rows, self.folder / 'halfway.lance')
        self.assertEqual(written[-1], 'writer_write_batch')
        self.assertEqual([path.name for path in self.folder.iterdir()], [self.path.name])

    def test_input_is_asked_by_the_thread_that_writes(self):
        asked_by = set()

        def batches():
            for batch in self.data.to_batches(max_chunksize=BATCH_ROWS):
                asked_by.add(threading.get_ident())
                yield batch

        reader = pa.RecordBatchReader.from_batches(self.data.schema, batches())
        self.assertEqual(lancekit.write(reader, self.folder / 'asked.lance').rows, NUM_ROWS)
        shutil.rmtree(self.folder / 'asked.lance')
        self.assertEqual(asked_by, {threading.get_ident()})

    def test_interrupt_cancels_long_calls(self):
        context, ended = _handles.Context(), []

        def work():
            try:
                while True:
                    _native.call('verify', context.pointer, _native.encode_path(self.path), None, _native.OnFinding(lambda *_: 0), None, None)
            except lancekit.LancekitError as error:
                ended.append(error.code)
                raise

        class Event(threading.Event):
            """Ctrl-C while the call runs, and again while it is being ended."""

            presses = 0

            def wait(self, timeout=None):
                if Event.presses < 3:
                    Event.presses += 1
                    signal.raise_signal(signal.SIGINT)
                return super().wait(timeout)

        with unittest.mock.patch.object(_handles, 'threading', types.SimpleNamespace(**{**vars(threading), 'Event': Event})):
            self.assertRaises(KeyboardInterrupt, _handles.interruptible, context, work)
        self.assertEqual((Event.presses, ended), (3, [lancekit.ErrorCode.CANCELLED]))

    def test_failing_input(self):
        def batches():
            yield self.data.to_batches()[0]
            raise RuntimeError('the well is dry')

        reader = pa.RecordBatchReader.from_batches(self.data.schema, batches())
        with self.assertRaisesRegex(lancekit.LancekitError, 'the well is dry'):
            lancekit.write(reader, self.folder / 'dry.lance')
        self.assertEqual([path.name for path in self.folder.iterdir()], [self.path.name])

    def test_exit_with_everything_open(self):
        script = (f'import lancekit, pyarrow as pa\ntable = lancekit.open({str(self.path)!r})\nrows = table.scan()\n'
                  'capsule = table.__arrow_c_stream__()\nschema = table.__arrow_c_schema__()\n'
                  'reader = pa.RecordBatchReader.from_stream(table.scan(batch_rows=10))\nbatch = reader.read_next_batch()\n'
                  'import builtins; builtins.kept = [capsule, table, rows]\n')
        done = subprocess.run([sys.executable, '-X', 'dev', '-c', script], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ''))


if __name__ == '__main__':
    unittest.main()
