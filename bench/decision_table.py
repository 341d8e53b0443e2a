#!/usr/bin/env python3
"""Whether a small table of decisions would choose encodings better than trying the candidates on a sample, which the writer does.

usage: decision_table.py [--tables flights,lineitem,orders,small] [--rows N] [--depth D] [--json FILE]

Each column of numbers is cut into slices. For each slice every candidate of X1 `balanced` is written on all of its values; what it
costs is its bytes times its factor, as the writer weighs it. A tree of questions about cheap properties of the values is trained to
name the candidate; it is judged on tables that it was not trained on. Told is by how much the choice of either costs more than
the best candidate. decision_table.json holds the last result that was kept.
"""
import argparse
import json
import os
import platform
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import tables

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.join(ROOT, 'build', 'release')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'interop'))
from lancekit_bridge import Lancekit, LancekitError  # noqa: E402

TREE = b'lance-encoding:tree'


def columns_of(name, cache, data):
    """-> {column: array} of one name of --tables."""
    if name == 'small':
        found = {}
        for file in ('zipcodes.csv', 'birdstrikes.csv'):
            path = os.path.join(data, file)
            if os.path.exists(path):
                table = pa.csv.read_csv(path)
                found.update({f'{file}:{c}': table[c].combine_chunks() for c in table.schema.names})
        return found
    table = pq.read_table(tables.prepare(name, cache, data))
    return {c: table[c].combine_chunks() for c in table.schema.names}


def is_number(t):
    return pa.types.is_integer(t) or pa.types.is_floating(t) and t != pa.float16() or pa.types.is_temporal(t) or pa.types.is_decimal(t)


def integers(array):
    """The stored numbers as int64: unscaled decimals, bits of floats; nulls as the writer fills them do not matter here."""
    array = array.drop_null()
    t = array.type
    if pa.types.is_decimal(t):
        return np.frombuffer(array.buffers()[1], np.int64)[::t.byte_width // 8][array.offset:array.offset + len(array)]
    width = t.bit_width // 8
    values = np.frombuffer(array.buffers()[1], {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}[width])
    return values[array.offset:array.offset + len(array)].astype(np.int64)


def bits(number):
    return int(number).bit_length()


def features(array):
    """Cheap properties of the values, all of them shares or bits."""
    v = integers(array)
    if len(v) < 2:
        return None
    with np.errstate(over='ignore'):
        steps = np.diff(v)
        centred = np.abs(steps - np.median(steps).astype(np.int64))
    sample = v[:: max(1, len(v) // 1024)]
    low, high = int(v.min()), int(v.max())
    spread = np.sort(v)[int(len(v) * 0.99)] - np.sort(v)[int(len(v) * 0.01)]
    counts = np.unique(v & 0xff, return_counts=True)[1] / len(v)
    values, times = np.unique(steps, return_counts=True)
    return {
        'bits of the range': bits(high - low),
        'bits of 98 % of the range': bits(int(spread)),
        'bits of a value': array.type.bit_width,
        'bits of the steps': bits(int(steps.max()) - int(steps.min())),
        'bits of 98 % of the steps': bits(int(np.quantile(centred, 0.98))),
        'share of equal neighbours': float((steps == 0).mean()),
        'share of the commonest step': float(times.max() / len(steps)),
        'share of ascending steps': float((steps >= 0).mean()),
        'share of distinct values': len(np.unique(sample)) / len(sample),
        'entropy of the low byte': float(-(counts * np.log2(counts)).sum()),
        'is floating point': float(pa.types.is_floating(array.type)),
    }


class Sizes:
    def __init__(self):
        self.lancekit = Lancekit(os.path.join(BUILD, 'tests', 'interop', 'liblancekit_bridge.so'))
        self.inspect = os.path.join(BUILD, 'tools', 'lance-inspect', 'lance-inspect')
        self.path = f'/dev/shm/decision_table-{os.getpid()}.lance'

    def write(self, array, tree=None):
        field = pa.field('c', array.type, metadata={TREE: tree.encode()} if tree else None)
        self.lancekit.write(self.path, pa.table([array], schema=pa.schema([field])), version='x1', single_file=True, statistics=False)
        return os.path.getsize(self.path)

    def costs(self, array):
        """-> ({candidate: cost}, what the writer chooses), or nothing where it takes a dictionary or a constant page."""
        self.write(array)
        run = subprocess.run([self.inspect, 'encoding', '--why', '--preset', 'balanced', '-f', 'json', self.path], check=True, capture_output=True)
        page = json.loads(run.stdout)['columns'][0]
        trials = {t['encoding']: t['cost'] for t in page.get('trials', []) if not t['encoding'].startswith('dictionary')}
        costs = {}
        for tree, factor in trials.items():
            try:
                costs[tree] = factor * self.write(array, tree)
            except LancekitError:
                pass
        os.unlink(self.path)
        return (costs, page['chosen']) if page['chosen'] in costs else None


def train(samples, names, depth):
    """-> a tree: either the name of a candidate or (feature, limit, below, above)."""
    def total(part, candidate):
        return sum(s['regret'].get(candidate, s['worst']) for s in part)

    candidates = {c for s in samples for c in s['regret']}
    best = min(sorted(candidates), key=lambda c: total(samples, c))
    if depth == 0 or len(samples) < 4:
        return best
    found, least = None, total(samples, best) - 1e-9
    for name in names:
        for limit in sorted({s['features'][name] for s in samples})[1:]:
            parts = [s for s in samples if s['features'][name] < limit], [s for s in samples if s['features'][name] >= limit]
            if min(map(len, parts)) < 2:
                continue
            sum_of_best = sum(min(total(part, c) for c in candidates) for part in parts)
            if sum_of_best < least:
                least, found = sum_of_best, (name, limit, parts)
    if found is None:
        return best
    name, limit, parts = found
    return name, limit, train(parts[0], names, depth - 1), train(parts[1], names, depth - 1)


def decide(tree, values):
    while not isinstance(tree, str):
        name, limit, below, above = tree
        tree = below if values[name] < limit else above
    return tree


def show(tree, indent=0):
    pad = '  ' * indent
    if isinstance(tree, str):
        return [f'{pad}{tree}']
    name, limit, below, above = tree
    return [f'{pad}{name} < {limit:.4g}:'] + show(below, indent + 1) + [f'{pad}else:'] + show(above, indent + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--tables', default='flights,lineitem,orders,small')
    parser.add_argument('--rows', type=int, default=250_000, help='of a slice')
    parser.add_argument('--slices', type=int, default=3, help='of a column')
    parser.add_argument('--depth', type=int, default=4)
    parser.add_argument('--cache', default=os.path.join(ROOT, 'build', 'bench-data'))
    parser.add_argument('--data', default=os.path.join(ROOT, '..', 'shared', 'data'))
    parser.add_argument('--json', help='where the result goes')
    arguments = parser.parse_args()
    sizes, samples = Sizes(), []
    for table in arguments.tables.split(','):
        for name, array in columns_of(table, arguments.cache, arguments.data).items():
            if not is_number(array.type):
                continue
            starts = sorted({int(f * max(0, len(array) - arguments.rows)) for f in np.linspace(0, 1, arguments.slices)})
            for start in starts:
                part = array.slice(start, arguments.rows)
                described, weighed = features(part), sizes.costs(part)
                if described is None or weighed is None:
                    continue
                costs, chosen = weighed
                least = min(costs.values())
                regret = {c: cost / least - 1 for c, cost in costs.items()}
                samples.append({'table': table, 'column': name, 'features': described, 'regret': regret, 'chosen': regret[chosen],
                                'worst': max(regret.values()), 'best': min(costs, key=costs.get)})
        print(f'{table}: {sum(s["table"] == table for s in samples)} slices', flush=True)
    names = list(samples[0]['features'])
    by_table = []
    for table in sorted({s['table'] for s in samples}):
        tree = train([s for s in samples if s['table'] != table], names, arguments.depth)
        for s in samples:
            if s['table'] == table:
                s['table_regret'] = s['regret'].get(decide(tree, s['features']), s['worst'])
        part = [s for s in samples if s['table'] == table]
        by_table.append({'table': table, 'slices': len(part), 'sampling': float(np.mean([s['chosen'] for s in part])),
                         'decision_table': float(np.mean([s['table_regret'] for s in part]))})
    tree = train(samples, names, arguments.depth)
    total = lambda key: {'mean': float(np.mean([s[key] for s in samples])), 'worst': float(max(s[key] for s in samples))}
    result = {
        'commit': subprocess.run(['git', '-C', ROOT, 'describe', '--always', '--dirty'], capture_output=True, text=True).stdout.strip(),
        'machine': platform.processor() or platform.machine(), 'slices': len(samples), 'rows': arguments.rows,
        'sampling': total('chosen'), 'decision_table': total('table_regret'),
        'decision_table_trained_on_all': float(np.mean([s['regret'].get(decide(tree, s['features']), s['worst']) for s in samples])),
        'by_table': by_table, 'rules': show(tree),
        'best': {c: sum(s['best'] == c for s in samples) for c in sorted({s['best'] for s in samples})},
    }
    print('\n'.join(result['rules']))
    for row in by_table:
        print(f'{row["table"]}: {row["slices"]} slices, above the best: sampling {row["sampling"]:.2%}, decision table {row["decision_table"]:.2%}')
    print(f'all: sampling {result["sampling"]["mean"]:.2%} (worst {result["sampling"]["worst"]:.1%}), decision table '
          f'{result["decision_table"]["mean"]:.2%} (worst {result["decision_table"]["worst"]:.1%}); trained on all of them '
          f'{result["decision_table_trained_on_all"]:.2%}')
    if arguments.json:
        with open(arguments.json, 'w') as file:
            json.dump(result, file, indent=1)
            file.write('\n')


if __name__ == '__main__':
    main()
