#!/usr/bin/env python3
"""Types that the user asks for, and rows and values that do not fit.

    convert_types_e2e.py PATH-OF-LANCE-CONVERT [-k PART-OF-A-NAME]
"""
import datetime
import json
import sys

import duckdb
import lance
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from convert_testing import FLIGHTS, expect, main, nothing_left, read_ipc, run, same, test


def convert(tmp, text, *options, code=0, **more):
    """-> (table or None, standard error) of a CSV text."""
    (tmp / 'in.csv').write_bytes(text.encode() if isinstance(text, str) else text)
    done = expect(code, *options, tmp / 'in.csv', tmp / 'o.arrow', '--force', **more)
    return read_ipc(tmp / 'o.arrow') if code == 0 else None, done.stderr.decode()


@test
def types_of_csv_columns(tmp):
    text = 'a,b,c,d,e,f,g\n1,1.25,00501,2026-01-02,2026-01-02T03:04:05Z,1,12.50\n-128,0.1,x,1969-12-31,1969-12-31T23:59:59+01:00,0,-0.01\n,,,,,,\n'
    names = ['a=int8', 'b=float', 'c=large_string', 'd=date', 'e=timestamp[ms, UTC]', 'f=bool', 'g=decimal(10,2)']
    table, _ = convert(tmp, text, *[part for name in names for part in ('--type', name)])
    assert [str(t) for t in table.schema.types] == ['int8', 'float', 'large_string', 'date32[day]', 'timestamp[ms, tz=UTC]', 'bool', 'decimal128(10, 2)']
    theirs = pa.csv.read_csv(pa.BufferReader(text.encode()), convert_options=pa.csv.ConvertOptions(
        column_types=dict(zip('abcdefg', table.schema.types)), strings_can_be_null=True))
    same(table, theirs)
    # A type holds for other formats too, and a filter sees it.
    expect(0, FLIGHTS, '--type', 'delay=string', '--where', "delay = '12'", tmp / 'f.arrow')
    whole = pq.read_table(FLIGHTS)
    assert read_ipc(tmp / 'f.arrow')['delay'].to_pylist() == ['12'] * whole['delay'].to_pylist().count(12)
    expect(0, FLIGHTS, tmp / 'f.lance')
    expect(0, tmp / 'f.lance', '--type', 'distance=int16', '-c', 'distance', tmp / 'd.lance')
    assert lance.dataset(tmp / 'd.lance').to_table().equals(whole.select(['distance']).cast(pa.schema([('distance', pa.int16())])))
    (tmp / 'a.jsonl').write_text('{"v":"7"}\n{"v":"x"}\n')
    expect(0, '--type', 'v=int32?', tmp / 'a.jsonl', tmp / 'j.arrow')
    assert read_ipc(tmp / 'j.arrow')['v'].to_pylist() == [7, None]
    for wish, words in (('nope=int8', 'no column "nope"'), ('delay=int7', 'did you mean'), ('delay', 'COL=TYPE'), ('delay=decimal(3,4)', 'no type'), ('delay=timestamp[m]', 'no type'), ('=int8', 'COL=TYPE'),
                        ('date=bool', 'cannot become')):
        assert words in expect(2, FLIGHTS, '--type', wish, tmp / 'x.arrow').stderr.decode(), wish
    assert not (tmp / 'x.arrow').exists()


@test
def bad_values(tmp):
    text = 'a,b\n1,x\n"two\nlines",y\n\n3,z\nfour,w\n300,v\n'
    _, told = convert(tmp, text, '--type', 'a=int8', code=4)
    assert 'row 2 (line 3)' in told and 'is no int8' in told and '"a"' in told, told
    table, told = convert(tmp, text, '--type', 'a=int8?')
    assert table.to_pydict() == {'a': [1, None, 3, None, None], 'b': ['x', 'y', 'z', 'w', 'v']}
    assert 'line 7: column "a": "four" is no int8' in told and 'line 8' in told and 'a: 3 became null' in told, told
    table, told = convert(tmp, text, '--type', 'a=int8', '--on-bad-row', 'skip')
    assert table.to_pydict() == {'a': [1, 3], 'b': ['x', 'z']} and '3 left out' in told, told
    table, _ = convert(tmp, text, '--type', 'a=int8', '--on-bad-row', 'null', '--where', 'a IS NULL')
    assert table['b'].to_pylist() == ['y', 'w', 'v']
    # Many: ten are told, all are counted, and the summary has both.
    many = 'a,b\n' + ''.join(f'{i if i % 3 else "bad"},{i}\n' for i in range(200_000))
    table, told = convert(tmp, many, '--type', 'a=int32?', '--summary', f'json={tmp}/s.json')
    summary = json.loads((tmp / 's.json').read_text())['summary']
    assert table['a'].null_count == summary['values_nulled']['a'] == 66_667 and len(summary['bad_rows']) == 10
    assert [row['line'] for row in summary['bad_rows']] == [2 + 3 * i for i in range(10)]
    duck = duckdb.connect()
    duck.execute(f"CREATE TABLE t AS SELECT * FROM read_csv('{tmp}/in.csv', header=true, columns={{'a': 'VARCHAR', 'b': 'BIGINT'}})")
    theirs = duck.sql('SELECT TRY_CAST(a AS INTEGER) a, b FROM t').to_arrow_table()
    assert table.equals(theirs.cast(table.schema))
    assert len(told.splitlines()) == 11 and '66,667 in all' in told, told


@test
def rows_of_other_lengths(tmp):
    text = 'a,b\r\n1,x\r\n2\r\n3,"q,\r\nr",z\r\n\r\n4,"""y"""\r\n5,,,\r\n6,w'
    _, told = convert(tmp, text, code=4)
    assert 'Expected 2 columns' in told and '--on-bad-row skip' in told, told
    for policy in 'skip', 'null':
        table, told = convert(tmp, text, '--on-bad-row', policy)
        assert table.to_pydict() == {'a': [1, 4, 6], 'b': ['x', '"y"', 'w']}, table
        assert 'line 3: 1 fields instead of 2' in told and 'line 4: 3 fields' in told and 'line 8: 4 fields' in told and '3 left out' in told, told
    theirs = duckdb.sql(f"SELECT * FROM read_csv('{tmp}/in.csv', ignore_errors=true, strict_mode=false, header=true, delim=',')").fetchall()
    assert len(theirs) >= 3
    # Lines are those of rows behind rows that were left out, also where both go wrong and where the input is a pipe.
    both = 'a,b\n1,2,3\nbad,2\n3\nworse,4\n5,6\n'
    for more in {}, {'stdin': both.encode()}:
        (tmp / 'in.csv').write_text(both)
        done = expect(0, '--on-bad-row', 'skip', '--type', 'a=int64', *(['--from', 'csv', '-'] if more else [tmp / 'in.csv']), tmp / 'o.arrow', '--force', **more)
        assert read_ipc(tmp / 'o.arrow').to_pydict() == {'a': [5], 'b': [6]}
        for words in b'line 2: 3 fields', b'line 3: column "a": "bad"', b'line 4: 1 fields', b'line 5: column "a": "worse"', b'4 left out':
            assert words in done.stderr, (words, done.stderr)


@test
def quotes_and_times(tmp):
    table, _ = convert(tmp, "a,b\n'x,y',1\n'it''s',2\n\"q\",3\n", '--quote', "'")
    assert table['a'].to_pylist() == ['x,y', "it's", '"q"']
    table, _ = convert(tmp, 'a,b\n"x,1\ny",2\n', '--quote', 'none')
    assert table.to_pydict() == {'a': ['"x', 'y"'], 'b': [1, 2]}
    text = 'when,day,n\n24.12.2026 18:30,20260102,1\n01.02.2026 00:00,20261231,2\n,,\n'
    table, _ = convert(tmp, text, '--timestamp-format', '%d.%m.%Y %H:%M')
    assert table['when'].to_pylist() == [datetime.datetime(2026, 12, 24, 18, 30), datetime.datetime(2026, 2, 1), None]
    assert table.schema.field('day').type == pa.int64()
    table, _ = convert(tmp, text, '--timestamp-format', '%d.%m.%Y %H:%M', '--timestamp-format', '%Y%m%d', '--type', 'when=timestamp[s]')
    assert table.schema.field('when').type == pa.timestamp('s') and table['day'][1].as_py() == datetime.datetime(2026, 12, 31)
    table, _ = convert(tmp, 'when\n24.12.2026\n31.02.2026\n', '--timestamp-format', '%d.%m.%Y')
    assert table['when'].to_pylist() == ['24.12.2026', '31.02.2026']    # the second is none, so it is text
    table, told = convert(tmp, 'when\n24.12.2026\n31.02.2026\n', '--timestamp-format', '%d.%m.%Y', '--type', 'when=timestamp?')
    assert table['when'].to_pylist() == [datetime.datetime(2026, 12, 24), None] and 'line 3' in told
    for args in (['--quote', 'ab'], ['--quote', ''], ['--infer-rows', '0'], ['--infer-rows', 'some'], ['--on-bad-row', 'drop']):
        expect(2 if args[1] else 0, *args, tmp / 'in.csv', tmp / 'x.arrow', '--force')


@test
def rows_in_which_types_are_found(tmp):
    text = 'a\n' + '1\n' * 50 + '2.5\n' + 'x\n'
    for options in ['--infer-rows', '10'], ['--infer-rows', 'all'], []:
        table, _ = convert(tmp, text, *options)
        assert table['a'].to_pylist() == ['1'] * 50 + ['2.5', 'x'], options
    (tmp / 'a.jsonl').write_text('{"a":1}\n' * 3 + '{"a":0.5,"b":2}\n')
    expect(0, tmp / 'a.jsonl', tmp / 'j.arrow', '--infer-rows', 'all')
    assert read_ipc(tmp / 'j.arrow').to_pydict() == {'a': [1, 1, 1, 0.5], 'b': [None, None, None, 2]}


@test
def strict_makes_no_output_of_less(tmp):
    (tmp / 'a.csv').write_text('a,b\n1,2\nx,3\n4\n')
    good = [tmp / 'a.csv', '--on-bad-row', 'skip']
    for options, words in ((['--type', 'a=int64?'], b'values of column "a" would become null'), ([], b'1 rows would be left out')):
        for out in 'x.lance', 'x.csv', 'x.parquet':
            done = expect(1, '--strict', *good, *options, tmp / out)
            assert words in done.stderr and b'--strict' in done.stderr, done.stderr
    done = expect(1, '--strict', '--json', *good, tmp / 'x.lance')
    assert json.loads(done.stderr)['refused'] == ['1 rows would be left out']
    with pa.ipc.new_file(str(tmp / 'v.arrow'), pa.schema([('v', pa.string_view())])) as writer:
        writer.write_table(pa.table({'v': pa.array(['a'], pa.string_view())}))
    assert b'would become string instead of string_view' in expect(1, '--strict', tmp / 'v.arrow', tmp / 'x.lance').stderr
    expect(0, '--strict', FLIGHTS, tmp / 'ok.lance')
    expect(0, '--strict', tmp / 'v.arrow', tmp / 'ok.arrow')
    nothing_left(tmp, 'a.csv', 'v.arrow', 'ok.lance', 'ok.arrow')
    # Types asked for that do not hold all digits of all values.
    noon = datetime.datetime(2026, 11, 21, 12)
    day = datetime.datetime(2026, 11, 21)
    pq.write_table(pa.table({'t': [noon, day, None], 'x': [0.1, 0.5, float('nan')], 'm': [day, None, day]}), tmp / 'p.parquet')
    types = ['--type', 't=date', '--type', 'x=float32', '--type', 'm=date']
    told = expect(1, '--strict', tmp / 'p.parquet', *types, tmp / 'q.arrow').stderr
    assert b'1 values of column "t" would lose digits' in told and b'1 values of column "x"' in told and b'"m"' not in told, told
    summary = json.loads(expect(0, '--json', tmp / 'p.parquet', *types, tmp / 'q.arrow').stderr)['summary']
    assert summary['values_rounded'] == {'t': 1, 'x': 1}, summary
    expect(0, '--strict', tmp / 'p.parquet', '--type', 'm=date', tmp / 'm.arrow')


@test
def whole_numbers_keep_their_digits(tmp):
    # No double is 9007199254740993, wherever it stands among those that are.
    for numbers in (['9007199254740993', '1.5'], ['1.5', '9007199254740993'], ['1.5'] * 200_000 + ['9007199254740993']):
        table, _ = convert(tmp, 'n\n' + '\n'.join(numbers) + '\n', '--strict')
        assert table['n'].to_pylist() == numbers
    table, _ = convert(tmp, 'n,m\n9007199254740993,9007199254740992\n5,1.5\n')
    assert [str(t) for t in table.schema.types] == ['int64', 'double'] and table['m'].to_pylist() == [2.0**53, 1.5]
    assert table['n'].to_pylist() == [9007199254740993, 5]


if __name__ == '__main__':
    sys.exit(main())
