"""Random tables from a seed: any type that Lance holds, any shape of data, field metadata, settings, and what to read of them."""
import dataclasses

import numpy as np
import pyarrow as pa

from columns import flat_types, make, nulls, patterns, width
from comparison import below, has, is_list, is_text, rebuilt
from nested import is_fixed_of_structs, validity

RATES = (0, 0, 0, 0.02, 0.2, 0.6, 1)
EMPTIES = (0, 0.1, 0.5, 0.95, 1)
LENGTHS = (1, 2, 4, 10, 60)
ROWS = (0, 1, 2, 63, 100, 256, 300, 999, 1024, 1025, 3000)
HINTS = {
    'compression': ('zstd', 'lz4', 'fsst', 'none'), 'compression-level': ('0', '1', '3', '9', '19'), 'structural-encoding': ('miniblock', 'fullzip'),
    'rle-threshold': ('0.0', '0.1', '0.5', '1.0'), 'bss': ('off', 'on', 'auto'), 'dict-size-ratio': ('0.1', '0.8', '1.0'), 'dict-divisor': ('1', '2', '10'),
    'dict-values-compression': ('none', 'lz4', 'zstd'), 'minichunk-size': ('64', '512', '8192', '40000'),
}
KEYS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
WORDS = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.bool_(), pa.int8(), pa.uint32(), pa.int64(), pa.float32(), pa.float64())
COMMON = (pa.int32(), pa.int64(), pa.string(), pa.bool_(), pa.float64(), pa.timestamp('us', 'UTC'), pa.binary(), pa.date32(), pa.large_string())
WIDE = (pa.list_(pa.float32(), 100), pa.binary(300), pa.list_(pa.float64(), 5000), pa.list_(pa.int16(), 128), pa.binary(40_000), pa.list_(pa.uint8(), 1000))
EXTENSIONS = (pa.uuid(), pa.bool8(), pa.fixed_shape_tensor(pa.float32(), (2, 3)), pa.opaque(pa.int32(), 'kind', 'vendor'))
STRUCT = pa.struct([('x', pa.int32())])
IMPOSSIBLE = {   # what Lance cannot hold, in which versions
    pa.list_(pa.string(), 2): '2.1 2.2', pa.list_(pa.list_(pa.int32()), 2): '2.1 2.2', pa.list_(pa.list_(STRUCT, 1)): '2.1 2.2',
    pa.list_(pa.struct([('x', pa.list_(pa.int32()))]), 1): '2.1 2.2', pa.list_(pa.struct([])): '2.1 2.2', pa.list_(pa.dictionary(pa.int8(), pa.string()), 2): '2.1 2.2',
    pa.dictionary(pa.int8(), pa.timestamp('us')): '2.1 2.2', pa.dictionary(pa.int8(), pa.decimal128(9, 2)): '2.1 2.2', pa.month_day_nano_interval(): '2.1 2.2',
    pa.map_(pa.string(), pa.int32()): '2.1', pa.list_(STRUCT, 3): '2.1', pa.list_view(pa.int32()): '2.1 2.2', pa.run_end_encoded(pa.int32(), pa.int64()): '2.1 2.2',
    pa.sparse_union([pa.field('a', pa.int32())]): '2.1 2.2',
}
PACKED_LISTS = (pa.list_(pa.float32(), 3), pa.list_(pa.int64(), 40), pa.list_(pa.list_(pa.float32(), 16), 4))   # beside those of FLAT
FLAT = tuple(t for t in flat_types().values() if width(t) <= 64)
SOME_VERSIONS = ('2.0', '2.1', '2.2')


def has_blobs(field):
    """At the field or in structs below it."""
    t = field.type
    return (field.metadata or {}).get(b'lance-encoding:blob') == b'true' or (pa.types.is_struct(t) and any(has_blobs(t.field(i)) for i in range(t.num_fields)))


def is_packed(field):
    """Of our own tables; also where this is not asked for, so that the same things are selected."""
    return pa.types.is_struct(field.type) and field.type.num_fields > 0 and field.type.field(0).name == 'p0'


@dataclasses.dataclass
class RandomTable:
    version: str
    number: int
    table: pa.Table         # as it is written by us: slices, several chunks, dictionaries of their own, garbage under nulls
    settings: dict          # of ours when writing
    their_settings: dict    # of pylance when writing
    in_folder: bool         # pylance writes a dataset, not a file
    batch_rows: int
    rows: list              # to take, negative ones too
    offset: int
    limit: int
    columns: list           # to select: names and dotted paths
    impossible: bool        # the last column is of a type that Lance cannot hold

    def plain(self):
        """The table in one piece, nothing below its nulls."""
        columns = [pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type) for column in self.table.columns]
        return pa.table([column.take(pa.array(range(len(column)), pa.int64())) for column in columns], schema=self.table.schema)

    def selected(self):
        """The columns selected, from the table."""
        return pa.table([select(self.table[path.split('.')[0]], path.split('.')[1:]) for path in self.columns],
                        names=[path.split('.')[0] for path in self.columns])


class Generator:
    """One table, the same one for the same seed, version and number."""

    def __init__(self, seed, version, number):
        self.rng = np.random.default_rng((seed, SOME_VERSIONS.index(version), number))
        self.version, self.number = version, number

    def one_of(self, values):
        return values[int(self.rng.integers(0, len(values)))]

    def chance(self, rate):
        return self.rng.random() < rate

    # ---------------------------------------------------------------- types

    def table(self):
        n = self.one_of(ROWS) if self.chance(0.3) else int(self.rng.integers(1, 300))
        fields = [self.column(i) for i in range(int(self.rng.choice((1, 1, 2, 3, 4))))]
        if any(width(t) > 1000 for f in fields for t in leaves(f.type)):
            n = min(n, 40)
        if any(has(f.type, is_fixed_of_structs) for f in fields):
            fields = fields[:1] if has(fields[0].type, is_fixed_of_structs) else [f for f in fields if not has(f.type, is_fixed_of_structs)]
        skip = int(self.one_of((0, 0, 0, 1, 7, 13)))
        whole = [self.chunked(field, n + skip) for field in fields]
        names = [path for field in fields for path in paths(field)]
        impossible = [t for t, versions in IMPOSSIBLE.items() if self.version in versions] if self.chance(0.03) else []
        if impossible:
            t = self.one_of(impossible)
            whole = [*whole, pa.nulls(n + skip, t)]
            fields = fields + [pa.field('refused', t)]
        columns = [self.one_of(names)] + [f.name for f in fields if self.chance(0.2)]
        return RandomTable(
            self.version, self.number, pa.table(whole, schema=pa.schema(fields)).slice(skip), self.settings(n), *self.their_settings(n),
            batch_rows=self.one_of((1, 7, 64, 100, 1000, 1024, 1 << 16)) if n <= 300 else self.one_of((64, 1000, 1024, 1 << 16)),
            rows=[int(i) for i in self.rng.integers(-n, n, int(self.one_of((1, 5, 60))))] if n else [],
            offset=int(self.rng.integers(0, n + 2)), limit=int(self.rng.integers(0, n + 2)),
            columns=[path for i, path in enumerate(columns) if path.split('.')[0] not in [other.split('.')[0] for other in columns[:i]]],
            impossible=bool(impossible))

    def settings(self, n):
        return {'page_bytes': self.one_of((0, 0, 1, 1000, 20_000)), 'max_rows_per_file': self.one_of((0, 0, 0, 1 + n // 3, 1 + n // 2)),
                'batch_rows': self.one_of((None, None, 1 + n // 7, 100))}

    def their_settings(self, n):
        in_folder = self.chance(0.5)
        settings = {}
        if self.chance(0.4):
            settings['data_cache_bytes'] = self.one_of((1, 1024, 65536))
        if self.chance(0.3):
            settings['max_page_bytes'] = self.one_of((4096, 100_000))
        if in_folder and self.chance(0.4):
            settings['max_rows_per_file'] = 1 + n // int(self.rng.integers(1, 4))
        return settings, in_folder

    def column(self, i):
        name = f'c{i}' if self.chance(0.9) else f'{self.one_of(("ż", "a b", "item", "C-"))}{i}'
        if self.chance(0.05):
            return self.blob(name)
        if self.chance(0.06):
            return pa.field(name, self.one_of(WIDE), metadata=self.hints())
        if self.chance(0.03):
            return pa.field(name, self.one_of(EXTENSIONS))
        if self.chance(0.06) and self.version == '2.2':
            return self.field(name, pa.list_(self.field('item', pa.struct([self.field(f's{j}', self.flat()) for j in range(int(self.rng.integers(1, 4)))]), True),
                                             int(self.rng.integers(1, 5))))
        return self.nested(name, int(self.one_of((0, 1, 2, 2, 3, 4, 5))))

    def nested(self, name, depth, in_list=False, all_valid=True):
        """A field; `all_valid`: nothing above it is ever null."""
        kinds = ['flat', 'struct', 'list', 'large_list'] + ['map'] * (self.version == '2.2')
        kind = 'flat' if depth == 0 else self.one_of(kinds[0 if depth < 3 else 1:])
        if kind == 'flat':
            # Structs hold them in blob pages only, lists never.
            return self.blob(name) if self.version == '2.1' and not in_list and self.chance(0.03) else self.field(name, self.flat())
        if kind == 'struct':
            if self.chance(0.15) and not (self.version == '2.0' and in_list):
                return self.packed_struct(name)
            nullable = self.chance(0.7)
            below_valid = all_valid and not nullable and not in_list
            children = [self.nested(f'f{i}', depth - 1, in_list, below_valid) for i in range(int(self.rng.integers(1, 4)))]
            if below_valid and self.version != '2.0' and self.chance(0.1):
                children.append(pa.field('e', pa.struct([]), False))
            return self.field(name, pa.struct(children), nullable)
        if kind == 'map':
            key = self.one_of((pa.string(), pa.int32(), pa.binary(), pa.date32(), pa.float64(), pa.bool_()))
            return self.field(name, pa.map_(pa.field('key', key, False), self.nested('value', depth - 1, True, False)))
        item = self.nested(self.one_of(('item', 'item', 'element')), depth - 1, True, False)
        return self.field(name, (pa.list_ if kind == 'list' else pa.large_list)(item))

    def blob(self, name):
        return pa.field(name, pa.large_binary(), self.chance(0.8), metadata={'lance-encoding:blob': 'true'})

    def packed_struct(self, name):
        kinds = [t for t in (*FLAT, *PACKED_LISTS) if not has(t, pa.types.is_boolean) and not has(t, pa.types.is_dictionary) and not pa.types.is_null(t)]
        if self.version != '2.2':
            kinds = [t for t in kinds if not is_text(t)]
        if self.version == '2.1':
            kinds = [t for t in kinds if not pa.types.is_fixed_size_list(t)]
        fields = [pa.field(f'p{i}', self.one_of(kinds), False) for i in range(int(self.rng.integers(1, 5)))]
        return pa.field(name, pa.struct(fields), self.version != '2.0' and self.chance(0.4), metadata={'lance-encoding:packed': 'true'})

    def flat(self):
        if self.chance(0.4):
            return self.one_of(COMMON)
        return pa.dictionary(self.one_of(KEYS), self.one_of(WORDS)) if self.chance(0.15) else self.one_of(FLAT)

    def field(self, name, t, nullable=None):
        if nullable is None:
            nullable = pa.types.is_null(t) or self.chance(0.8)
        return pa.field(name, t, nullable, metadata=self.hints())

    def hints(self):
        if self.chance(0.7):
            return None
        chosen = [key for key in HINTS if self.chance(0.3)]
        return {f'lance-encoding:{key}': self.one_of(HINTS[key]) for key in chosen} or None

    # ---------------------------------------------------------------- values

    def chunked(self, field, n):
        """A column of n rows, in one or in several arrays of their own."""
        keys_may_run_out = has(field.type, lambda t: pa.types.is_dictionary(t) and t.index_type.bit_width == 8)
        cuts = sorted(int(i) for i in self.rng.integers(0, n + 1, int(self.one_of((0, 0, 0, 1, 2))))) if not keys_may_run_out else []
        self.null_words = not cuts and self.chance(0.2)   # pyarrow cannot join such dictionaries
        return pa.chunked_array([self.array(field, stop - start) for start, stop in zip([0, *cuts], [*cuts, n])], field.type)

    def array(self, field, n, limit=20_000):
        """n values; about `limit` leaves at most below them."""
        t = field.type
        rate = self.one_of(RATES) if field.nullable else 0
        if isinstance(t, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(t, self.array(field.with_type(t.storage_type), n, limit))
        if pa.types.is_struct(t):
            return self.struct_array(field, n, rate, limit)
        if is_list(t) or is_fixed_of_structs(t):
            return self.list_array(field, n, rate, limit)
        kinds = [kind for kind in patterns(t) if kind != 'huge' or n < 20] + ['small', 'short'] * self.chance(0.3)
        kinds = [kind for kind in kinds if kind in patterns(t)]
        values = make(t, n, rate, self.one_of(kinds), self.rng)
        return self.with_null_words(values) if field.nullable else values

    def with_null_words(self, a):
        """Some dictionaries hold a null themselves."""
        if not pa.types.is_dictionary(a.type) or len(a.dictionary) == 0 or not self.null_words:
            return a
        words = a.dictionary.take(pa.array([None, *range(1, len(a.dictionary))], pa.int64()))
        return pa.DictionaryArray.from_arrays(a.indices, words)

    def struct_array(self, field, n, rate, limit):
        t = field.type
        mask = nulls(n, 0 if self.version == '2.0' or t.num_fields == 0 else rate, self.rng)
        children = [self.array(t.field(i), n, limit) for i in range(t.num_fields)]
        return pa.Array.from_buffers(t, n, [validity(mask)], children=children)

    def list_array(self, field, n, rate, limit):
        t, item = field.type, field.type.field(0)
        mask = nulls(n, rate, self.rng)
        if pa.types.is_fixed_size_list(t):
            return pa.Array.from_buffers(t, n, [validity(mask)], children=[self.array(item, n * t.list_size, limit)])
        longest = max(1, min(int(self.one_of(LENGTHS)), 2 * limit // max(1, n)))
        lengths = self.rng.integers(1, longest + 1, n) * (self.rng.random(n) >= self.one_of(EMPTIES))
        if self.chance(0.1) and n:
            lengths[int(self.rng.integers(0, n))] = min(5000, limit)
        if rate == 1 or self.chance(0.5):
            lengths[mask] = 0   # elsewhere garbage lies under the nulls
        if int(lengths.sum()) > 2 * limit:
            lengths[:] = lengths > 0
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype('i8' if pa.types.is_large_list(t) else 'i4')
        child = self.array(item.with_nullable(False) if pa.types.is_map(t) else item, int(offsets[-1]), limit)
        return pa.Array.from_buffers(t, n, [validity(mask), pa.py_buffer(offsets)], children=[child])


def leaves(t):
    return [leaf for i in range(t.num_fields) for leaf in leaves(t.field(i).type)] if t.num_fields and not pa.types.is_fixed_size_list(t) else [t]


def paths(field):
    """The field and what can be selected below it, as dotted paths. Inside a map there is nothing to select."""
    t = field.type
    inside = [] if pa.types.is_map(t) or is_packed(field) or (pa.types.is_fixed_size_list(t) and not is_fixed_of_structs(t)) else \
        [path for i in range(t.num_fields) for path in paths(t.field(i))]
    return [field.name] + [f'{field.name}.{path}' for path in inside]


def select(column, path):
    """What a column looks like with only the field at the path, a list of names, below it."""
    if isinstance(column, pa.ChunkedArray):
        chunks = [select(chunk, path) for chunk in column.chunks]
        return pa.chunked_array(chunks) if chunks else pa.chunked_array([], select(pa.array([], column.type), path).type)
    if not path:
        return column
    fields = [column.type.field(i) for i in range(column.type.num_fields)]
    at = [field.name for field in fields].index(path[0])
    child = select(below(column)[0][at], path[1:])
    return rebuilt(column, [fields[at].with_type(child.type)], [child])


def random_table(seed, version, number):
    return Generator(seed, version, number).table()
