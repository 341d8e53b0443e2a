#!/usr/bin/env python3
"""Nested columns written by us: many shapes, nulls and empties at every level, slices, pages of any size; read by pylance.

usage: nested_test.py BRIDGE_LIBRARY [NUMBER_OF_RANDOM_TABLES [SEED]]
"""
import sys

import lance
import lance.file
import numpy as np
import pyarrow as pa

from columns import VERSIONS
from comparison import differences, has
from lancekit_bridge import Lancekit, LancekitError
from nested import is_fixed_of_structs, make_nested, random_type
from reference import Reference, Runner

ROWS = 800
INT, TEXT = pa.int32(), pa.string()
LISTS = pa.list_(pa.struct([('a', pa.list_(TEXT)), ('b', pa.int64())]))


def shapes(version):
    """Name -> (type, how to make it)."""
    types = {str(t): t for t in (
        pa.struct([('x', INT), ('y', TEXT)]), pa.struct([('s', pa.struct([('t', pa.struct([('x', pa.bool_())]))]))]),
        pa.list_(INT), pa.large_list(TEXT), pa.list_(pa.bool_()), pa.list_(pa.null()), pa.struct([('n', pa.null()), ('x', INT)]), LISTS,
        pa.list_(pa.list_(pa.list_(pa.int8()))), pa.large_list(pa.struct([('x', pa.list_(pa.float64()))])), pa.struct([('l', pa.list_(INT)), ('x', INT)]),
        pa.list_(pa.list_(pa.float32(), 2)), pa.struct([('v', pa.list_(pa.float32(), 80))]), pa.list_(pa.list_(pa.float32(), 80)),
        pa.list_(pa.dictionary(pa.int8(), TEXT)), pa.struct([('d', pa.dictionary(pa.int16(), pa.large_string())), ('x', INT)]), pa.list_(pa.binary(300)),
        pa.list_(pa.struct([('a', INT), ('b', pa.struct([('c', pa.list_(pa.struct([('d', TEXT)])))]))])), pa.list_(pa.decimal128(20, 3)))}
    if version != '2.1':
        types |= {str(t): t for t in (
            pa.map_(TEXT, INT), pa.map_(INT, pa.list_(pa.struct([('x', pa.map_(TEXT, pa.float64()))]))), pa.list_(pa.map_(TEXT, TEXT)),
            pa.list_(pa.struct([('x', INT), ('y', TEXT)]), 2), pa.struct([('f', pa.list_(pa.struct([('x', INT)]), 3))]),
            pa.list_(pa.struct([('g', pa.list_(pa.struct([('x', pa.int16())]), 2))]), 3))}
    made = {name: (t, {}) for name, t in types.items()}
    for t in (pa.list_(INT), LISTS, pa.struct([('x', INT), ('y', TEXT)]), pa.list_(pa.dictionary(INT, TEXT))):
        made |= {f'{t}, {name}': (t, options) for name, options in {
            'no nulls': dict(rate=0), 'no nulls, no empties': dict(rate=0, empty=0), 'all null': dict(rate=1), 'all empty': dict(rate=0, empty=1),
            'null or empty': dict(rate=0.5, empty=1), 'mostly empty': dict(rate=0.1, empty=0.99), 'long lists': dict(rate=0.05, length=400),
            'runs': dict(pattern='runs'), 'constant': dict(pattern='constant'), 'constant without nulls': dict(pattern='constant', rate=0),
            'few': dict(pattern='few', length=20), 'long texts': dict(pattern='long', length=2), 'huge texts': dict(pattern='huge', length=1),
        }.items()}
    return made


class Nested:
    def __init__(self, lancekit, run, rng, version):
        self.lancekit, self.run, self.rng, self.version = lancekit, run, rng, version
        self.reference = Reference()

    def check(self, name, table, ours='--ours' in sys.argv, **options):
        """Writes a folder and reads all of it, batches of it and some rows, by pylance and by us."""
        path = self.run.path('nested.lance')
        name = f'{name}, {self.version}, {options}'
        if not self.run.check(f'write {name}', lambda: self.lancekit.write(path, table, version=self.version, **options) or []):
            return
        rows = self.rng.integers(0, len(table), 20).tolist() if len(table) else []
        taken = table.take(pa.array(rows, pa.int64()))
        def pylance(call):
            try:
                return call(lance.dataset(path))
            except BaseException as error:
                raise self.reference._as_exception(error) from None
        self.run.check(f'pylance reads {name}', lambda: differences(table, pylance(lambda d: d.to_table())))
        self.run.check(f'pylance scans {name}', lambda: differences(table, pylance(lambda d: d.scanner(batch_size=97).to_table())))
        if rows:
            self.run.check(f'pylance takes {name}', lambda: differences(taken, pylance(lambda d: d.take(rows))))
        if ours:
            self.run.check(f'we read {name}', lambda: differences(table, self.lancekit.read(path)))

    def table(self, arrays):
        n = len(next(iter(arrays.values())))
        if any(has(a.type, is_fixed_of_structs) for a in arrays.values()):
            return pa.table(arrays)   # reference bug 2: cannot be scanned beside other columns
        return pa.table({'row': pa.array(np.arange(n)), **arrays})

    def check_shapes(self):
        for number, (name, (t, options)) in enumerate(shapes(self.version).items()):
            whole = make_nested(t, ROWS + 20, self.rng, **options)
            table = self.table({'c': whole.slice(13, ROWS)})
            self.check(name, table)
            self.check(name, table, page_bytes=(1500, 10_000)[number % 2], batch_rows=(100, 1777)[number % 2])
            self.check(name, table.slice(5, 60), page_bytes=1)
            self.check(name, table.slice(0, 0))
            self.check(name, table.slice(7, 1), max_rows_per_file=1)

    def check_sparse(self):
        """Rows that no chunk can hold, and few values among many nulls."""
        n = 100_000
        few = np.zeros(n, 'i4')
        few[[0, 1, 30_000, 55_555, 55_556, 99_000]] = 3
        offsets = np.concatenate([[0], np.cumsum(few)]).astype('i4')
        for t in (INT, TEXT, pa.bool_(), pa.list_(pa.float32(), 2)):
            sparse = pa.ListArray.from_arrays(pa.array(offsets), make_nested(t, int(offsets[-1]), self.rng))
            self.check(f'few lists of {t}', self.table({'c': sparse}))
            inner = pa.ListArray.from_arrays(pa.array(offsets), make_nested(t, int(offsets[-1]), self.rng))
            rows = pa.ListArray.from_arrays(pa.array(np.array([0, 3, 3, 29_000, 99_990, n], 'i4')), inner)
            self.check(f'rows with many empty lists of {t}', self.table({'c': rows}))
            dense = pa.ListArray.from_arrays(pa.array(np.array([0, 5, 5, 70_000, 200_000], 'i4')), make_nested(t, 200_000, self.rng))
            self.check(f'rows over many chunks of {t}', self.table({'c': dense}))
            for rate in (0.9, 0.99, 0.999):
                self.check(f'{rate} null lists of {t}', self.table({'c': make_nested(pa.list_(t), n, self.rng, rate=rate, empty=0)}))

    def check_same_bytes(self):
        """Batches and threads do not change the files."""
        path = self.run.path('same.lance')
        def written(table, **options):
            self.lancekit.write(path, table, version=self.version, single_file=True, page_bytes=4000, **options)
            return open(path, 'rb').read()
        for t in (LISTS, pa.struct([('x', INT), ('y', TEXT)]), pa.list_(pa.bool_()), pa.list_(pa.dictionary(pa.int8(), TEXT)), pa.list_(pa.list_(INT))):
            table = pa.table({'c': make_nested(t, ROWS, self.rng)})
            expected = written(table)
            for options in ({'batch_rows': 1}, {'batch_rows': 7}, {'batch_rows': 1000}, {'threads': 4}):
                self.run.check(f'same bytes of {t} with {options}, {self.version}', lambda: [] if written(table, **options) == expected else ['other bytes'])

    def check_refusals(self):
        path = self.run.path('refused.lance')
        struct = pa.struct([('x', INT)])
        refused = {'empty struct with nulls': pa.Array.from_buffers(pa.struct([]), 2, [pa.py_buffer(b'\x01')]),
                   'list of empty structs': pa.array([[{}]], pa.list_(pa.struct([]))),
                   'list of fixed-size lists of structs': pa.array([[[{'x': 1}]]], pa.list_(pa.list_(struct, 1))),
                   'fixed-size list of structs of lists': pa.array([[{'x': [1]}]], pa.list_(pa.struct([('x', pa.list_(INT))]), 1))}
        if self.version == '2.1':
            refused |= {'map': pa.array([[('a', 1)]], pa.map_(TEXT, INT)), 'fixed-size list of structs': pa.array([[{'x': 1}]], pa.list_(struct, 1))}
        required = pa.Array.from_buffers(pa.list_(pa.field('item', INT, False)), 1, [None, pa.py_buffer(np.array([0, 2], 'i4'))], children=[pa.array([1, None], INT)])
        for name, array in {**refused, 'null item': required}.items():
            def refuses():
                try:
                    self.lancekit.write(path, pa.table({'c': array}), version=self.version)
                except LancekitError as error:
                    wanted = 'invalid argument' if name == 'null item' else 'unsupported'
                    return [] if error.code == wanted and 'c' in str(error) else [str(error)]
                return ['no error']
            self.run.check(f'{name} is refused, {self.version}', refuses)

    def check_random(self, count):
        for number in range(count):
            n = int(self.rng.integers(1, 2000))
            arrays = {}
            for i in range(int(self.rng.integers(1, 4))):
                options = dict(rate=float(self.rng.choice([0, 0.05, 0.3])), empty=float(self.rng.choice([0, 0.2, 0.8])), length=int(self.rng.choice([1, 3, 30])))
                arrays[f'c{i}'] = make_nested(random_type(self.rng, 4, self.version), n, self.rng, **options)
            start = int(self.rng.integers(0, n))
            self.check(f'random table {number}', self.table(arrays).slice(start), page_bytes=int(self.rng.choice([0, 1000, 20_000])))


def check_empty_structs(nested):
    """Reference bug 1: pylance reads the fields behind an empty struct as null, so only the last place is compared."""
    last = pa.struct([('x', INT), ('e', pa.struct([]))])
    nested.check('empty struct', pa.table({'c': pa.array([{}] * 5, pa.struct([]))}))
    nested.check('empty struct in a struct', pa.table({'c': make_nested(last, 50, nested.rng, required=True)}))


def main():
    run = Runner()
    lancekit = Lancekit(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    for version in VERSIONS:
        nested = Nested(lancekit, run, np.random.default_rng(seed), version)
        for check in (nested.check_shapes, nested.check_sparse, nested.check_same_bytes, nested.check_refusals, lambda: check_empty_structs(nested),
                      lambda: nested.check_random(count)):
            check()
            print(f'{version}: {run.passed} passed, {len(run.failures)} failed', flush=True)
    print(f'seed {seed}')
    run.finish()


if __name__ == '__main__':
    main()
