"""Nested arrays to test with: any type, nulls and empties at every level, garbage under nulls; and their comparison."""
import numpy as np
import pyarrow as pa

from columns import is_text, make, nulls, patterns

LEAVES = (pa.int32(), pa.int64(), pa.string(), pa.bool_(), pa.float64(), pa.large_string(), pa.int8(), pa.binary(3), pa.time64('us'),
          pa.decimal128(20, 3), pa.null(), pa.dictionary(pa.int16(), pa.string()), pa.dictionary(pa.int32(), pa.large_string()), pa.list_(pa.float32(), 3),
          pa.list_(pa.bool_(), 5), pa.binary())


def is_list(t):
    return pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_map(t)


def has(t, test):
    """True when the type or one below it passes."""
    if test(t):
        return True
    return any(has(t.field(i).type, test) for i in range(t.num_fields))


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
    kinds = patterns(t)
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


def decoded(t):
    """The type without dictionaries, which readers may join differently."""
    if pa.types.is_dictionary(t):
        return t.value_type
    if pa.types.is_struct(t):
        return pa.struct([t.field(i).with_type(decoded(t.field(i).type)) for i in range(t.num_fields)])
    if pa.types.is_map(t):
        return pa.map_(decoded(t.key_type), decoded(t.item_type))
    if pa.types.is_list(t):
        return pa.list_(t.value_field.with_type(decoded(t.value_type)))
    if pa.types.is_large_list(t):
        return pa.large_list(t.value_field.with_type(decoded(t.value_type)))
    return t


def difference(expected, got):
    """None, or what differs first."""
    a, b = (c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in (expected, got))
    if isinstance(a, pa.ChunkedArray):   # of no chunk
        a, b = (pa.concat_arrays(c.chunks) if c.num_chunks else pa.array([], c.type) for c in (a, b))
    if a.type != b.type:
        return f'type {a.type} and {b.type}'
    if len(a) != len(b):
        return f'{len(a)} and {len(b)} rows'
    if not has(a.type, pa.types.is_dictionary) and not has(a.type, pa.types.is_floating) and a.equals(b):
        return None
    for row, (x, y) in enumerate(zip(a.to_pylist(), b.to_pylist())):
        if repr(x) != repr(y):   # NaN is equal to NaN, 0.0 is not -0.0
            return f'row {row}: {str(x)[:150]} and {str(y)[:150]}'
    return None


def differences(expected, got):
    if expected.schema.names != got.schema.names:
        return [f'columns {expected.schema.names} and {got.schema.names}']
    found = [(name, difference(expected[name], got[name])) for name in expected.schema.names]
    return [f'{name}: {text}' for name, text in found if text]
