#!/usr/bin/env python3
"""lance-index on tables that pylance wrote: what it finds against numpy, what it does when the data changes, what it refuses.

    index_e2e.py LANCE_INDEX [--kills N] [--updates N]
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import lance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHECKS = 0


def check(condition, what):
    global CHECKS
    CHECKS += 1
    if not condition:
        raise AssertionError(what)


class Tool:
    def __init__(self, program):
        self.program = program

    def run(self, *arguments, code=0):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=600)
        check(done.returncode == code, f'{arguments}: exit {done.returncode} instead of {code}\n{done.stderr[-2000:]}')
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, '--json').stdout)

    def search(self, table, queries, *arguments, folder):
        """-> rows and distances of each query."""
        path = os.path.join(folder, 'queries.npy')
        np.save(path, queries.astype(np.float32))
        hits = self.json('search', table, '--queries', path, *arguments)['hits']
        rows, distances = [[] for _ in queries], [[] for _ in queries]
        for hit in hits:
            rows[hit['query']].append(hit['row'])
            distances[hit['query']].append(hit['distance'])
        return rows, distances


def clusters(count, dimensions, seed):
    """Vectors about some centers."""
    generator = np.random.default_rng(seed)
    centers = generator.normal(0, 3, (30, dimensions))
    return (centers[generator.integers(0, 30, count)] + generator.normal(0, 1, (count, dimensions))).astype(np.float32)


def make_table(vectors, first_id=0, item=pa.float32(), nulls=()):
    flat = pa.array(vectors.astype(item.to_pandas_dtype()).reshape(-1), item)
    mask = None
    if len(nulls):
        mask = np.zeros(len(vectors), bool)
        mask[list(nulls)] = True
        mask = pa.array(mask)
    lists = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1], mask=mask) if mask is not None else pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    ids = np.arange(first_id, first_id + len(vectors))
    return pa.table({'id': pa.array(ids), 'share': pa.array(np.random.default_rng(first_id).random(len(vectors))), 'vec': lists})


def distances_of(metric, vectors, queries):
    vectors, queries = vectors.astype(np.float64), queries.astype(np.float64)
    if metric == 'l2':
        return (queries**2).sum(1)[:, None] + (vectors**2).sum(1)[None] - 2 * queries @ vectors.T
    if metric == 'ip':
        return 1 - queries @ vectors.T
    lengths = np.linalg.norm(vectors, axis=1)[None] * np.linalg.norm(queries, axis=1)[:, None]
    return 1 - np.divide(queries @ vectors.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def recall_of(rows, wanted, k):
    return np.mean([len(set(found) & set(truth[:k])) / min(k, len(truth)) for found, truth in zip(rows, wanted)])


def test_metrics(tool, folder):
    vectors, queries = clusters(4000, 32, 1), clusters(60, 32, 1)[:60] + np.float32(0.1)
    for item, metric in [(pa.float32(), 'l2'), (pa.float32(), 'cosine'), (pa.float32(), 'ip'), (pa.float16(), 'l2'),
                         (pa.int8(), 'l2'), (pa.int8(), 'ip')]:
        stored = np.clip(np.round(vectors * 8), -128, 127) if item == pa.int8() else vectors
        wanted = np.round(queries * 8) if item == pa.int8() else queries
        path = os.path.join(folder, f'{item}-{metric}.lance')
        for version in ('2.0', '2.1', '2.2') if (item, metric) == (pa.float32(), 'l2') else ('2.2',):
            shutil.rmtree(path, ignore_errors=True)
            table = make_table(stored, item=item)
            lance.write_dataset(table, path, data_storage_version=version, max_rows_per_file=2500)
            values = np.asarray(table['vec'].combine_chunks().flatten()).astype(np.float32).reshape(len(stored), -1)
            tool.run('build', path, '-c', 'vec', '--metric', metric)
            truth = np.argsort(distances_of(metric, values, wanted), 1, kind='stable')[:, :10]
            rows, distances = tool.search(path, wanted, '--exact', folder=folder)
            true_distances = np.take_along_axis(distances_of(metric, values, wanted), np.array(rows), 1)
            check(np.allclose(np.array(distances), true_distances, rtol=1e-4, atol=1e-3), f'{item} {metric}: distances')
            check(recall_of(rows, truth, 10) > 0.995, f'{item} {metric}: the exact search')
            rows, _ = tool.search(path, wanted, '--ef', 150, folder=folder)
            recall = recall_of(rows, truth, 10)
            check(recall > 0.95, f'{item} {metric} {version}: recall {recall}')
            stats = tool.json('stats', path)
            check((stats['vectors'], stats['orphans'], stats['rows']) == (4000, 0, 4000), f'{item} {metric}: {stats}')
            tool.run('verify', path)
            tool.run('build', path, '-c', 'vec', code=6)
        # The graph alone.
        tool.run('build', path, '-c', 'vec', '--metric', metric, '--force', '--codes', 'none')
        rows, _ = tool.search(path, wanted, '--ef', 150, folder=folder)
        check(recall_of(rows, truth, 10) > 0.95, f'{item} {metric}: without codes')
    one = tool.json('search', path, 'row:17', '-k', '1', '--columns', 'id,share')['hits'][0]
    check(one['id'] == one['row'], one)


def test_rows_without_vectors(tool, folder):
    path = os.path.join(folder, 'gaps.lance')
    vectors = clusters(600, 16, 2)
    vectors[5, 3], vectors[77, 0] = np.nan, np.inf
    lance.write_dataset(make_table(vectors, nulls=[0, 9, 599]), path)
    tool.run('build', path, '-c', 'vec')
    stats = tool.json('stats', path)
    check((stats['vectors'], stats['rows'], stats['orphans']) == (595, 600, 0), stats)
    rows, _ = tool.search(path, np.delete(vectors, [0, 5, 9, 77, 599], 0)[:50], '-k', 1, folder=folder)
    wanted = [i for i in range(600) if i not in (0, 5, 9, 77, 599)][:50]
    check([row[0] for row in rows] == wanted, 'each vector is the nearest of itself')
    tool.run('search', path, '[1,2]', code=2)
    tool.run('search', path, '[' + ','.join(['nan'] * 16) + ']', code=2)
    check(len(tool.json('search', path, 'row:1', '-k', 1000, '--ef', 1000)['hits']) == 595, 'all of them')
    zeros = os.path.join(folder, 'zeros.lance')
    lance.write_dataset(make_table(np.zeros((40, 8), np.float32)), zeros)
    tool.run('build', zeros, '-c', 'vec', '--metric', 'cosine')
    check(all(hit['distance'] == 1 for hit in tool.json('search', zeros, 'row:0')['hits']), 'without a length: 1')
    nothing = os.path.join(folder, 'nothing.lance')
    lance.write_dataset(make_table(np.zeros((3, 8), np.float32), nulls=[0, 1, 2]), nothing)
    tool.run('build', nothing, '-c', 'vec')
    check(tool.json('search', nothing, '[0,0,0,0,0,0,0,0]')['hits'] == [], 'no vectors, no rows')


def test_filters(tool, folder):
    path = os.path.join(folder, 'filtered.lance')
    vectors, queries = clusters(20000, 24, 3), clusters(40, 24, 3)
    table = make_table(vectors)
    lance.write_dataset(table, path)
    tool.run('build', path, '-c', 'vec')
    share = np.asarray(table['share'])
    for selectivity in (0.5, 0.1, 0.01, 0.001, 0.0001):
        passing = np.flatnonzero(share < selectivity)
        distances = distances_of('l2', vectors[passing], queries)
        truth = [passing[order] for order in np.argsort(distances, 1)[:, :10]]
        rows, _ = tool.search(path, queries, '--where', f'share < {selectivity}', '--ef', 80, folder=folder)
        check(all(set(found) <= set(passing) for found in rows), f'{selectivity}: only rows that match')
        check(all(len(found) == min(10, len(passing)) for found in rows), f'{selectivity}: as many as there are')
        recall = recall_of(rows, truth, 10) if len(passing) else 1
        check(recall > 0.95, f'{selectivity}: recall {recall}')
    # What matches lies far from what is searched for.
    far = queries + np.float32(30)
    near = np.argsort(distances_of('l2', vectors, far), 1)[:, :3000]
    ids = sorted(set(range(20000)) - set(near.reshape(-1).tolist()))[:500]
    rows, _ = tool.search(path, far, '--where', 'id IN (' + ','.join(map(str, ids)) + ')', folder=folder)
    distances = distances_of('l2', vectors[ids], far)
    truth = [np.array(ids)[order] for order in np.argsort(distances, 1)[:, :10]]
    check(recall_of(rows, truth, 10) > 0.95, 'matches that are far')


def test_changes(tool, folder, updates):
    path = os.path.join(folder, 'changing.lance')
    # So many queries that it hardly shows in the recall which thread came first.
    vectors, more, queries = clusters(6000, 20, 4), clusters(3000, 20, 4), clusters(500, 20, 5)
    lance.write_dataset(make_table(vectors), path)
    tool.run('build', path, '-c', 'vec')
    index = os.path.join(path, '_lancekit', 'vec.hnsw')
    lance.write_dataset(make_table(more, first_id=6000), path, mode='append')
    error = tool.run('search', path, 'row:1', code=2).stderr
    check('lance-index add' in error and 'version 1' in error, error)
    tool.run('search', path, 'row:1', '--version', 1)
    check(tool.json('add', path)['added'] == 3000, 'added rows')
    tool.run('search', path, 'row:1', '--version', 1, code=2)
    everything = np.concatenate([vectors, more])
    truth = np.argsort(distances_of('l2', everything, queries), 1)[:, :10]
    rows, _ = tool.search(path, queries, '--ef', 100, folder=folder)
    check(recall_of(rows, truth, 10) > 0.95, 'after add')
    check(tool.json('stats', path)['orphans'] == 0, 'orphans after add')
    tool.run('verify', path)

    # Rows that are deleted in the dataset are not given, and row numbers are those of take.
    dataset = lance.dataset(path)
    dataset.delete('id % 2 = 0')
    kept = everything[1::2]
    truth = np.argsort(distances_of('l2', kept, queries), 1)[:, :10]
    rows, _ = tool.search(path, queries, '--ef', 100, folder=folder)
    check(recall_of(rows, truth, 10) > 0.95, 'rows of the dataset that are deleted')
    hits = tool.json('search', path, 'row:11', '--columns', 'id')['hits']
    check(hits[0]['row'] == 11 and hits[0]['id'] == 23, hits[0])
    before = os.path.getsize(index)
    report = tool.json('delete', path, '--tombstones')
    check((report['removed'], report['vectors']) == (4500, 4500), report)
    rows, _ = tool.search(path, queries, '--ef', 100, folder=folder)
    check(recall_of(rows, truth, 10) > 0.95, 'tombstones')
    check(tool.json('stats', path)['deleted'] == 4500, 'tombstones are counted')
    tool.run('compact', path)
    stats = tool.json('stats', path)
    check((stats['vectors'], stats['deleted'], stats['orphans']) == (4500, 0, 0), stats)
    check(os.path.getsize(index) < 0.7 * before, f'{os.path.getsize(index)} of {before} bytes')
    rows, _ = tool.search(path, queries, '--ef', 40, folder=folder)
    repaired = recall_of(rows, truth, 10)
    tool.run('build', path, '-c', 'vec', '--index', os.path.join(folder, 'anew.hnsw'))
    rows, _ = tool.search(path, queries, '--ef', 40, '--index', os.path.join(folder, 'anew.hnsw'), folder=folder)
    anew = recall_of(rows, truth, 10)
    check(repaired > anew - 0.02, f'recall {repaired}, of an index that is built anew {anew}')
    tool.run('verify', path)

    # Rows of the index alone, by number and by filter.
    report = tool.json('delete', path, '--rows', '0,5,10:20', '--where', 'share < 0.1')
    removed = report['removed']
    check(report['vectors'] == 4500 - removed and removed > 300, report)
    check(tool.json('stats', path)['orphans'] == 0, 'orphans after delete')

    # Many updates: each deletes a row and appends another.
    rounds, per_round = 20, updates // 20
    tool.run('build', path, '-c', 'vec', '--force')
    generator = np.random.default_rng(6)
    for number in range(rounds):
        dataset = lance.dataset(path)
        ids = np.asarray(dataset.to_table(columns=['id'])['id'])
        gone = generator.choice(ids, min(per_round, len(ids) - 100), replace=False)
        dataset.delete('id IN (' + ','.join(map(str, gone)) + ')')
        tool.run('delete', path)
        lance.write_dataset(make_table(clusters(len(gone), 20, 100 + number), first_id=100000 * (number + 1)), path, mode='append')
        tool.run('add', path)
        stats = tool.json('stats', path)
        check((stats['orphans'], stats['deleted']) == (0, 0), f'round {number}: {stats}')
    dataset = lance.dataset(path)
    values = np.asarray(dataset.to_table(columns=['vec'])['vec'].combine_chunks().flatten()).reshape(-1, 20)
    truth = np.argsort(distances_of('l2', values, queries), 1)[:, :10]
    rows, _ = tool.search(path, queries, '--ef', 100, folder=folder)
    check(recall_of(rows, truth, 10) > 0.95, 'after many updates')

    # Pylance passes over the folder; what it compacts is other data.
    dataset.optimize.compact_files()
    lance.dataset(path).cleanup_old_versions(older_than=__import__('datetime').timedelta(0), delete_unverified=True)
    check(os.path.exists(index), 'pylance left the index alone')
    error = tool.run('search', path, 'row:1', code=2).stderr
    check('does not belong' in error and 'build' in error, error)
    tool.run('add', path, code=2)


def test_schemas(tool, folder):
    """Columns are told by their field ids, and fragments may lack them."""
    vectors, others = clusters(300, 12, 20), clusters(300, 12, 21)
    path = os.path.join(folder, 'renamed.lance')
    table = make_table(vectors).append_column('other', make_table(others)['vec'])
    lance.write_dataset(table, path)
    tool.run('build', path, '-c', 'vec')
    dataset = lance.dataset(path)
    for old, new in (('vec', 'x'), ('other', 'vec'), ('x', 'other')):
        dataset.alter_columns({'path': old, 'name': new})
    error = tool.run('search', path, 'row:3', code=2).stderr
    check('does not belong' in error, error)
    tool.run('build', path, '-c', 'vec', '--force')
    hit = tool.json('search', path, 'row:3', '-k', 1)['hits'][0]
    check((hit['row'], hit['distance']) == (3, 0), hit)
    rows, _ = tool.search(path, others[:20], '-k', 1, folder=folder)
    check([row[0] for row in rows] == list(range(20)), 'the column that has the name now')

    path = os.path.join(folder, 'late.lance')
    lance.write_dataset(make_table(vectors).select(['id', 'share']), path)
    lance.dataset(path).add_columns(pa.field('vec', pa.list_(pa.float32(), 12)))
    lance.write_dataset(make_table(others, first_id=300), path, mode='append')
    tool.run('build', path, '-c', 'vec')
    rows, _ = tool.search(path, others[:20], '-k', 1, folder=folder)
    check([row[0] for row in rows] == list(range(300, 320)), 'rows behind a fragment without vectors')
    check(tool.json('search', path, 'row:307', '-k', 1, '--columns', 'id', '--where', 'id = 307')['hits'][0]['id'] == 307, 'a filter')
    lance.dataset(path).delete('id < 10')
    hit = tool.json('search', path, 'row:297', '-k', 1, '--columns', 'id')['hits'][0]
    check((hit['row'], hit['id'], hit['distance']) == (297, 307, 0), hit)

    # A column that a new file of the fragment has taken over: the old file still holds the old values.
    path = os.path.join(folder, 'replaced.lance')
    lance.write_dataset(make_table(vectors), path)
    tool.run('build', path, '-c', 'vec')
    dataset = lance.dataset(path)
    changed = make_table(others)
    metadata, fields = dataset.get_fragments()[0].update_columns(changed.select(['id', 'vec']), left_on='id')
    operation = lance.LanceOperation.Update(removed_fragment_ids=[], updated_fragments=[metadata], new_fragments=[], fields_modified=fields)
    lance.LanceDataset.commit(path, operation, read_version=dataset.version)
    error = tool.run('search', path, 'row:3', code=2).stderr
    check('does not belong' in error, error)
    tool.run('build', path, '-c', 'vec', '--force')
    rows, distances = tool.search(path, others[:20], '-k', 1, folder=folder)
    check([row[0] for row in rows] == list(range(20)) and np.max(distances) == 0, 'the values that the table has now')

    # Rows that come back.
    path = os.path.join(folder, 'restored.lance')
    lance.write_dataset(make_table(vectors), path)
    lance.dataset(path).delete('id = 7')
    tool.run('build', path, '-c', 'vec')
    lance.dataset(path, version=1).restore()
    error = tool.run('search', path, 'row:7', code=2).stderr
    check('there again' in error, error)


def bfloat16_table(vectors):
    """What pylance has for brain floats: an extension of binaries of two bytes."""
    count, dimensions = vectors.shape
    item = pa.field('item', pa.binary(2), metadata={'ARROW:extension:name': 'lance.bfloat16', 'ARROW:extension:metadata': ''})
    halves = (vectors.view(np.uint32) >> 16).astype('<u2')
    flat = pa.Array.from_buffers(pa.binary(2), count * dimensions, [None, pa.py_buffer(halves.tobytes())])
    lists = pa.Array.from_buffers(pa.list_(item, dimensions), count, [None], children=[flat])
    return pa.table({'id': pa.array(range(count)), 'vec': lists}), (halves.astype(np.uint32) << 16).view(np.float32)


def test_brain_floats(tool, folder):
    path = os.path.join(folder, 'brain.lance')
    table, values = bfloat16_table(clusters(3000, 40, 30))
    lance.write_dataset(table, path)
    tool.run('build', path, '-c', 'vec', '--metric', 'cosine')
    check(tool.json('stats', path)['element'] == 'bfloat16', 'the element')
    queries = values[:50] + np.float32(0.05)
    rows, distances = tool.search(path, queries, '--ef', 100, folder=folder)
    true_distances = distances_of('cosine', values, queries)
    check(np.allclose(np.array(distances), np.take_along_axis(true_distances, np.array(rows), 1), atol=1e-4), 'distances')
    check(recall_of(rows, np.argsort(true_distances, 1)[:, :10], 10) > 0.95, 'recall')
    hit = tool.json('search', path, 'row:9', '-k', 1)['hits'][0]
    check(hit['row'] == 9 and abs(hit['distance']) < 1e-5, hit)
    tool.run('verify', path)


def test_bits(tool, folder):
    """Codes of one bit: a smaller file, all that a walk keeps is compared by its vector."""
    vectors, queries = clusters(6000, 96, 31), clusters(60, 96, 31) + np.float32(0.1)
    path = os.path.join(folder, 'bits.lance')
    lance.write_dataset(make_table(vectors), path)
    for metric in ('l2', 'cosine', 'ip'):
        truth = np.argsort(distances_of(metric, vectors, queries), 1)[:, :10]
        tool.run('build', path, '-c', 'vec', '--metric', metric, '--force')
        whole = tool.json('stats', path)
        tool.run('build', path, '-c', 'vec', '--metric', metric, '--codes', '1bit', '--force')
        stats = tool.json('stats', path)
        check((whole['codes'], stats['codes']) == ('8bit', '1bit'), stats)
        check(stats['code_bytes'] * 5 < whole['code_bytes'] and stats['bytes'] < whole['bytes'], stats)
        rows, distances = tool.search(path, queries, '--ef', 300, folder=folder)
        recall = recall_of(rows, truth, 10)
        check(recall > 0.95, f'{metric}: {recall}')
        true_distances = np.take_along_axis(distances_of(metric, vectors, queries), np.array(rows), 1)
        check(np.allclose(np.array(distances), true_distances, rtol=1e-4, atol=1e-3), f'{metric}: distances')
    tool.run('verify', path)
    lance.write_dataset(make_table(clusters(1000, 96, 32), first_id=6000), path, mode='append')
    tool.run('add', path)
    tool.run('delete', path, '--rows', '0:3000')
    tool.run('verify', path)
    stats = tool.json('stats', path)
    check((stats['vectors'], stats['orphans'], stats['codes']) == (4000, 0, '1bit'), stats)
    check(all(hit['row'] >= 3000 for hit in tool.json('search', path, 'row:5', '--ef', 200)['hits']), 'removed rows')


def test_queries(tool, folder):
    """Files of queries in all formats, and what is no vector."""
    vectors = clusters(500, 12, 33)
    path = os.path.join(folder, 'asked.lance')
    lance.write_dataset(make_table(vectors, nulls=[7]), path)
    tool.run('build', path, '-c', 'vec', '--metric', 'cosine')
    wanted = [hit['row'] for hit in tool.json('search', path, '--queries', path, '-n', 7, '-k', 2)['hits']]
    check(wanted[::2] == list(range(7)), wanted)
    queries = vectors[:7]
    fixed, lists = make_table(queries), pa.table({'vec': pa.array(list(queries.astype(np.float64)), pa.large_list(pa.float64()))})
    np.save(os.path.join(folder, 'a.npy'), queries)
    with open(os.path.join(folder, 'a.fvecs'), 'wb') as file:
        for query in queries:
            file.write(np.int32(12).tobytes() + query.tobytes())
    lance.write_dataset(lists, os.path.join(folder, 'lists.lance'))
    names = ['a.npy', 'a.fvecs', 'lists.lance']
    converter = os.path.join(os.path.dirname(tool.program), '../lance-convert/lance-convert')
    if os.path.exists(converter):
        pq.write_table(fixed, os.path.join(folder, 'fixed.parquet'))
        pq.write_table(lists, os.path.join(folder, 'lists.parquet'))
        pq.write_table(fixed.rename_columns(['id', 'share', 'other']), os.path.join(folder, 'named.parquet'))
        with pa.ipc.new_file(os.path.join(folder, 'fixed.arrow'), fixed.schema) as writer:
            writer.write_table(fixed)
        names += ['fixed.parquet', 'lists.parquet', 'named.parquet:other', 'fixed.arrow']
    for name in names:
        found = [hit['row'] for hit in tool.json('search', path, '--queries', os.path.join(folder, name), '-k', 2)['hits']]
        check(found == wanted, f'{name}: {found}')
    if os.path.exists(converter):
        own = os.path.join(folder, 'tmp')
        os.mkdir(own)
        open(os.path.join(folder, 'x.parquet'), 'wb').write(b'PAR1 and more PAR1')
        for name, code in (('fixed.parquet', 0), ('x.parquet', 4), ('fixed.parquet:none', 2)):
            done = subprocess.run([tool.program, 'search', path, '--queries', os.path.join(folder, name), '--json'], capture_output=True,
                                  text=True, env={**os.environ, 'TMPDIR': own})
            check(done.returncode == code, f'{name}: {done.returncode} {done.stderr}')
            check(code == 0 or name.split(':')[0] in json.loads(done.stderr)['error']['path'], f'{name}: {done.stderr}')
        check(os.listdir(own) == [], 'temporary files are gone')
        done = subprocess.run([tool.program, 'search', path, '--queries', os.path.join(folder, 'fixed.parquet')], capture_output=True,
                              text=True, env={**os.environ, 'TMPDIR': '/nowhere'})
        check(done.returncode == 3 and '/nowhere' in done.stderr + '/nowhere' * ('temporary folder' in done.stderr), done.stderr)
    else:
        print('index_e2e: no lance-convert, its formats are not tested')
    environment = {**os.environ, 'PATH': '/nowhere'}
    program = shutil.copy(tool.program, os.path.join(folder, 'alone'))
    open(os.path.join(folder, 'x.parquet'), 'wb').write(b'PAR1 and more')
    done = subprocess.run([program, 'search', path, '--queries', os.path.join(folder, 'x.parquet')], capture_output=True, text=True, env=environment)
    check(done.returncode == 3 and 'lance-convert' in done.stderr, done.stderr)

    for query, code, words in [('row:7', 2, 'null'), ('row:500', 2, ''), ('[1, 2]', 2, '2 dimensions'), ('[1, nan, 3]', 2, ''),
                               ('[' + '1, ' * 11 + 'inf]', 2, 'infinite'), ('[1, 2', 2, ''), ('[1, x]', 2, 'number'),
                               ('[]', 2, ''), ('[1.5.5]', 2, 'number'), ('[' + '1, ' * 11 + '1] 7', 2, '')]:
        error = tool.run('search', path, query, code=code).stderr
        check(words in error, f'{query}: {error}')
    np.save(os.path.join(folder, 'bool.npy'), np.zeros((1, 3968), bool))  # one page, with its header
    tool.run('search', path, '--queries', os.path.join(folder, 'bool.npy'), code=5)
    error = tool.run('search', path, '--queries', path, code=2).stderr
    check('vector 7' in error and 'null' in error, error)
    ragged = pa.table({'vec': pa.array([[1.0] * 12, [1.0] * 11], pa.list_(pa.float32()))})
    lance.write_dataset(ragged, os.path.join(folder, 'ragged.lance'))
    error = tool.run('search', path, '--queries', os.path.join(folder, 'ragged.lance'), code=2).stderr
    check('vector 1' in error and '11' in error, error)
    # Zeros have no direction: they are as far as what is at a right angle.
    hits = tool.json('search', path, str([0] * 12))['hits']
    check(len(hits) == 10 and all(hit['distance'] == 1 for hit in hits), hits)


def test_small_dimensions(tool, folder, share):
    """Few dimensions, many neighbours, rows that take turns, lengths at the end of the range."""
    generator = np.random.default_rng(40)
    path = os.path.join(folder, 'small.lance')
    for dimensions, least in ((2, 0.9), (3, 0.95), (5, 0.95), (56, 0.95), (57, 0.95), (131, 0.95)):
        vectors = generator.normal(0, 1, (int(6000 * share), dimensions)).astype(np.float32)
        if dimensions > 50:  # few of its dimensions count
            vectors *= (0.9 ** np.arange(dimensions)).astype(np.float32)
        queries = vectors[:40] + np.float32(0.01)
        lance.write_dataset(make_table(vectors), path, mode='overwrite')
        tool.run('build', path, '-c', 'vec', '--force')
        truth = np.argsort(distances_of('l2', vectors, queries), 1)[:, :100]
        for k in (10, 100):
            rows, _ = tool.search(path, queries, '-k', k, folder=folder)
            recall = recall_of(rows, truth, k)
            check(recall > least, f'{dimensions} dimensions, k {k}: {recall}')
        rows, _ = tool.search(path, queries, '--ef', 10, folder=folder)
        none = os.path.join(folder, 'graph-alone.hnsw')
        tool.run('build', path, '-c', 'vec', '--codes', 'none', '--index', none, '--force')
        other, _ = tool.search(path, queries, '--ef', 10, '--index', none, folder=folder)
        mine, theirs = recall_of(rows, truth, 10), recall_of(other, truth, 10)
        check(mine > theirs - 0.1, f'{dimensions} dimensions, ef 10: {mine}, without codes {theirs}')
    # Each other row is far larger: a sample of the even ones would not know.
    vectors = generator.integers(0, 256, (int(20000 * share), 16)).astype(np.float32)
    vectors[1::2] *= 80
    lance.write_dataset(make_table(vectors), path, mode='overwrite')
    tool.run('build', path, '-c', 'vec', '--force')
    rows, _ = tool.search(path, vectors[1:101:2], '--ef', 200, folder=folder)
    truth = np.argsort(distances_of('l2', vectors, vectors[1:101:2]), 1)[:, :10]
    check(recall_of(rows, truth, 10) > 0.9, f'rows that take turns: {recall_of(rows, truth, 10)}')
    # Of a cosine lengths do not count.
    vectors = clusters(2000, 20, 41)
    for scale in (1e-22, 1.0, 1e25):
        lance.write_dataset(make_table((vectors * np.float64(scale)).astype(np.float32)), path, mode='overwrite')
        tool.run('build', path, '-c', 'vec', '--metric', 'cosine', '--force')
        for other in (1e-24, 1.0, 1e19):
            queries = (vectors[:20].astype(np.float64) * other).astype(np.float32)
            rows, distances = tool.search(path, queries, '-k', 1, folder=folder)
            check([row[0] for row in rows] == list(range(20)) and np.max(np.abs(distances)) < 1e-5, f'{scale}, {other}: {rows} {distances}')


def test_report(tool, folder):
    """Searches say what they did."""
    vectors = clusters(4000, 128, 34)  # wide enough to lie in the file as in memory
    path = os.path.join(folder, 'told.lance')
    lance.write_dataset(make_table(vectors), path)
    tool.run('build', path, '-c', 'vec')
    report = tool.json('search', path, 'row:3')['report']
    check(report['queries'] == 1 and 64 < report['codes_compared'] < 2000 and 10 <= report['vectors_compared'] < 40, report)
    check(report['vector_bytes'] == report['vectors_compared'] * 512 and (report['scans'], report['decoded_bytes']) == (0, 0), report)
    report = tool.json('search', path, 'row:3', '--exact')['report']
    check((report['vectors_compared'], report['codes_compared']) == (4000, 0), report)
    report = tool.json('search', path, 'row:3', '--where', 'id < 20')['report']
    check(report['scans'] == 1 and report['codes_compared'] == 40, report)  # by halves, and whole
    text = tool.run('search', path, 'row:3', '--explain').stderr
    check('1 search' in text and 'read where they lie' in text, text)
    # Vectors that are not stored as they are in memory.
    packed = os.path.join(folder, 'packed.lance')
    generator = np.random.default_rng(35)
    table = make_table(generator.integers(0, 3, (20000, 16)), item=pa.int8())
    schema = table.schema.set(2, table.schema.field(2).with_metadata({'lance-encoding:compression': 'zstd'}))
    lance.write_dataset(table.cast(schema), packed)
    tool.run('build', packed, '-c', 'vec')
    check(tool.json('search', packed, 'row:3')['report']['decoded_bytes'] == 320000, 'decoded bytes')
    check('decoded into memory' in tool.run('search', packed, 'row:3', '--explain').stderr, 'text')
    error = tool.run('search', packed, 'row:3', '--memory-limit', '100KB', code=7).stderr
    check('320000' in error and 'vec' in error, error)
    tool.run('search', packed, 'row:3', '--memory-limit', '100MB')


def test_example(tool, folder):
    """examples/search_vectors.cc makes an index, and brings it up to date."""
    program = os.path.join(os.path.dirname(tool.program), '../../examples/search_vectors')
    if not os.path.exists(program):
        return
    path = os.path.join(folder, 'example.lance')
    lance.write_dataset(make_table(clusters(300, 12, 36)), path)

    def run(*arguments, code=0):
        done = subprocess.run([program, path, *arguments], capture_output=True, text=True)
        check(done.returncode == code, f'{arguments}: {done.returncode} {done.stderr}')
        return [int(line.split()[0]) for line in done.stdout.splitlines()]
    check(run('vec', '7')[0] == 7, 'the row itself')
    lance.write_dataset(make_table(clusters(100, 12, 37), first_id=300), path, mode='append')
    check(run('vec', '333')[0] == 333, 'a row that was appended')
    rows = run('vec', '7', 'id >= 390')
    check(len(rows) == 5 and min(rows) >= 390, rows)
    run('id', '7', code=1)


def test_growth(tool, folder):
    """What an index begins with does not spoil what comes."""
    generator = np.random.default_rng(8)
    many = generator.normal(0, 1, (4000, 16)).astype(np.float32)
    truth = None
    for name, first in (('one', many[:1]), ('none', np.zeros((3, 16), np.float32)), ('narrow', many[2000:] * np.float32(0.3))):
        path = os.path.join(folder, f'grown-{name}.lance')
        lance.write_dataset(make_table(first, nulls=range(3) if name == 'none' else ()), path)
        tool.run('build', path, '-c', 'vec')
        tool.run('search', path, 'row:0' if name != 'none' else str([0] * 16))
        extra = many[:2000] if name == 'narrow' else many
        lance.write_dataset(make_table(extra, first_id=10000), path, mode='append')
        report = tool.json('add', path)
        check(report['added'] == len(extra), report)
        stats = tool.json('stats', path)
        check(stats['codes'] and stats['orphans'] == 0, stats)
        check(report['vectors'] == stats['vectors'] == len(extra) + (0 if name == 'none' else len(first)), report)
        rows, _ = tool.search(path, extra[:40] + np.float32(0.01), '--ef', 100, folder=folder)
        everything = np.concatenate([first, extra])
        distances = distances_of('l2', everything, extra[:40] + np.float32(0.01))
        if name == 'none':
            distances[:, :3] = np.inf
        truth = np.argsort(distances, 1)[:, :10]
        grown, other = recall_of(rows, truth, 10), os.path.join(folder, 'grown-anew.hnsw')
        tool.run('build', path, '-c', 'vec', '--index', other, '--force')
        rows, _ = tool.search(path, extra[:40] + np.float32(0.01), '--ef', 100, '--index', other, folder=folder)
        check(grown > 0.9 and grown > recall_of(rows, truth, 10) - 0.02, f'{name}: {grown}, anew {recall_of(rows, truth, 10)}')
    tool.run('delete', path, '--rows', f'0:{len(everything)}')
    check(tool.json('search', path, 'row:0')['hits'] == [], 'all are removed')
    lance.write_dataset(make_table(many[:50], first_id=20000), path, mode='append')
    tool.run('add', path)
    check(len(tool.json('search', path, f'row:{len(everything) + 3}')['hits']) == 10, 'added to nothing')

    # Numbers at the end of their range: no distance is a number that is none.
    path = os.path.join(folder, 'large.lance')
    lance.write_dataset(make_table((many[:200] * 1e19).astype(np.float32)), path)
    for metric in ('l2', 'cosine', 'ip'):
        tool.run('build', path, '-c', 'vec', '--metric', metric, '--force')
        for options in ([], ['--exact'], ['-k', 4000000000], ['-k', 2863311526, '--exact']):
            hits = tool.json('search', path, 'row:5', *options)['hits']
            check(len(hits) == (200 if '-k' in options else 10), f'{metric} {options}: {len(hits)}')
            check(not any(hit['distance'] == 'NaN' for hit in hits), f'{metric} {options}')

    # Changes at once: each is kept.
    path = os.path.join(folder, 'shared.lance')
    lance.write_dataset(make_table(many[:1000]), path)
    tool.run('build', path, '-c', 'vec')
    running = [subprocess.Popen([tool.program, 'delete', '-q', path, '--rows', f'{i * 100}:{i * 100 + 100}', '--tombstones']) for i in range(6)]
    check(all(process.wait() == 0 for process in running), 'six changes at once')
    check(tool.json('stats', path)['deleted'] == 600, tool.json('stats', path))


def test_refusals(tool, folder):
    path, other = os.path.join(folder, 'a.lance'), os.path.join(folder, 'b.lance')
    lance.write_dataset(make_table(clusters(500, 8, 7)), path)
    lance.write_dataset(make_table(clusters(500, 8, 8)), other)
    tool.run('build', path, '-c', 'vec')
    index = os.path.join(path, '_lancekit', 'vec.hnsw')
    error = tool.run('search', other, 'row:1', '--index', index, code=2).stderr
    check('does not belong' in error, error)
    tool.run('search', other, 'row:1', code=3)
    tool.run('build', path, '-c', 'id', '--force', code=2)
    tool.run('build', path, '-c', 'nothing', '--force', code=2)
    tool.run('build', path, '-c', 'vec', '--force', '--m', 1, code=2)
    tool.run('build', path, '-c', 'vec', '--force', '--memory-limit', '1KiB', code=7)
    tool.run('build', os.path.join(folder, 'none.lance'), '-c', 'vec', code=3)
    tool.run('stats', path, '--bogus', code=2)
    whole = open(index, 'rb').read()
    generator = random.Random(1)
    for number in range(60):
        damaged = bytearray(whole)
        if number % 3 == 0:
            damaged = damaged[:generator.randrange(len(damaged))]
        else:
            damaged[generator.randrange(len(damaged))] ^= 1 << generator.randrange(8)
        path_of_damaged = os.path.join(folder, 'damaged.hnsw')
        with open(path_of_damaged, 'wb') as file:
            file.write(damaged)
        done = subprocess.run([tool.program, 'search', path, 'row:1', '--index', path_of_damaged], capture_output=True, text=True)
        check(done.returncode in (0, 4, 5), f'{number}: exit {done.returncode} {done.stderr}')
        if number % 3 == 0:
            check(done.returncode == 4, f'{number}: cut, exit {done.returncode}')
        done = subprocess.run([tool.program, 'verify', path, '--index', path_of_damaged], capture_output=True, text=True)
        check(done.returncode in ((0, 4, 5) if bytes(damaged) != whole else (0,)), f'{number}: {done.stderr}')


def test_kills(tool, folder, kills):
    """Killed at any moment, the index is the old one or the new one."""
    path = os.path.join(folder, 'killed.lance')
    lance.write_dataset(make_table(clusters(5000, 24, 9)), path)
    tool.run('build', path, '-c', 'vec')
    index = os.path.join(path, '_lancekit', 'vec.hnsw')
    start = time.perf_counter()
    tool.run('build', path, '-c', 'vec', '--force')
    span = time.perf_counter() - start
    generator = random.Random(2)
    commands = [('build', path, '-c', 'vec', '--force', '--seed'), ('delete', path, '--rows'), ('compact', path), ('add', path)]
    pristine = open(index, 'rb').read()
    for number in range(kills):
        command = commands[number % len(commands)]
        if command[0] == 'build':
            command += (str(number),)
        elif command[0] == 'delete':
            command += (f'{number}:{number + 400}', '--tombstones') if number % 8 == 1 else (f'{number}:{number + 400}',)
        elif command[0] == 'add':
            with open(index, 'wb') as file:
                file.write(pristine)
            lance.write_dataset(make_table(clusters(300, 24, number), first_id=10000 * number), path, mode='append')
        process = subprocess.Popen([tool.program, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(generator.random() * span * (1.1 if command[0] == 'build' else 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if command[0] == 'add':  # the old one lacks the new files
            done = subprocess.run([tool.program, 'search', path, 'row:1'], capture_output=True, text=True)
            check(done.returncode == 0 or 'lance-index add' in done.stderr, f'{command}: {done.stderr}')
            tool.run('add', path)
            pristine = open(index, 'rb').read()
        tool.run('verify', path)
        check(tool.json('stats', path)['orphans'] == 0, f'{command}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('lance_index')
    parser.add_argument('--kills', type=int, default=12)
    parser.add_argument('--updates', type=int, default=2000)
    parser.add_argument('--share', type=float, default=1, help='of the vectors where many indices are built; less under sanitizers')
    arguments = parser.parse_args()
    tool = Tool(arguments.lance_index)
    with tempfile.TemporaryDirectory() as folder:
        test_metrics(tool, folder)
        test_rows_without_vectors(tool, folder)
        test_filters(tool, folder)
        test_changes(tool, folder, arguments.updates)
        test_schemas(tool, folder)
        test_brain_floats(tool, folder)
        test_bits(tool, folder)
        test_queries(tool, folder)
        test_small_dimensions(tool, folder, arguments.share)
        test_report(tool, folder)
        test_example(tool, folder)
        test_growth(tool, folder)
        test_refusals(tool, folder)
        test_kills(tool, folder, arguments.kills)
    print(f'index_e2e: {CHECKS} checks passed')


if __name__ == '__main__':
    sys.exit(main())
