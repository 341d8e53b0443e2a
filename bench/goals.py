"""The goal of each measurement, and whether the measurements of a goal meet it. A ratio is the peer's figure by ours: above 1
is better for us. Floors are those of the project's goal table, as ratios."""
import math

# goal: (what, floor by the peer's name or its beginning)
GOALS = {
    'G6': ('scan one int, date or dictionary column', {'pylance': 5}),
    'G7': ('scan one string column', {'pylance': 3}),
    'G8': ('scan one vector column', {'pylance': 1.5}),
    'G9': ('scan all columns', {'parquet-zstd': 10, 'parquet-snappy': 8}),
    'G10': ('scan all columns', {'vortex': 1.3}),
    'G11': ('sum of a column', {'duckdb-native': 4}),
    'G12': ('filter that keeps 0.1 %', {'parquet-dataset': 10, 'duckdb-parquet': 10}),
    'G13': ('take 1,000 rows, one int column', {'pylance': 10}),
    'G14': ('take 1,000 rows, five columns', {'pylance': 8}),
    'G14n': ('take 1,000 rows, nested columns', {'pylance': 5}),
    'G15': ('take 1,000 rows, all columns', {'vortex': 3, 'parquet': 300}),
    'G16': ('take one row, all columns', {'pylance': 20}),
    'G18': ('size', {'parquet-zstd': 1 / 0.97}),
    'G19': ('size', {'pylance': 1 / 0.9, 'vortex': 1 / 0.9}),
    'G20': ('write in memory', {'parquet-snappy': 1.5}),
    'G20n': ('write numbers in memory', {'parquet-snappy': 3}),
    'G21': ('write in memory', {'pylance': 2.5, 'vortex': 2}),
    'G22': ('open and read 10 of 10,000 columns and more', {'parquet': 100}),
    'G23': ('open and read 10 of 10,000 columns and more', {'pylance': 20}),
    'G24': ('bytes of 10,000 columns of 8 rows and more', {'pylance-file': 2}),
    'G25': ('memory of a scan', {'pylance': 4}),
    'G26': ('build an HNSW index', {'hnswlib': 3, 'usearch': 4.5}),
    'G27': ('queries at recall 0.95 and 0.99, wide', {'hnswlib': 2.3}),
    'G28': ('queries at recall 0.95 and 0.99, narrow', {'hnswlib': 1.5}),
    'G29': ('queries at recall 0.95 and 0.99, wide', {'usearch': 3.5, 'faiss': 3}),
    'G30': ('bytes beyond the vectors', {'hnswlib': 1 / 0.35}),
    'G31': ('open to the first answer', {'hnswlib': 25, 'usearch': 1 / 1.2}),
}
INDEX_GOALS = ('G26', 'G27', 'G28', 'G29', 'G30', 'G31')  # measured by vectors.py


def goals_of(metric, column_kind, peer, data=''):
    """-> the goal that a measurement belongs to, or None."""
    kind = metric if metric.startswith('size:') else metric.split(':')[0]  # single columns have no goal of their own
    candidates = {
        'filter': ['G12'], 'scan': ['G9', 'G10'], 'take1000': ['G15'], 'take5': ['G14'], 'take1': ['G16'], 'size': ['G18', 'G19'],
        'write-mem': ['G20', 'G21'], 'takecol': ['G13'],
        'sum': ['G11'], 'memory': ['G25'],
        'column': [{'int': 'G6', 'string': 'G7', 'vector': 'G8'}.get(column_kind)],
    }.get(kind, [])
    if data.startswith('wide-'):
        candidates = {} if data == 'wide-1000' else {'project10': ['G22', 'G23'], 'size': ['G24']}
        candidates = candidates.get(kind, [])
    elif data == 'nested' and kind == 'take1000':
        candidates = ['G14n'] + candidates
    elif data.endswith('-numbers') and kind == 'write-mem':
        candidates = ['G20n'] + candidates
    for goal in candidates:
        if goal and floor(goal, peer) is not None:
            return goal
    return None


def floor(goal, peer):
    for name, value in GOALS[goal][1].items():
        if peer.startswith(name):
            return value
    return None


def verdicts(measurements):
    """-> lines: per goal and peer the geometric mean, the worst, and whether the bad end of every interval reaches the floor."""
    groups = {}
    for m in measurements:
        if m['goal']:
            groups.setdefault((m['goal'], m['peer']), []).append(m)
    lines = []
    for (goal, peer), members in sorted(groups.items(), key=lambda item: (int(item[0][0][1:].rstrip('n')), item[0])):
        mean = math.exp(sum(math.log(m['ratio']) for m in members) / len(members))
        worst = min(members, key=lambda m: m['low'])
        target = floor(goal, peer)
        if target is None:
            continue
        verdict = 'met' if worst['low'] >= target else 'not met'
        lines.append(f'{goal:4} {GOALS[goal][0]:42} {peer:15} n={len(members):<3} geomean {mean:8.2f}  worst {worst["low"]:8.2f} '
                     f'({worst["data"]} {worst["metric"]})  floor {target:6.2f}  {verdict}')
    return lines


def sizes_against_best(measurements):
    """-> lines: our size by that of the smallest peer, of each table and of the column that compares worst."""
    least = {}
    for m in measurements:
        if m['metric'].split(':')[0] == 'size':
            key = m['data'], m['metric']
            least[key] = min(least.get(key, m), m, key=lambda one: one['theirs'])
    lines = []
    for data in dict.fromkeys(data for data, _ in least):
        total = least.get((data, 'size'))
        columns = [m for (of, metric), m in least.items() if of == data and metric != 'size']
        worst = max(columns, key=lambda m: m['ours'] / m['theirs'], default=None)
        parts = [f'{m["metric"]} {m["ours"] / m["theirs"]:.3f} of {m["peer"]}' for m in (total, worst) if m]
        lines.append(f'{data:9} smallest peer: {"; worst column ".join(parts) if total else "worst column " + parts[0]}')
    return lines
