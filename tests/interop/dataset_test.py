#!/usr/bin/env python3
"""Dataset folders at every version: those of ../shared/corpus/datasets against the values expected, and such as pylance makes
here (deletes, updates, schema changes, compaction, tags, branches, clones) against what pylance reads.

usage: dataset_test.py BRIDGE_LIBRARY
"""
import json
import os
import shutil
import sys
import time

import lance
import numpy as np
import pyarrow as pa

from comparison import differences
from lancekit_bridge import Lancekit, LancekitError
from reference import Runner

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'shared', 'corpus', 'datasets')


class Checker:
    """Compares versions with expected tables: whole, in parts, and rows in any order."""

    def __init__(self, lancekit, run):
        self.lancekit, self.run, self.versions = lancekit, run, 0

    def table(self, label, path, version, expected):
        rng = np.random.default_rng(expected.num_rows)
        self.versions += 1
        self.run.check(f'{label}: rows', lambda: self._equal(self.lancekit.count(path, version), expected.num_rows))
        self.run.columns(label, expected, lambda part: self.lancekit.read(path, columns=part.schema.names, version=version))
        if expected.num_rows and expected.num_columns:
            self._parts(label, path, version, expected, rng)

    def _parts(self, label, path, version, expected, rng):
        """Slices by offset and limit, small batches, and rows in any order."""
        names, n = expected.schema.names, expected.num_rows
        first, count = int(rng.integers(0, n)), int(rng.integers(1, n + 1))
        rows = [int(i) for i in rng.integers(-n, n, 40)] + [0, n - 1, -n, 0]
        at = pa.array([row % n for row in rows])
        def sliced():
            got = self.lancekit.read(path, columns=names, version=version, offset=first, limit=count, batch_rows=7 if n < 3000 else 1000)
            return differences(expected.slice(first, count), got)
        def taken():
            return differences(expected.take(at), self.lancekit.take(path, rows, names, version=version))
        self.run.check(f'{label}: rows {first} + {count}', sliced)
        self.run.check(f'{label}: rows taken', taken)

    @staticmethod
    def _equal(got, expected):
        return [] if got == expected else [f'{got} instead of {expected}']


def expected_table(path):
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()


def as_dictionaries(table, schema):
    """Columns of text that are dictionaries in the schema, as these."""
    columns = [table[f.name].dictionary_encode().cast(f.type) if pa.types.is_dictionary(f.type) else table[f.name] for f in schema]
    return pa.table(dict(zip(schema.names, columns)))


def expect_error(call, code, *words):
    try:
        call()
    except LancekitError as error:
        missing = [word for word in words if word not in str(error)]
        if error.code != code:
            return [f'{error.code}: {error}']
        return [f'"{missing[0]}" is missing in: {error}'] if missing else []
    return ['no error']


def corpus(checker):
    run, lancekit = checker.run, checker.lancekit
    with open(os.path.join(CORPUS, 'index.json')) as f:
        index = json.load(f)
    for name, entry in index.items():
        path = os.path.join(CORPUS, entry['folder'])
        for branch, versions in (('', entry['versions']), *entry.get('branches', {}).items()):
            for facts in versions:
                stem = name + (f'@{branch.replace("/", "%2F")}' if branch else '') + f'@v{facts["version"]}'
                arrow = os.path.join(CORPUS, 'expected', stem + '.arrow')
                version = {'version': facts['version'], 'branch': branch}
                if not os.path.exists(arrow):
                    run.check(stem, lambda: expect_error(lambda: lancekit.count(path, version), 'unsupported'))
                    continue
                if name in ('legacy_0_1', 'next_2_3'):
                    words = {'legacy_0_1': ('0.1', 'pylance'), 'next_2_3': ('2.3',)}[name]
                    run.check(stem, lambda: expect_error(lambda: lancekit.count(path, version), 'unsupported', *words))
                    continue
                expected = expected_table(arrow)
                if 'blobs' in facts:  # pylance shows descriptors, lancekit the bytes
                    at = expected.schema.get_field_index(facts['blobs']['column'])
                    values = expected_table(os.path.join(CORPUS, 'expected', facts['blobs']['file']))['bytes']
                    expected = expected.set_column(at, facts['blobs']['column'], values)
                if entry.get('data_storage_version') == '2.0':  # pylance shows dictionaries of 2.0 files as plain text
                    expected = as_dictionaries(expected, lancekit.scan(path, version=version, limit=0).schema)
                checker.table(stem, path, version, expected)
        for tag, place in entry.get('tags', {}).items():
            place = place if isinstance(place, dict) else {'branch': '', 'version': place}
            stem = name + (f'@{place["branch"].replace("/", "%2F")}' if place['branch'] else '') + f'@v{place["version"]}'
            checker.table(f'{name} tag {tag}', path, {'tag': tag}, expected_table(os.path.join(CORPUS, 'expected', stem + '.arrow')))
    for call, words in (
            (lambda: lancekit.count(os.path.join(CORPUS, 'cleaned.lance'), 3), ('2, 6, 7',)),
            (lambda: lancekit.count(os.path.join(CORPUS, 'history.lance'), 99), ('1 to ',)),
            (lambda: lancekit.count(os.path.join(CORPUS, 'tags_branches.lance'), {'tag': 'nix'}), ('first', 'good', 'on-dev', 'release-1.0')),
            (lambda: lancekit.count(os.path.join(CORPUS, 'tags_branches.lance'), {'branch': 'nix'}), ('dev', 'feature/x')),
            (lambda: lancekit.count(os.path.join(CORPUS, 'fragments.lance'), {'as_of': 0}), ('1970-01-01', 'version 1 '))):
        run.check(f'error that names {words}', lambda: expect_error(call, 'invalid argument', *words))
    run.check('flag 64', lambda: expect_error(lambda: lancekit.count(os.path.join(CORPUS, 'overlay.lance')), 'unsupported', '64', 'overlay'))


def table(rng, first, n):
    ids = np.arange(first, first + n)
    words = np.array(['alpha', 'beta', 'gamma', None, 'a longer piece of text'], object)
    return pa.table({
        'id': pa.array(ids), 'k': pa.array(rng.integers(0, 9, n), pa.int32(), mask=rng.random(n) < 0.1),
        'name': pa.array(words[rng.integers(0, 5, n)], pa.string()), 'score': pa.array(rng.normal(size=n)),
        'vec': pa.FixedSizeListArray.from_arrays(pa.array(rng.normal(size=n * 4), pa.float32()), 4),
        'word': pa.array(words[rng.integers(0, 3, n)], pa.string()).dictionary_encode()})


def deletes(path, rng, version):
    """Small and large deletion files, replaced and over several containers."""
    ds = lance.write_dataset(table(rng, 0, 150_000), path, max_rows_per_file=70_000, data_storage_version=version)
    ds.delete('id IN (0, 3, 4, 5, 69999, 149999)')
    ds.delete('id % 7 = 0')
    ds.delete('id >= 20000 AND id < 90000 AND id % 1000 <> 5')
    ds.delete('id < 70000')
    return ds


def changes(path, rng, version):
    """Columns added, dropped, renamed and cast; rows updated, merged, compacted; an old version restored."""
    ds = lance.write_dataset(table(rng, 0, 3000), path, max_rows_per_file=1000, data_storage_version=version)
    ds.add_columns({'twice': 'id * 2', 'text': "concat('row ', cast(id as string))"})
    ds.add_columns(pa.schema([pa.field('later', pa.float32())]))
    ds.delete('id % 5 = 1')
    ds.alter_columns({'path': 'twice', 'name': 'double'})
    ds.alter_columns({'path': 'k', 'data_type': pa.int64()})
    ds.drop_columns(['score'])
    ds.insert(pa.table({'id': pa.array(range(5000, 5100)), 'name': pa.array(['new'] * 100)}))
    ds.update({'name': "'updated'"}, where='id < 200')
    ds.merge_insert('id').when_matched_update_all().when_not_matched_insert_all().execute(
        ds.to_table().slice(50, 100).set_column(1, 'k', pa.array([77] * 100, pa.int64())))
    ds.merge(pa.table({'id': pa.array(range(0, 3000, 3)), 'joined': pa.array([f'j{i}' for i in range(1000)])}), 'id')
    ds.optimize.compact_files(target_rows_per_fragment=2000)
    ds.delete('id > 1000 AND id < 1300')
    ds.add_columns(pa.table({'again': pa.array(range(ds.count_rows()))}).to_reader())
    lance.dataset(path, version=5).restore()
    return lance.dataset(path)


def row_ids(path, rng, version):
    ds = lance.write_dataset(table(rng, 0, 900), path, max_rows_per_file=300, data_storage_version=version, enable_stable_row_ids=True)
    ds.delete('id % 10 = 3')
    ds.update({'score': '0.5'}, where='k = 4')
    ds.insert(table(rng, 5000, 70))
    ds.optimize.compact_files()
    return ds


def old_names(path, rng, version):
    ds = lance.write_dataset(table(rng, 0, 60), path, enable_v2_manifest_paths=False, data_storage_version=version)
    for i in range(11):
        ds.insert(table(rng, 100 + 10 * i, 3))
    return ds


def random_steps(path, rng, version):
    ds = lance.write_dataset(table(rng, 0, int(rng.integers(1, 800))), path, max_rows_per_file=int(rng.integers(50, 400)), data_storage_version=version,
                             enable_stable_row_ids=bool(rng.integers(0, 2)))
    for step in range(12):
        kind = int(rng.integers(0, 7))
        if kind == 0:
            low = int(rng.integers(0, 800))
            ds.delete(f'id >= {low} AND id < {low + int(rng.integers(1, 300))} AND id % {int(rng.integers(1, 4))} = 0')
        elif kind == 1:
            ds.insert(pa.table({'id': pa.array(range(1000 * step, 1000 * step + 50))}))
        elif kind == 2:
            ds.add_columns({f'c{step}': f'id + {step}'})
        elif kind == 3:
            ds.update({'name': f"'step {step}'"}, where=f'id % {int(rng.integers(2, 9))} = 1')
        elif kind == 4:
            ds.optimize.compact_files(target_rows_per_fragment=500)
        elif kind == 5 and len(ds.schema) > 4:
            ds.drop_columns([ds.schema.names[-1]])
        elif kind == 6:
            ds.alter_columns({'path': ds.schema.names[1], 'name': f'renamed {step}'})
    return ds


def made(checker, seed):
    run = checker.run
    for version in ('2.1', '2.2'):
        makers = [deletes, changes, row_ids, old_names] + [random_steps] * 6
        for turn, make in enumerate(makers):
            rng = np.random.default_rng([seed, turn])
            label, path = f'{make.__name__} {turn} {version} seed {seed}', run.path(f'{make.__name__}{turn}-{version}.lance')
            ds = make(path, rng, version)
            for entry in ds.versions():
                expected = lance.dataset(path, version=entry['version']).to_table()
                checker.table(f'{label} v{entry["version"]}', path, entry['version'], expected)
            checker.table(f'{label} newest', path, None, lance.dataset(path).to_table())


def places(checker, seed):
    """Tags, branches, clones, times; also after everything was moved."""
    run, rng = checker.run, np.random.default_rng(seed)
    home = run.path('home')
    os.mkdir(home)
    path = os.path.join(home, 'main.lance')
    ds = lance.write_dataset(table(rng, 0, 500), path, max_rows_per_file=200)
    times = []
    for i in range(3):
        times.append(time.time_ns() // 1000)
        time.sleep(0.05)
        ds.insert(table(rng, 1000 * (i + 1), 20))
        ds.delete(f'id % 50 = {i}')
    ds.tags.create('one', 1)
    ds.tags.create('mid', 4)
    branch = ds.create_branch('dev', 3)
    branch.delete('id < 30')
    branch.insert(table(rng, 9000, 15))
    second = branch.create_branch('team/deep')
    second.delete('id >= 9000 AND id % 2 = 0')
    ds.tags.create('on-dev', ('dev', 4))
    ds.shallow_clone(os.path.join(home, 'clone.lance'), 'mid')
    clone = lance.dataset(os.path.join(home, 'clone.lance'))
    clone.delete('id % 3 = 0')
    ds = lance.dataset(path)
    tables = [
        ({'tag': 'one'}, ds.checkout_version('one').to_table()), ({'tag': 'mid'}, ds.checkout_version('mid').to_table()),
        ({'branch': 'dev'}, ds.checkout_version(('dev', None)).to_table()), ({'branch': 'dev', 'version': 4}, ds.checkout_version(('dev', 4)).to_table()),
        ({'tag': 'on-dev'}, ds.checkout_version(('dev', 4)).to_table()), ({'branch': 'team/deep'}, ds.checkout_version(('team/deep', None)).to_table()),
        *(({'as_of': at}, lance.dataset(path, version=1 + 2 * i).to_table()) for i, at in enumerate(times)),
        ({'as_of': 1 << 52}, ds.to_table())]
    cloned = clone.to_table()
    moved = run.path('moved')
    for folder in (home, moved):
        for version, expected in tables:
            checker.table(f'{os.path.basename(folder)} {version}', os.path.join(folder, 'main.lance'), version, expected)
        checker.table(f'{os.path.basename(folder)} clone', os.path.join(folder, 'clone.lance'), None, cloned)
        if folder == home:
            shutil.move(home, moved)
    run.check('two at once', lambda: expect_error(lambda: checker.lancekit.count(os.path.join(moved, 'main.lance'), {'version': 1, 'tag': 'one'}), 'invalid argument', 'together'))


def main():
    lancekit, run = Lancekit(sys.argv[1]), Runner()
    checker = Checker(lancekit, run)
    if os.path.isdir(CORPUS):
        corpus(checker)
        print(f'corpus: {checker.versions} versions', flush=True)
    else:
        print('no ../shared/corpus')
    seed = int(os.environ.get('LANCEKIT_SEED', '20261121'))
    places(checker, seed)
    made(checker, seed)
    print(f'{checker.versions} versions', flush=True)
    run.finish()


if __name__ == '__main__':
    main()
