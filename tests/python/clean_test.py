#!/usr/bin/env python3
"""The package where nothing else is installed: its data comes from files of tests/data, its programs lie beside this Python."""
import datetime
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

import lancekit

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data'


class CleanTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def fails(self, code, call, *arguments, **options):
        with self.assertRaises(lancekit.LancekitError) as caught:
            call(*arguments, **options)
        self.assertEqual(caught.exception.code, code)
        self.assertIn(caught.exception.message, str(caught.exception))
        return caught.exception

    def test_nothing_else_is_there(self):
        for name in ('pyarrow', 'numpy', 'polars', 'pip'):
            self.assertIsNone(importlib.util.find_spec(name), name)

    def test_tables(self):
        table = lancekit.open(DATA / 'x1-nested.lance')
        self.assertEqual((table.num_rows, len(table), table.format_version), (500, 500, 'x1'))
        self.assertEqual(table.schema.names, ['lists', 'trips', 'pair', 'point'])
        self.assertEqual([field.type for field in table.schema],
                         ['list<item: int32>', 'list<item: struct<stop: string, fare: double>>', 'struct<a: int64, b: bool>',
                          'fixed_size_list<item: float>[2]'])
        self.assertIn('500 rows', repr(table))

    def test_copies_of_copies(self):
        table = lancekit.open(DATA / 'x1-nested.lance')
        for options in ({'single_file': True}, {'version': '2.2', 'preset': 'small', 'compression': 'zstd:3', 'max_rows_per_file': 100},
                        {'encodings': {'pair.a': 'none'}, 'bloom': ['pair.a'], 'statistics': True, 'memory_limit': 64 << 20, 'threads': 1}):
            path = self.folder / f'copy{len(options)}.lance'
            summary = lancekit.write(table, path, **options)
            self.assertEqual(summary.rows, 500)
            self.assertEqual(summary.files, 5 if 'max_rows_per_file' in options else 1)
            copy = lancekit.open(path)
            self.assertEqual((copy.num_rows, copy.schema), (500, table.schema))
            verified = lancekit.verify(path, 'full')
            self.assertTrue(verified.is_sound, verified)
            self.assertEqual(verified.files, summary.files)

    def test_parts(self):
        table = lancekit.open(DATA / 'x1-nested.lance')
        rows = table.scan(['pair.a', 'lists'], where='pair.b', offset=1, limit=3, batch_rows=2)
        self.assertEqual(len(rows.schema), 2)
        self.assertEqual(lancekit.write(rows, self.folder / 'part.lance').rows, 3)
        self.assertEqual(lancekit.write(table.scan(limit=0), self.folder / 'none.lance').rows, 0)
        self.assertEqual(lancekit.open(self.folder / 'none.lance').schema, table.schema)
        self.assertEqual(lancekit.write(table.take([-1, 0, 0], 'pair'), self.folder / 'taken.lance').rows, 3)
        self.assertEqual(lancekit.write(table.take([]), self.folder / 'nothing.lance').rows, 0)

    def test_errors(self):
        codes = lancekit.ErrorCode
        table = lancekit.open(DATA / 'x1-nested.lance')
        error = self.fails(codes.IO, lancekit.open, self.folder / 'none.lance')
        self.assertEqual((error.path, error.column, error.page, error.offset), (str(self.folder / 'none.lance'), None, None, None))
        self.fails(codes.CORRUPTION, lancekit.open, DATA / 'flights-25k.parquet')
        self.fails(codes.INVALID_ARGUMENT, table.scan, 'nothing')
        self.fails(codes.INVALID_ARGUMENT, table.scan, [])
        self.fails(codes.INVALID_ARGUMENT, table.scan, where='pair.a >')
        self.fails(codes.INVALID_ARGUMENT, table.take, [500])
        self.fails(codes.INVALID_ARGUMENT, table.take, [0], [])
        self.fails(codes.INVALID_ARGUMENT, lancekit.write, table, self.folder / 'a.lance', version='0.1')
        self.fails(codes.INVALID_ARGUMENT, lancekit.write, table, self.folder / 'a.lance', compression='tar')
        lancekit.write(table, self.folder / 'a.lance')
        self.fails(codes.OUTPUT, lancekit.write, table, self.folder / 'a.lance')
        self.fails(codes.INVALID_ARGUMENT, lancekit.open, self.folder / 'a.lance', 7)
        self.fails(codes.INVALID_ARGUMENT, lancekit.open, self.folder / 'a.lance', tag='v1')
        self.fails(codes.INVALID_ARGUMENT, lancekit.open, self.folder / 'a.lance', as_of='1999-01-01T00:00:00Z')
        self.fails(codes.IO, lancekit.verify, self.folder / 'none.lance')
        for call in (lambda: table.scan(limit=-1), lambda: table.scan(offset=-1), lambda: table.scan('a\0b'), lambda: lancekit.open('a\0b'),
                     lambda: lancekit.write(table, 'x', mode='prepend'), lambda: lancekit.verify('x', 'deep')):
            self.assertRaises(ValueError, call)
        self.assertRaises(TypeError, lancekit.write, [1, 2], self.folder / 'b.lance')
        self.assertRaises(OverflowError, table.take, [1 << 70])
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ['a.lance'])

    def test_versions(self):
        path = self.folder / 'a.lance'
        table = lancekit.open(DATA / 'x1-nested.lance')
        lancekit.write(table, path, mode='append')
        lancekit.write(table.scan(limit=9), path, mode='overwrite')
        lancekit.write(table.scan(limit=5), path, mode='append')
        self.assertEqual([len(lancekit.open(path, version)) for version in (1, 2, 3)], [len(table), 9, 14])
        lancekit.write(table.scan(limit=9), path, mode='replace')
        self.fails(lancekit.ErrorCode.INVALID_ARGUMENT, lancekit.open, path, 2)
        (self.folder / 'mine').mkdir()
        (self.folder / 'mine' / 'thesis.txt').write_text('years of work')
        for mode in 'create', 'overwrite', 'append', 'replace':
            self.fails(lancekit.ErrorCode.OUTPUT, lancekit.write, table, self.folder / 'mine', mode=mode)
        self.assertEqual((self.folder / 'mine' / 'thesis.txt').read_text(), 'years of work')
        self.assertEqual(len(list((self.folder / 'mine').iterdir())), 1)
        self.assertEqual(len(lancekit.open(path)), 9)
        self.assertEqual(len(lancekit.open(path, as_of=datetime.datetime.now())), 9)
        self.assertEqual(len(lancekit.open(path, as_of=datetime.datetime.now(datetime.timezone.utc))), 9)

    def test_damage(self):
        path = self.folder / 'a.lance'
        lancekit.write(lancekit.open(DATA / 'x1-nested.lance').scan('pair.a'), path, version='2.2', single_file=True)
        with open(path, 'r+b') as file:
            file.write(b'??')
        self.assertTrue(lancekit.verify(path).is_sound)
        verified = lancekit.verify(path, level='full')
        self.assertFalse(verified.is_sound)
        finding = verified.findings[0]
        self.assertEqual((finding.severity, finding.path, finding.column, finding.page), (lancekit.Severity.DAMAGE, str(path), 'pair.a', 0))
        self.assertIn('page 0', str(finding))
        error = self.fails(lancekit.ErrorCode.CORRUPTION, lancekit.write, lancekit.open(path), self.folder / 'b.lance')
        self.assertEqual((error.path, error.column, error.page), (str(path), 'pair.a', 0))
        self.assertIsNotNone(error.offset)
        self.assertFalse((self.folder / 'b.lance').exists())

    def test_programs(self):
        for name in ('lance-inspect', 'lance-index'):
            program = pathlib.Path(sys.executable).parent / name
            said = subprocess.run([program, '--version'], check=True, capture_output=True, text=True).stdout
            self.assertIn(lancekit.__version__, said)
        said = subprocess.run([pathlib.Path(sys.executable).parent / 'lance-inspect', 'count', self.folder / 'none'], capture_output=True)
        self.assertEqual(said.returncode, 3)


if __name__ == '__main__':
    unittest.main()
