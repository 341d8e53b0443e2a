#!/usr/bin/env python3
"""Tables that go through lancekit and pyarrow, polars, pandas, DuckDB and pylance, and come back equal."""
import datetime
import decimal
import pathlib
import tempfile
import unittest

import duckdb
import lance
import lance.file
import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa

import lancekit

NUM_ROWS = 3000


def numbers(type, count=NUM_ROWS):
    return pa.array([None if i % 7 == 3 else i % 100 for i in range(count)], type)


def arrow_table():
    """Flat, temporal and nested columns with nulls, in the forms that pylance reads back as they were."""
    n = range(NUM_ROWS)
    day = datetime.datetime(2026, 5, 1, 12, 30, tzinfo=datetime.timezone.utc)
    columns = {str(type): numbers(type) for type in (pa.int8(), pa.uint16(), pa.int32(), pa.uint64(), pa.float32(), pa.float64())}
    columns |= {
        'flag': pa.array([None if i % 11 == 0 else i % 3 == 0 for i in n]),
        'text': pa.array([None if i % 5 == 0 else f'Größe {i % 50}' for i in n]),
        'bytes': pa.array([bytes([i % 256] * (i % 9)) for i in n], pa.binary()),
        'fixed': pa.array([i.to_bytes(4, 'little') for i in n], pa.binary(4)),
        'money': pa.array([decimal.Decimal(i) / 100 for i in n], pa.decimal128(12, 2)),
        'day': pa.array([day.date() + datetime.timedelta(days=i % 400) for i in n]),
        'time': pa.array([day + datetime.timedelta(seconds=i) for i in n], pa.timestamp('us', 'UTC')),
        'length': pa.array([datetime.timedelta(milliseconds=i) for i in n], pa.duration('us')),
        'list': pa.array([None if i % 13 == 0 else list(range(i % 5)) for i in n], pa.list_(pa.int32())),
        'vector': pa.array([[i, -i, 0.5] for i in n], pa.list_(pa.float32(), 3)),
        'struct': pa.array([{'a': i, 'b': [f's{i % 4}']} for i in n], pa.struct([('a', pa.int64()), ('b', pa.list_(pa.string()))])),
        'word': pa.array([f'w{i % 6}' for i in n]).dictionary_encode(),
    }
    return pa.table(columns)


def plain(table):
    """Without dictionaries, whose values may come in another order."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table[i].cast(field.type.value_type))
    return table


class PeersTest(unittest.TestCase):
    def same(self, table, wanted):
        self.assertEqual(table.schema, wanted.schema)
        self.assertEqual(plain(table), plain(wanted))

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def read(self, path, **options):
        table = pa.table(lancekit.open(path).scan(**options))
        table.validate(full=True)
        return table

    def test_pyarrow_and_pylance(self):
        data = arrow_table()
        for version in ('2.1', '2.2', 'x1'):
            path = self.folder / f'{version}.lance'
            summary = lancekit.write(data, path, version=version, max_rows_per_file=1000)
            self.assertEqual((summary.rows, summary.files), (NUM_ROWS, 3))
            self.same(self.read(path), data)
            self.assertEqual(pa.schema(lancekit.open(path).schema), data.schema)
            if version != 'x1':
                self.same(lance.dataset(path).to_table(), data)
        lancekit.write(data, self.folder / 'file.lance', single_file=True)
        self.same(lance.file.LanceFileReader(str(self.folder / 'file.lance')).read_all().to_table(), data)
        lance.write_dataset(data, self.folder / 'theirs.lance')
        self.same(self.read(self.folder / 'theirs.lance'), data)

    def test_forms_of_pyarrow(self):
        data = arrow_table()
        batch = data.combine_chunks().to_batches()[0]
        for number, form in enumerate([batch, batch.to_struct_array(), pa.RecordBatchReader.from_batches(batch.schema, [batch, batch.slice(0, 10)]),
                                       data.slice(5, 100), data.slice(0, 0)]):
            path = self.folder / f'{number}.lance'
            rows = lancekit.write(form, path).rows
            self.assertEqual(rows, [NUM_ROWS, NUM_ROWS, NUM_ROWS + 10, 100, 0][number])
            self.same(self.read(path, limit=90), (data.slice(5) if number == 3 else data).slice(0, min(rows, 90)))

    def polars_frame(self):
        n = range(NUM_ROWS)
        return pl.DataFrame({
            'id': n, 'name': [None if i % 5 == 0 else f'name {i % 40}, a long one' for i in n], 'score': [i / 3 if i % 4 else None for i in n],
            'when': [datetime.datetime(2026, 5, 1) + datetime.timedelta(hours=i) for i in n], 'kind': pl.Series([f'k{i % 3}' for i in n], dtype=pl.Categorical),
            'tags': [[f't{j}' for j in range(i % 4)] for i in n], 'place': [{'x': i, 'y': None} for i in n], 'raw': [b'\0' * (i % 3) for i in n]},
            schema_overrides={'place': pl.Struct({'x': pl.Int64, 'y': pl.Float32})})

    def test_polars_to_pylance_to_duckdb_and_back(self):
        frame, path = self.polars_frame(), self.folder / 'polars.lance'
        lancekit.write(frame, path)
        polars.testing.assert_frame_equal(pl.DataFrame(lancekit.open(path)), frame)
        theirs = lance.dataset(path).to_table()
        polars.testing.assert_frame_equal(pl.DataFrame(theirs), frame)
        relation = duckdb.sql('SELECT * REPLACE (kind::VARCHAR AS kind) FROM theirs')
        lancekit.write(relation, self.folder / 'back.lance')
        back = pl.DataFrame(lancekit.open(self.folder / 'back.lance'))
        polars.testing.assert_frame_equal(back, frame.with_columns(pl.col('kind').cast(pl.String)))

    def test_pandas_to_pylance_to_duckdb_and_back(self):
        n, path = np.arange(NUM_ROWS), self.folder / 'pandas.lance'
        frame = pd.DataFrame({'id': n, 'name': [None if i % 5 == 0 else f'name {i}' for i in n], 'score': np.where(n % 4 == 0, np.nan, n / 3),
                              'when': pd.date_range('2026-05-01', periods=NUM_ROWS, freq='h', unit='us'), 'flag': n % 2 == 0})
        lancekit.write(frame, path)
        back = lambda rows: pa.table(rows).to_pandas().assign(name=lambda found: found['name'].astype(frame['name'].dtype))
        pd.testing.assert_frame_equal(back(lancekit.open(path)), frame)
        theirs = lance.dataset(path).to_table()
        lancekit.write(duckdb.sql('FROM theirs'), self.folder / 'back.lance')
        pd.testing.assert_frame_equal(back(lancekit.open(self.folder / 'back.lance')), frame)

    def test_duckdb_reads_rows(self):
        lancekit.write(arrow_table(), self.folder / 'a.lance')
        whole = lancekit.open(self.folder / 'a.lance')
        rows = whole.scan(['int32', 'text'], where="int32 >= 90 AND text LIKE 'Gr%1'")
        data = arrow_table()
        wanted = duckdb.sql("SELECT int32, text FROM data WHERE int32 >= 90 AND text LIKE 'Gr%1'").fetchall()
        self.assertGreater(len(wanted), 5)
        for _ in range(2):
            self.assertEqual(duckdb.sql('FROM rows').fetchall(), wanted)
        self.assertEqual(duckdb.sql('SELECT count(*) FROM whole').fetchall(), [(NUM_ROWS,)])

    def test_parts(self):
        data = arrow_table()
        lancekit.write(data, self.folder / 'a.lance')
        table = lancekit.open(self.folder / 'a.lance')
        self.assertEqual(pa.table(table.scan(['struct.a', 'text'], offset=5, limit=9)).column('text'), data['text'].slice(5, 9))
        self.assertEqual([batch.num_rows for batch in pa.RecordBatchReader.from_stream(table.scan('int8', batch_rows=999))][0], 999)
        for rows in ([0, -1, 7, 7], np.array([5, 2999, 0]), range(10, 0, -3), []):
            found = pa.table(table.take(rows, ['list', 'word', 'int32']))
            numbers = pa.array([int(row) % NUM_ROWS for row in rows], pa.int64())
            self.same(found, data.select(found.column_names).take(numbers))

    def test_versions_of_pylance(self):
        path = self.folder / 'versions.lance'
        for number in range(3):
            dataset = lance.write_dataset(pa.table({'x': [number] * (number + 1)}), path, mode='overwrite' if number else 'create')
            if number == 1:
                dataset.tags.create('second', dataset.version)
                between = datetime.datetime.now(datetime.timezone.utc)
        rows = lambda **options: len(lancekit.open(path, **options))
        self.assertEqual([rows(), rows(version=1), rows(version=2), rows(tag='second'), rows(as_of=between), rows(as_of=between.isoformat())],
                         [3, 1, 2, 2, 2, 2])
        with self.assertRaises(lancekit.LancekitError):
            lancekit.open(path, version=1, tag='second')
        self.assertTrue(lancekit.verify(path, 'full', tag='second').is_sound)

    def test_names_of_types(self):
        schema = arrow_table().schema
        path = self.folder / 'a.lance'
        lancekit.write(schema.empty_table(), path)
        for field, wanted in zip(lancekit.open(path).schema, schema):
            self.assertEqual((field.name, field.nullable), (wanted.name, wanted.nullable))
            self.assertEqual(field.type, str(wanted.type).replace(', ordered=0', ''))


if __name__ == '__main__':
    unittest.main()
