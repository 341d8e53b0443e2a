"""Nested arrays to test with: any type, nulls and empties at every level, garbage under nulls."""
import numpy as np
import pyarrow as pa

from columns import make, nulls, patterns
from comparison import is_list

LEAVES = (pa.int32(), pa.int64(), pa.string(), pa.bool_(), pa.float64(), pa.large_string(), pa.int8(), pa.binary(3), pa.time64('us'),
          pa.decimal128(20, 3), pa.null(), pa.dictionary(pa.int16(), pa.string()), pa.dictionary(pa.int32(), pa.large_string()), pa.list_(pa.float32(), 3),
          pa.list_(pa.bool_(), 5), pa.binary())


def is_fixed_of_structs(t):
    return pa.types.is_fixed_size_list(t) and pa.types.is_struct(t.value_type)


def validity(mask):
    return pa.py_buffer(np.packbits(~mask, bitorder='little')) if mask.any() else None


def make_nested(t, n, rng, rate=0.2, empty=0.2, length=4, required=False, pattern=None):
    """n values of type t; `rate` of each level null, `empty` of the lists empty, the others up to `length` items."""
    mask = nulls(n, 0 if required else rate, rng)
    below = dict(rate=rate, empty=empty, length=length, pattern=pattern)
    if pa.types.is_struct(t):
        if t.num_fields == 0:
            mask[:] = False
        children = [make_nested(t.field(i).type, n, rng, required=not t.field(i).nullable, **below) for i in range(t.num_fields)]
        return pa.Array.from_buffers(t, n, [validity(mask)], children=children)
    if is_list(t):
        lengths = rng.integers(1, length + 1, n) * (rng.random(n) >= empty)   # null lists keep theirs: garbage
        if rate == 1:
            lengths[:] = 0
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype('i8' if pa.types.is_large_list(t) else 'i4')
        item = t.field(0)
        child = make_nested(item.type, int(offsets[-1]), rng, required=not item.nullable or pa.types.is_map(t), **below)
        return pa.Array.from_buffers(t, n, [validity(mask), pa.py_buffer(offsets)], children=[child])
    if is_fixed_of_structs(t):
        return pa.Array.from_buffers(t, n, [validity(mask)], children=[make_nested(t.value_type, n * t.list_size, rng, **below)])
    kinds = [kind for kind in patterns(t) if n <= 20_000 or kind not in ('huge', 'long')]   # 2 GiB of text in a column at most
    return make(t, n, 0 if required else rate, pattern if pattern in kinds else kinds[int(rng.integers(0, len(kinds)))] if pattern is None else kinds[0], rng)


def random_type(rng, depth, version, inside_list=False):
    kinds = ['leaf', 'struct', 'list', 'large_list'] + ['map'] * (version != '2.1')
    kind = 'leaf' if depth == 0 else kinds[int(rng.integers(0 if depth < 4 else 1, len(kinds)))]
    if kind == 'leaf':
        return LEAVES[int(rng.integers(0, len(LEAVES)))]
    if kind == 'struct':
        return pa.struct([(f'f{i}', random_type(rng, depth - 1, version)) for i in range(int(rng.integers(1, 4)))])
    if kind == 'map':
        return pa.map_(pa.string() if rng.random() < 0.5 else pa.int32(), random_type(rng, depth - 1, version))
    return (pa.list_ if kind == 'list' else pa.large_list)(random_type(rng, depth - 1, version))
