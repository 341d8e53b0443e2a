#!/usr/bin/env python3
"""End-to-end checks of --trace: valid trace-event JSON, spans that nest, sums that agree with --stats.

    trace_e2e.py LANCE-INSPECT LANCE-INDEX LANCE-CONVERT
"""
import collections
import decimal
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import pyarrow
import pyarrow.parquet

FLIGHTS = pathlib.Path(__file__).parent / 'data/flights-25k.parquet'
FILE = pathlib.Path(__file__).parent / 'data/strings-2.1.lance'
NAMES = ['plain', 'a "quoted" \\ name', 'line\nbreak\x01\x7f', 'größe \U0001F600']


def check(condition, message):
    if not condition:
        raise SystemExit(f'FAILED: {message}')


def run(*command, code=0, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(('LANCEKIT_', 'XDG_CONFIG'))}
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                          env={**clean, 'HOME': '/nonexistent', **environment})
    check(done.returncode == code, f'{command}: exit code {done.returncode}, not {code}: {done.stderr[-500:]}')
    return done


def counters(path):
    """-> the metrics that --stats wrote."""
    return {line.split()[0].removeprefix('lancekit_'): decimal.Decimal(line.split()[1]) for line in path.read_text().splitlines() if line[0] != '#'}


class Trace:
    """A trace that has been checked against the format: chrome's "Trace Event Format", JSON object form."""

    def __init__(self, path):
        document = json.loads(path.read_bytes().decode('utf-8'), parse_float=decimal.Decimal)
        check(set(document) == {'displayTimeUnit', 'traceEvents', 'otherData'} and document['displayTimeUnit'] == 'ms', list(document))
        self.dropped = int(document['otherData']['dropped_spans'])
        self.spans, self.samples, self.threads = [], [], {}
        for event in document['traceEvents']:
            check(isinstance(event['name'], str) and isinstance(event['args'], dict), event)
            check(all(isinstance(event[key], int) and event[key] >= 0 for key in ('pid', 'tid')), event)
            if event['ph'] == 'M':
                check(event['name'] in ('process_name', 'thread_name') and event['args']['name'], event)
                if event['name'] == 'thread_name':
                    self.threads[event['tid']] = event['args']['name']
                continue
            check(event['ts'] >= 0, event)
            if event['ph'] == 'C':
                check(event['args'] and all(isinstance(value, int) for value in event['args'].values()), event)
                self.samples.append(event)
            else:
                check(event['ph'] == 'X' and event['cat'] and event['dur'] >= 0, event)
                self.spans.append(event)
        check(len({event['pid'] for event in document['traceEvents']}) == 1, 'one process')
        check({event['tid'] for event in self.spans} <= set(self.threads), 'every thread has a name')
        self.check_nesting()

    def check_nesting(self):
        """No two spans of a thread overlap in part; each span learns its parent. A parent comes before its children."""
        open_spans = collections.defaultdict(list)
        for span in self.spans:
            stack = open_spans[span['tid']]
            while stack and stack[-1]['ts'] + stack[-1]['dur'] <= span['ts'] and not (span['dur'] == 0 and stack[-1]['ts'] == span['ts']):
                stack.pop()
            check(not stack or span['ts'] + span['dur'] <= stack[-1]['ts'] + stack[-1]['dur'], f'{span} overlaps {stack[-1:]}')
            check(not stack or span['ts'] >= stack[-1]['ts'], f'{span} comes after {stack[-1:]}')
            span['parent'] = stack[-1] if stack else None
            stack.append(span)

    def named(self, name):
        return [span for span in self.spans if span['name'] == name]

    def sum(self, name, key):
        return sum(span['args'][key] for span in self.named(name))

    def seconds(self, name):
        return sum(span['dur'] for span in self.named(name)) / 1_000_000

    def bytes_read(self):
        """Of the outermost spans, whose children's bytes are among theirs."""
        return sum(span['args'].get('bytes_read', 0) for span in self.spans if span['parent'] is None)


def traced(folder, *command, **environment):
    trace, stats = folder / 'trace.json', folder / 'stats.txt'
    trace.unlink(missing_ok=True)
    run(*command, '--trace', trace, f'--stats={stats}', **environment)
    return Trace(trace), counters(stats)


def pages_of(inspect, table):
    """-> {(column, page): rows}."""
    document = json.loads(run(inspect, 'pages', table, '--json').stdout)
    return {(page['column'], page['page']): page['rows'] for page in document['pages']}


def check_write(convert, folder, source, table, threads):
    trace, stats = traced(folder, convert, source, table, '-j', threads)
    encoded = trace.named('encode page')
    check(trace.seconds('encode page') == stats['encode_seconds_total'], f"{trace.seconds('encode page')} {stats}")
    check(trace.sum('write page', 'bytes') == stats['written_bytes_total'] == trace.sum('encode page', 'bytes_out'), stats)
    check(len(trace.named('write page')) == stats['pages_written_total'] == len(encoded), stats)
    for name in ('append', 'input', 'publish file', 'publish version', 'hashes', 'statistics'):
        check(trace.named(name), f'no "{name}" in a write')
    check(all(span['parent']['name'] == 'encode page' for span in trace.named('hashes')), 'hashes are made where pages are')
    check(trace.samples and trace.samples[-1]['args'], 'a write has samples')
    return {(span['args']['column'], span['args']['page']): span['args']['rows'] for span in encoded}, trace


def check_scan(inspect, folder, table, threads, io, pages):
    trace, stats = traced(folder, inspect, 'cat', table, '-o', folder / 'rows.txt', '-j', threads, '--io', io)
    check(trace.seconds('batch') == stats['decode_seconds_total'], f"{trace.seconds('batch')} {stats}")
    check(trace.sum('batch', 'rows') == stats['rows_scanned_total'], stats)
    check(trace.bytes_read() == stats['read_bytes_total'], f"{trace.bytes_read()} {stats['read_bytes_total']}")
    check(len(trace.named('open page')) == stats['pages_opened_total'], stats)
    read = collections.Counter()
    for span in trace.named('decode'):
        read[span['args']['column'], span['args']['page']] += span['args']['rows']
        check(span['parent']['name'] == 'batch' and span['args']['encoding'], span)
    check(read == pages, f'{read} of {pages}')
    # What the system was asked for: none where files are mapped.
    check(trace.sum('read', 'bytes') == stats['io_bytes_total'] and (stats['io_bytes_total'] > 0) == (io != 'map'), stats)
    for name in ('open', 'footer', 'column metadata', 'manifest', 'check hashes'):
        check(trace.named(name), f'no "{name}" in a scan')
    check(len(trace.threads) <= threads, trace.threads)  # a batch may be read by the one who waits for it


def check_rows(inspect, folder, table):
    trace, stats = traced(folder, inspect, 'take', '0,17,-1', table)
    check(trace.seconds('take') == stats['decode_seconds_total'] and trace.sum('take', 'rows') == stats['rows_taken_total'] == 3, stats)
    check(all(span['parent']['name'] == 'take' for span in trace.named('decode')), 'pages are decoded in takes')
    trace, stats = traced(folder, inspect, 'take', '0', FILE)
    check(trace.bytes_read() == stats['read_bytes_total'] and trace.named('schema'), stats)
    trace, stats = traced(folder, inspect, 'count', '--where', 'delay > 300', table)
    matched = int(run(inspect, 'count', '--where', 'delay > 300', table).stdout)
    check(trace.sum('filter', 'matches') == matched and trace.named('prune'), matched)


def check_names(inspect, convert, folder):
    """Names of columns arrive as they are."""
    source, table = folder / 'names.parquet', folder / 'names.lance'
    pyarrow.parquet.write_table(pyarrow.table({name: list(range(1000)) for name in NAMES}), source)
    pages, _ = check_write(convert, folder, source, table, 1)
    check({name for name, _ in pages} == set(NAMES), pages)
    check(pages == pages_of(inspect, table), pages)


def check_off_and_errors(inspect, convert, folder, table):
    before = set(folder.iterdir())
    run(inspect, 'cat', table)
    check(set(folder.iterdir()) == before, 'without --trace nothing is written')
    failed = run(inspect, 'info', table, '--trace', folder / 'missing/trace.json', code=6)
    check(b'missing/trace.json' in failed.stderr and b'cannot create' in failed.stderr, failed.stderr)
    failed = run(convert, table, folder / 'kept.lance', '--trace', folder / 'missing/trace.json', code=6)
    check(b'missing/trace.json' in failed.stderr and (folder / 'kept.lance').exists(), 'the output stays')
    if os.path.exists('/dev/full'):
        check(b'No space' in run(inspect, 'info', table, '--trace', '/dev/full', code=6).stderr, 'a full disk is told')
    # What was done until it failed.
    path = folder / 'failed.json'
    run(inspect, 'head', table, '-c', 'none', '--trace', path, code=2)
    check(Trace(path).named('open'), 'a run that failed has a trace')
    check(not [name for name in os.listdir(folder) if '.tmp' in name], 'temporary files')


def main():
    inspect, index, convert = map(pathlib.Path, sys.argv[1:4])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for threads in (1, 4):
            table = folder / f'flights-{threads}.lance'
            pages, _ = check_write(convert, folder, FLIGHTS, table, threads)
            check(pages == pages_of(inspect, table), pages)
            for io in ('map', 'read', 'uring'):
                check_scan(inspect, folder, table, threads, io, pages)
        check_rows(inspect, folder, table)
        check_names(inspect, convert, folder)
        check_off_and_errors(inspect, convert, folder, table)
        vectors = folder / 'vectors.parquet'
        numbers = numpy.random.default_rng(1).random((500, 8), numpy.float32)
        pyarrow.parquet.write_table(pyarrow.table({'v': pyarrow.FixedSizeListArray.from_arrays(numbers.ravel(), 8)}), vectors)
        run(convert, vectors, folder / 'vectors.lance')
        trace, _ = traced(folder, index, 'build', folder / 'vectors.lance', '-c', 'v')
        check(trace.sum('link vectors', 'vectors') == 500 and trace.named('write index'), [span['name'] for span in trace.spans])
        trace, _ = traced(folder, index, 'search', folder / 'vectors.lance', 'row:3')
        check(len(trace.named('search')) == 1, [span['name'] for span in trace.spans])
    print('trace_e2e: passed')


if __name__ == '__main__':
    main()
