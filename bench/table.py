#!/usr/bin/env python3
"""Makes the README's table of comparison from what compare.py --json wrote.

    table.py FILE                      prints the table
    table.py FILE --update README.md   puts it between the lines <!-- bench --> and <!-- /bench -->; with --changed also what was
                                       measured at a commit with changes, which nobody can check out
    table.py FILE --check README.md    exit status 1 when another one is there
    table.py --self-test

Of several measurements of the same thing the last one counts. A cell says how many times the peer's figure is ours.
"""
import argparse
import json
import pathlib
import re
import statistics
import sys
import textwrap

METRICS = {  # in the order of the rows
    'scan': 'scan, all columns',
    'take1000': 'take 1,000 rows by number',
    'take1': 'take one row',
    'open': 'open, first value',
    'filter': 'filter, 0.1 % of the rows',
    'project10': 'open, 10 columns by name',
    'write': 'write to disk',
    'write-mem': 'write to memory',
    'memory': 'memory of a scan',
    'size': 'size of the table',
    'library': 'size of the library, stripped',
}
PEERS = {  # in the order of the columns
    'pylance-2.2': 'Lance (pylance)', 'pylance-file': 'Lance, single file', 'vortex': 'Vortex', 'parquet-zstd': 'Parquet, zstd',
    'parquet-snappy': 'Parquet, Snappy', 'parquet-dataset': 'Parquet by pyarrow.dataset', 'duckdb-parquet': 'Parquet by DuckDB',
}
CLOCKS = {'seconds': 'wall time', 'cpu': 'CPU time, waiting left out'}
CHANGED = ' with changes'  # what compare.py puts behind a commit
SPOT = re.compile(r'(<!-- bench -->\n).*?(<!-- /bench -->)', re.DOTALL)


class Failure(Exception):
    pass


def load(lines):
    """-> {(data, metric): {peer: measurement}} of what the table shows, tables in their order in the file."""
    rows = {}
    for line in map(json.loads, filter(str.strip, lines)):
        if line.get('metric') in METRICS and line.get('peer') in PEERS:
            rows.setdefault((line['data'], line['metric']), {})[line['peer']] = line
    if not rows:
        raise Failure('no measurement that the table shows')
    order, tables = list(METRICS), list(dict.fromkeys(data for data, metric in rows if metric != 'library')) + ['']
    return dict(sorted(rows.items(), key=lambda row: (tables.index(row[0][0]), order.index(row[0][1]))))


def amount(value, unit):
    if unit == 'bytes':
        return f'{value / 1e6:.1f} MB' if value >= 1e5 else f'{value / 1e3:.1f} KB'
    return f'{value * 1e3:.1f} ms' if value >= 1e-3 else f'{value * 1e6:.1f} µs'


def times(value):
    return f'{value:,.0f}' if value >= 20 else f'{value:.1f}' if value >= 2 else f'{value:.2f}'


def cell(line):
    if line is None:
        return '—'
    if line['low'] == line['high']:
        return f'{times(line["ratio"])}×'
    return f'{times(line["ratio"])}× ({times(line["low"])}–{times(line["high"])}){" ~" if line["noisy"] else ""}'


def several(values):
    return ', '.join(dict.fromkeys(map(str, values)))


def render(rows):
    lines = [line for cells in rows.values() for line in cells.values()]
    peers = [peer for peer in PEERS if any(peer in cells for cells in rows.values())]
    out = ['| table | | lancekit | ' + ' | '.join(PEERS[peer] for peer in peers) + ' |', '|---|---|--:|' + '--:|' * len(peers)]
    shown = None
    for (data, metric), cells in rows.items():
        ours = statistics.median(line['ours'] for line in cells.values())
        unit = next(iter(cells.values()))['unit']
        out.append(f'| {data if data != shown else ""} | {METRICS[metric]} | {amount(ours, unit)} | ' +
                   ' | '.join(cell(cells.get(peer)) for peer in peers) + ' |')
        shown = data
    pairs = [line['pairs'] for line in lines if line['unit'] == 's']
    noise = [line for line in lines if line['noisy']]
    versions = {peer: version for line in lines for peer, version in line['versions'].items() if peer in peers}
    note = ('How many times as long, or as large, as lancekit: the median of the ratios of pairs, in parentheses its 95 % interval'
            + (f'; ~ where the ratios of the pairs spread widely ({len(noise)} of {len(lines)})' if noise else '') + '. '
            f'{several(line["machine"] for line in lines)}, {several(line["cores"] for line in lines)} cores, one thread on one of them; '
            f'commit {several(line["commit"] for line in lines)}, {several(line["date"][:10] for line in lines)}; '
            f'{several(CLOCKS[line["clock"]] for line in lines)}' + (f', {min(pairs)} to {max(pairs)} pairs' if pairs else '') + '; '
            f'lancekit writes {several(line["format"] for line in lines)}. ' + '; '.join(f'{PEERS[peer]}: {versions[peer].partition(",")[0]}' for peer in peers) + '.')
    out += ['', *textwrap.wrap(note, 130)]
    return '\n'.join(out) + '\n'


def put(text, table):
    """-> the text with the table in its place."""
    if len(SPOT.findall(text)) != 1:
        raise Failure('there must be one pair of lines <!-- bench --> and <!-- /bench -->')
    return SPOT.sub(lambda match: match[1] + '\n' + table + '\n' + match[2], text)


def refuse_changes(rows):
    changed = {line['commit'] for cells in rows.values() for line in cells.values() if line['commit'].endswith(CHANGED)}
    if changed:
        raise Failure(f'measured at {several(sorted(changed))}: --changed takes them nevertheless')


def fails(function, *arguments):
    try:
        function(*arguments)
    except Failure:
        return True
    return False


def self_test():
    run = {'date': '2026-01-02T03:04:05+00:00', 'commit': 'abc', 'machine': 'M', 'cores': 2, 'clock': 'cpu', 'format': '2.2',
           'versions': {'vortex': 'vortex 1'}, 'noisy': False}
    scan = {**run, 'data': 't', 'metric': 'scan', 'ours': 0.25, 'peer': 'vortex', 'ratio': 2.5, 'low': 2.04, 'high': 3, 'unit': 's', 'pairs': 5}
    size = {**run, 'data': 't', 'metric': 'size', 'ours': 2e6, 'peer': 'vortex', 'ratio': 1.5, 'low': 1.5, 'high': 1.5, 'unit': 'bytes', 'pairs': 1}
    text = lambda *lines: render(load(map(json.dumps, lines)))
    table = text({**scan, 'ratio': 7}, size, scan, {**scan, 'metric': 'column:x'}, {**scan, 'peer': 'stranger'})
    page = 'a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n'
    cases = {
        'rows': '| t | scan, all columns | 250.0 ms | 2.5× (2.0–3.0) |\n|  | size of the table | 2.0 MB | 1.50× |\n' in table,
        'the last counts': '7.0×' not in table,
        'noise is marked': '3.0) ~ |' in text({**scan, 'noisy': True}) and '1 of 1' in text({**scan, 'noisy': True}).replace('\n', ' ') and '~' not in table,
        'nothing else': 'column:' not in table and table.count('scan') == 1 and 'stranger' not in table,
        'a run says what it is': all(word in table.replace('\n', ' ') for word in ('M, 2 cores', 'commit abc', '2026-01-02', 'CPU time', '5 to 5 pairs', 'vortex 1')),
        'a hole': '| — |' in text(scan, {**size, 'peer': 'parquet-zstd', 'versions': {'parquet-zstd': 'p'}}),
        'put': put(page, 'new\n') == 'a\n<!-- bench -->\n\nnew\n\n<!-- /bench -->\nb\n' and put(put(page, 'x\n'), 'new\n') == put(page, 'new\n'),
        'changes': fails(refuse_changes, load([json.dumps({**scan, 'commit': 'abc with changes'}), json.dumps(size)]))
                   and not fails(refuse_changes, load([json.dumps({**scan, 'commit': 'abc with changes'}), json.dumps(scan)])),
        'no place': fails(put, 'a', 'b') and fails(load, []),
    }
    wrong = [name for name, right in cases.items() if not right]
    print(f'{len(cases)} cases, wrong: {wrong or "none"}')
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', type=pathlib.Path)
    parser.add_argument('--update', type=pathlib.Path, metavar='FILE')
    parser.add_argument('--changed', action='store_true')
    parser.add_argument('--check', type=pathlib.Path, metavar='FILE')
    settings = parser.parse_args()
    try:
        rows = load(settings.results.read_text().splitlines())
        table = render(rows)
        if settings.update:
            if not settings.changed:
                refuse_changes(rows)
            settings.update.write_text(put(settings.update.read_text(), table))
        elif settings.check:
            text = settings.check.read_text()
            if put(text, table) != text:
                print(f'table.py: the table in {settings.check} is not that of {settings.results}: --update writes it', file=sys.stderr)
                return 1
        else:
            print(table, end='')
    except Failure as failure:
        print(f'table.py: {failure}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
