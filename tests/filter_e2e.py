#!/usr/bin/env python3
"""--where of both programs and stats against DuckDB, on real flights: counts, rows, what --explain says, how bad filters are refused.

    filter_e2e.py LANCE_INSPECT LANCE_CONVERT

Needs pyarrow, duckdb and pylance. Takes all flights when ../shared/data has them, beside the 25,000 in tests/data.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import duckdb
import lance
import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
SMALL = HERE / 'data' / 'flights-25k.parquet'
LARGE = HERE.parent.parent / 'shared' / 'data' / 'flights-3m.parquet'
INSPECT, CONVERT = sys.argv[1:]
# The same text for both; where lancekit's grammar differs, DuckDB's comes second.
FILTERS = [
    'delay > 100', 'delay >= 100 AND delay < 102', 'delay = 0', 'delay <> 0', 'NOT delay <> 7', 'delay < -1000000', 'delay BETWEEN -5 AND 5',
    'delay NOT BETWEEN -60 AND 600', 'delay IN (1, 2, 3, 99999)', 'delay NOT IN (0, 1)', ('delay > 99.5', 'delay > 99'), ('60 < delay', 'delay > 60'),
    'delay IN (1, NULL)', 'delay NOT IN (1, NULL)', 'delay = NULL', 'delay IS NULL', 'delay IS NOT NULL', 'distance > 2500 OR delay > 500',
    "origin = 'SFO'", "origin <> 'SFO'", "origin < 'B'", "origin >= 'Y'", "origin LIKE 'S%'", "origin LIKE '%A'", "origin LIKE '_A_'", "origin NOT LIKE '%A%'",
    "origin IN ('LAX', 'JFK', 'ZZZ')", "origin = ''", "origin > 'ZZZZ'", "origin = 'SFO' AND destination = 'LAX'", "(origin = 'SFO' OR destination = 'SFO') AND delay > 60",
    "NOT (origin LIKE 'S%' AND delay < 0)", "date >= '2001-01-02'", "date < DATE '2001-01-02'", "date BETWEEN '2001-01-02 08:00:00' AND '2001-01-02 09:00:00'",
    "date = TIMESTAMP '2001-01-01 00:01:00'", "date > '2030-01-01'", "date >= '2001-03-01' AND date < '2001-03-02' AND origin = 'ATL'",
    "date < '1900-01-01' OR distance = 2176", "distance BETWEEN 2170 AND 2180 AND delay IS NOT NULL AND origin >= 'L'", 'TRUE', 'FALSE', 'NOT (delay > 0 OR delay <= 0)']
checks, failures = 0, []


def check(what, holds):
    global checks
    checks += 1
    if not holds:
        failures.append(what)
        print('FAILED', what)


def run(program, *arguments, code=0):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=300)
    check(f'{arguments}: exit code {done.returncode}, not {code}: {done.stderr.decode()[:500]}', done.returncode == code)
    return done


def texts(condition):
    return (condition, condition) if isinstance(condition, str) else condition


def compare(database, path, table, convert_too):
    """Counts of all filters, rows of some."""
    for i, condition in enumerate(FILTERS):
        ours, sql = texts(condition)
        expected = database.sql(f'SELECT count(*) FROM {table} WHERE {sql}').fetchall()[0][0]
        found = run(INSPECT, 'count', path, '--where', ours).stdout
        check(f'{path.name}: {expected} rows of {ours}, not {found}', found == f'{expected}\n'.encode())
        if not convert_too or i % 4:
            continue
        rows = database.sql(f'SELECT * FROM {table} WHERE {sql}').to_arrow_table()
        check(f'{path.name}: rows of {ours}', converted(path, '--where', ours).to_pylist() == rows.to_pylist())


def converted(*arguments):
    done = run(CONVERT, '-q', *arguments, '--to', 'arrow', '-')
    return pa.ipc.open_stream(done.stdout).read_all() if done.stdout else pa.table({})


def check_sources(database, folder):
    """Every format has filters, and several inputs together."""
    condition = "delay > 30 AND (origin LIKE 'S%' OR destination = 'JFK')"
    expected = database.sql(f'SELECT * FROM small WHERE {condition}').to_arrow_table().to_pylist()
    without_dates = lambda rows: [{name: value for name, value in row.items() if name != 'date'} for row in rows]   # text in JSON
    for name in ('flights.lance', 'flights.parquet', 'flights.arrow', 'flights.csv', 'flights.jsonl'):
        path = folder / name
        if not path.exists():
            run(CONVERT, '-q', SMALL, path)
        check(f'{name}: rows', without_dates(converted(path, '--where', condition).to_pylist()) == without_dates(expected))
        check(f'{name}: other columns', converted(path, '--where', condition, '-c', 'distance').to_pylist() == [{'distance': row['distance']} for row in expected])
        check(f'{name}: skip and limit', without_dates(converted(path, '--where', condition, '--skip', 10, '--limit', 5).to_pylist()) ==
              without_dates(expected[10:15]))
    both = [folder / 'flights.lance', folder / 'flights.parquet']
    check('two inputs', converted(*both, '--where', condition).to_pylist() == expected * 2)
    narrow = folder / 'narrow.lance'
    run(CONVERT, '-q', '-c', 'delay,origin', SMALL, narrow)
    nulls = [{**dict.fromkeys(expected[0]), 'delay': delay, 'origin': origin} for delay, origin in database.sql(
        "SELECT delay, origin FROM small WHERE delay > 30 AND origin LIKE 'S%'").fetchall()]
    check('a union lacks columns', converted(folder / 'flights.lance', narrow, '--schema-mode', 'union', '--where', condition).to_pylist() == expected + nulls)
    run(CONVERT, '-q', folder / 'flights.lance', folder / 'bad.lance', '--where', 'delay >', code=2)
    run(CONVERT, '-q', folder / 'flights.csv', folder / 'bad.lance', '--where', 'delya > 1', code=2)
    check('nothing of a bad filter is left', not (folder / 'bad.lance').exists())


def check_rows(database, path):
    """head, tail and cat."""
    condition = 'delay > 100 AND distance < 500'
    rows = [str(delay) for delay, in database.sql(f'SELECT delay FROM small WHERE {condition}').fetchall()]
    lines = lambda command, *more: run(INSPECT, command, path, '-c', 'delay', '--where', condition, *more).stdout.decode().splitlines()[1:]
    check('cat', lines('cat') == rows)
    check('head', lines('head', '-n', 7) == rows[:7])
    check('tail', lines('tail', '-n', 7) == rows[-7:])
    check('tail of few', lines('tail', '-n', 1_000_000) == rows)
    check('no rows', run(INSPECT, 'cat', path, '--where', 'FALSE', '-f', 'jsonl').stdout == b'')
    document = json.loads(run(INSPECT, 'count', path, '--where', condition, '--json').stdout)
    check('count as JSON', document['rows'] == len(rows))


def check_explain(path):
    """Zone maps leave little to compare where the rows are sorted."""
    done = run(INSPECT, 'count', path, '--where', "date < '2001-01-01 06:00:00'", '--explain', '--json')
    told = json.loads(done.stderr)['explain']
    check(f'zones kept: {told}', 0 < told['zones_kept'] < told['zones'])
    check(f'rows compared: {told}', told['rows_matched'] <= told['rows_compared'] < 25_000)
    check(f'rows matched: {told}', told['rows_matched'] == json.loads(done.stdout)['rows'])
    text = run(INSPECT, 'head', path, '--where', 'delay > 10', '--explain').stderr.decode()
    check(f'--explain: {text}', [line.split()[0] for line in text.splitlines()] == ['filter', 'fragments', 'pages', 'zones', 'rows', 'read'])
    run(INSPECT, 'count', path, '--explain', code=2)
    done = run(CONVERT, '-q', path, '--where', "date < '2001-01-01 06:00:00'", '-c', 'date', '--explain', '--json', '--to', 'arrow', '-')
    other = json.loads(done.stderr)['explain']
    check(f'of convert: {other}', {**other, 'bytes_read': told['bytes_read']} == told)
    done = run(CONVERT, '-q', SMALL, path, '--where', 'delay > 1000', '--explain', '--to', 'arrow', '-')
    rows = pa.ipc.open_stream(done.stdout).read_all().num_rows
    lines = dict(line.split(maxsplit=1) for line in done.stderr.decode().splitlines())
    check(f'of two inputs: {lines}', lines['rows'].endswith(f', {rows} matched') and lines['fragments'] == '1 of 1 kept')
    run(CONVERT, '-q', path, '-', '--to', 'csv', '--explain', code=2)


def check_stats(database, path):
    """From zone maps without reading values, and from all values: the same, and DuckDB's."""
    names = ['date', 'delay', 'distance', 'origin', 'destination']
    for arguments, source in (((), 'zone maps'), (('--scan',), 'scan')):
        document = json.loads(run(INSPECT, 'stats', path, '--json', *arguments).stdout)
        check(f'{source}: bytes read: {document["bytes_scanned"]}', (document['bytes_scanned'] == 0) == (source == 'zone maps'))
        for name, told in zip(names, document['columns'], strict=True):
            rows, nulls, least, greatest, distinct = database.sql(
                f'SELECT count(*), count(*) - count({name}), min({name}), max({name}), count(DISTINCT {name}) FROM small').fetchall()[0]
            bounds = [f'{value.isoformat()}.000000' for value in (least, greatest)] if name == 'date' else [least, greatest]
            check(f'{source}: {told}', [told[key] for key in ('column', 'rows', 'nulls', 'min', 'max', 'from')] == [name, rows, nulls, *bounds, source])
            if source == 'scan':
                check(f'{distinct} distinct values: {told}', abs(told['distinct_estimate'] - distinct) <= 0.07 * distinct)
            if source == 'scan' and name == 'origin':
                check(f'lengths: {told}', [told[f'length_{key}'] for key in ('min', 'mean', 'max')] == [3, 3.0, 3])
    long = path.parent / 'long.lance'
    with open(path.parent / 'long.csv', 'w') as file:
        file.write('text\n' + ''.join('x' * 80 + f'{i}\n' for i in range(10)))
    run(CONVERT, '-q', path.parent / 'long.csv', long)
    told = json.loads(run(INSPECT, 'stats', long, '--json').stdout)['columns'][0]
    check(f'cut bounds: {told}', told['min'] == 'x' * 64 and told['max'] == 'x' * 63 + 'y' and not told['min_is_exact'] and not told['max_is_exact'])
    check('cut bounds as text', ('x' * 64 + '…').encode() in run(INSPECT, 'stats', long).stdout)
    told = json.loads(run(INSPECT, 'stats', long, '--json', '--scan').stdout)['columns'][0]
    check(f'whole bounds: {told}', told['max'] == 'x' * 80 + '9' and told['max_is_exact'])
    run(INSPECT, 'stats', path, '-c', 'dlay', code=2)


def check_lint(path):
    """Advice on the many small files of pylance, none on a small dataset of ours."""
    check('nothing to advise', json.loads(run(INSPECT, 'lint', path, '--json').stdout)['advice'] == [])
    theirs, table = str(path.parent / 'theirs.lance'), pq.read_table(SMALL)
    for start in range(0, 20_000, 2000):
        lance.write_dataset(table.slice(start, 2000), theirs, mode='append' if start else 'create', data_storage_version='2.0')
    lance.dataset(theirs).delete('delay > 0')
    about = {row['about'] for row in json.loads(run(INSPECT, 'lint', theirs, '--json').stdout)['advice']}
    check(f'advice: {about}', about == {'small fragments', 'deleted rows', 'no statistics', 'old version'})
    noise = path.parent / 'noise.lance'
    values = pa.table({'noise': np.random.default_rng(1).random(3_000_000)})
    lance.write_dataset(values, noise, max_rows_per_file=3_000_000, data_storage_version='2.1')
    about = {(row['about'], row['column']) for row in json.loads(run(INSPECT, 'lint', noise, '--json').stdout)['advice']}
    check(f'advice on noise: {about}', about == {('uncompressed', 'noise'), ('no statistics', None)})


def check_blooms(folder):
    """Ids in no order: zone maps keep every page, Bloom filters leave out those of ids that are not there."""
    rng = np.random.default_rng(9)
    ids = [row.tobytes().hex() for row in rng.integers(0, 256, (200_000, 16), dtype=np.uint8)]
    table = pa.table({'id': ids, 'deep': pa.StructArray.from_arrays([pa.array(np.arange(200_000) * 2)], ['er:2'])})
    pq.write_table(table, folder / 'ids.parquet')
    run(CONVERT, '-q', folder / 'ids.parquet', folder / 'plain.lance', '--max-rows-per-file', 10_000)
    run(CONVERT, '-q', folder / 'ids.parquet', folder / 'keyed.lance', '--max-rows-per-file', 10_000, '--bloom', 'id:16', '--bloom', 'deep.er:2:9')
    check('pylance reads it', lance.dataset(folder / 'keyed.lance').to_table().equals(table))
    run(INSPECT, 'verify', folder / 'keyed.lance', '--full')

    def explain(name, condition):
        done = run(INSPECT, 'count', folder / name, '--where', condition, '--explain', '--json')
        return json.loads(done.stdout)['rows'], json.loads(done.stderr)['explain']
    for condition, rows, pages in ((f"id = '{ids[77]}'", 1, 1), ("id = '5'", 0, 0), (f"id IN ('{ids[5]}', '{ids[-1]}', '5')", 2, 2), (f"NOT id <> '{ids[9]}'", 1, 1)):
        found, told = explain('keyed.lance', condition)
        check(f'{condition}: {found} rows, {told}', found == rows and pages <= told['pages_kept'] <= pages + 1 and told['pages_kept'] + told['pages_skipped_by_bloom'] == told['pages'] == 20)
        found, plain = explain('plain.lance', condition)
        check(f'{condition}: {found} rows, {plain}', found == rows and plain['pages_kept'] == 20 and plain['pages_skipped_by_bloom'] == 0)
        check(f'{condition}: {told["bytes_read"]} of {plain["bytes_read"]} bytes', told['bytes_read'] < plain['bytes_read'] / 3)
    check('odd numbers', explain('keyed.lance', '"deep"."er:2" IN (20001, 20003)')[1]['pages_skipped_by_bloom'] == 1)
    text = run(INSPECT, 'head', folder / 'keyed.lance', '--where', "id = '5'", '--explain').stderr.decode()
    check(f'--explain: {text}', 'pages      0 of 20 kept, 20 left out by Bloom filters' in text)
    told = json.loads(run(INSPECT, 'stats', folder / 'keyed.lance', '--json').stdout)['columns']
    check(f'bytes: {told}', told[0]['bloom_bytes'] >= 200_000 * 16 / 8 and told[1]['bloom_bytes'] < told[0]['bloom_bytes'])
    told = json.loads(run(INSPECT, 'stats', folder / 'plain.lance', '--json').stdout)['columns']
    check(f'no bytes: {told}', told[0]['bloom_bytes'] is None)
    check('a title', b'Bloom' in run(INSPECT, 'stats', folder / 'keyed.lance', '-f', 'table').stdout and b'Bloom' not in run(INSPECT, 'stats', folder / 'plain.lance', '-f', 'table').stdout)


def check_refusals(path):
    text = run(INSPECT, 'count', path, '--where', "delay > > 3", code=2).stderr.decode()
    check(f'a caret below the second ">": {text}', '  delay > > 3\n          ^\n' in text)
    text = run(INSPECT, 'count', path, '--where', "żółw = 'ż' AND", code=2).stderr.decode()
    check(f'characters count, not bytes: {text}', "  żółw = 'ż' AND\n                ^\n" in text)
    text = run(INSPECT, 'count', path, '--where', 'dlay > 3', code=2).stderr.decode()
    check(f'the column meant: {text}', '"delay"' in text)
    run(INSPECT, 'count', path, '--where', "delay > 'x'", code=2)
    run(INSPECT, 'sample', path, '--where', 'delay > 3', code=2)
    error = json.loads(run(INSPECT, 'count', path, '--where', 'delay >', '--json', code=2).stderr)['error']
    check(f'JSON: {error}', error['code'] == 'invalid_argument' and 'column 8' in error['message'])


def main():
    database = duckdb.connect()
    with tempfile.TemporaryDirectory(prefix='lancekit_filter_') as name:
        folder = pathlib.Path(name)
        for table, source in (('small', SMALL), ('large', LARGE)):
            if not source.exists():
                continue
            database.execute(f"CREATE VIEW {table} AS SELECT * FROM '{source}'")
            path = folder / f'{table}.lance'
            run(CONVERT, '-q', source, path)
            compare(database, path, table, table == 'small')
        small = folder / 'small.lance'
        small.rename(folder / 'flights.lance')
        check_sources(database, folder)
        check_rows(database, folder / 'flights.lance')
        check_explain(folder / 'flights.lance')
        check_refusals(folder / 'flights.lance')
        check_stats(database, folder / 'flights.lance')
        check_blooms(folder)
        check_lint(folder / 'flights.lance')
    print(f'{checks} checks, {len(failures)} failed')
    sys.exit(1 if failures else 0)


if __name__ == '__main__':
    main()
