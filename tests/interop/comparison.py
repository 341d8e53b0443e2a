"""The comparison of columns and tables of any type: types, nulls at every level, boundaries of lists, values."""
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def is_text(t):
    return pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_binary(t) or pa.types.is_large_binary(t)


def is_list(t):
    """Lists of any length; a map is one of key-value pairs."""
    return pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_map(t)


def has(t, test):
    """True when the type or one below it passes."""
    return test(t) or any(has(t.field(i).type, test) for i in range(t.num_fields))


def difference(a, b):
    """None when two columns have the same type, nulls and values (NaN equals NaN, -0.0 is not 0.0), or what differs first."""
    if a.type != b.type:
        return f'type {a.type} and {b.type}'
    if len(a) != len(b):
        return f'{len(a)} and {len(b)} rows'
    # Arrow's own comparison takes 0.0 for -0.0 and NaN for different from itself.
    exact = not has(a.type, lambda t: pa.types.is_floating(t) or pa.types.is_dictionary(t) or isinstance(t, pa.BaseExtensionType))
    for row, x, y in _pieces(a, b):
        if exact and x.equals(y):
            continue
        at = _first_difference(x, y, np.arange(len(x)), np.arange(len(x)))
        if at is not None:
            return f'row {row + at}: {_shown(x.slice(at, 1))} and {_shown(y.slice(at, 1))}'
    return None


def differences(expected, got):
    """[text] of what differs between two tables."""
    if expected.schema.names != got.schema.names:
        return [f'columns {expected.schema.names} and {got.schema.names}']
    found = [(name, difference(expected[name], got[name])) for name in expected.schema.names]
    return [f'{name}: {text}' for name, text in found if text]


def _shown(array):
    try:
        text = repr(array[0].as_py())
    except Exception:   # a date that Python cannot hold
        text = ' '.join(array.to_string().split())
    return text if len(text) <= 160 else f'{text[:160]}…'


def _pieces(a, b):
    """(row, array, array) of the same rows. Dictionaries of different chunks need not fit together, so such chunks stay apart."""
    chunks = [[chunk for chunk in c.chunks if len(chunk)] if isinstance(c, pa.ChunkedArray) else [c] for c in (a, b)]
    if not has(a.type, pa.types.is_dictionary):
        chunks = [[pa.concat_arrays(c) if len(c) != 1 else c[0]] if c else [] for c in chunks]
    starts = sorted({int(start) for c in chunks for start in np.cumsum([0] + [len(chunk) for chunk in c])})
    for start, stop in zip(starts, starts[1:]):
        yield start, *(_slice(c, start, stop) for c in chunks)


def _slice(chunks, start, stop):
    for chunk in chunks:
        if start < len(chunk):
            return chunk.slice(start, stop - start)
        start, stop = start - len(chunk), stop - len(chunk)
    raise IndexError(start)


def below(a):
    """The arrays below, of exactly the slots of `a`, and the buffers of `a` that go with them."""
    t, start, stop = a.type, a.offset, a.offset + len(a)
    buffers = [pa.array(a.is_valid()).buffers()[1] if a.null_count else None]
    if pa.types.is_struct(t):
        return [a.field(i) for i in range(t.num_fields)], buffers
    if pa.types.is_fixed_size_list(t):
        return [a.values.slice(start * t.list_size, len(a) * t.list_size)], buffers
    if not is_list(t):
        return [], buffers
    width = 'i8' if pa.types.is_large_list(t) else 'i4'
    offsets = np.frombuffer(a.buffers()[1], width)[start:stop + 1] if len(a) else np.zeros(1, width)
    return [a.values.slice(offsets[0], offsets[-1] - offsets[0])], [*buffers, pa.py_buffer(offsets - offsets[0])]


def rebuilt(a, fields, children):
    """The nested array with other fields and arrays below it."""
    if pa.types.is_struct(a.type):
        t = pa.struct(fields)
    elif pa.types.is_fixed_size_list(a.type):
        t = pa.list_(fields[0], a.type.list_size)
    elif pa.types.is_map(a.type):
        t = pa.map_(fields[0].type.field(0), fields[0].type.field(1))
    else:
        t = (pa.large_list if pa.types.is_large_list(a.type) else pa.list_)(fields[0])
    return pa.Array.from_buffers(t, len(a), below(a)[1], children=children)


def _first_difference(a, b, in_a, in_b):
    """The first i for which slots in_a[i] of `a` and in_b[i] of `b`, arrays of one type, differ, or None. What lies below nulls
    does not matter. (By slot numbers and not by Arrow's filters, which mistake the slots of sliced fixed-size lists.)"""
    if isinstance(a.type, pa.BaseExtensionType):
        a, b = a.storage, b.storage
    valid, other = (c.is_valid().to_numpy(zero_copy_only=False)[slots] for c, slots in ((a, in_a), (b, in_b)))
    at = _first(valid != other)
    kept = np.flatnonzero(valid[:at])
    if pa.types.is_null(a.type) or len(kept) == 0:
        return at
    found = _first_value(a, b, in_a[kept], in_b[kept])
    return at if found is None else int(kept[found])


def _first_value(a, b, in_a, in_b):
    """As above, of slots without nulls."""
    t = a.type
    if pa.types.is_struct(t):
        found = [_first_difference(x, y, in_a, in_b) for x, y in zip(below(a)[0], below(b)[0])]
        return min((at for at in found if at is not None), default=None)
    if pa.types.is_fixed_size_list(t):
        inside = [(slots[:, None] * t.list_size + np.arange(t.list_size)).ravel() for slots in (in_a, in_b)]
        at = _first_difference(below(a)[0][0], below(b)[0][0], *inside)
        return at if at is None else at // t.list_size
    if is_list(t):
        return _first_list(a, b, in_a, in_b)
    if pa.types.is_dictionary(t):
        return _first_difference(a.dictionary, b.dictionary, *(_numbers(c.indices)[slots] for c, slots in ((a, in_a), (b, in_b))))
    if is_text(t):
        a, b = (c.take(pa.array(slots)).cast(pa.large_binary()) for c, slots in ((a, in_a), (b, in_b)))
        return _first(pc.not_equal(a, b).to_numpy(zero_copy_only=False))
    if pa.types.is_boolean(t):
        a, b = (c.fill_null(False).to_numpy(zero_copy_only=False) for c in (a, b))
        return _first(a[in_a] != b[in_b])
    return _first((_bits(a)[in_a] != _bits(b)[in_b]).any(axis=1))


def _first_list(a, b, in_a, in_b):
    offsets = [np.frombuffer(below(c)[1][1], 'i8' if pa.types.is_large_list(c.type) else 'i4').astype('i8') for c in (a, b)]
    lengths = offsets[0][in_a + 1] - offsets[0][in_a]
    at = _first(lengths != offsets[1][in_b + 1] - offsets[1][in_b])
    lengths = lengths[:at]
    ends = np.cumsum(lengths)
    # The items of list i begin at starts[i] in the array and at ends[i] - lengths[i] among those compared.
    inside = [np.repeat(c[slots[:at]] - ends + lengths, lengths) + np.arange(lengths.sum()) for c, slots in zip(offsets, (in_a, in_b))]
    found = _first_difference(below(a)[0][0], below(b)[0][0], *inside)
    return at if found is None else int(np.searchsorted(ends, found, side='right'))


def _first(mask):
    return int(np.argmax(mask)) if mask.any() else None


def _numbers(a):
    return np.frombuffer(a.buffers()[1], a.type.to_pandas_dtype())[a.offset:a.offset + len(a)].astype('i8')


def _bits(a):
    """The values of a fixed-width array as rows of bytes; all NaN become one."""
    size = a.type.byte_width if pa.types.is_fixed_size_binary(a.type) else a.type.bit_width // 8
    raw = np.frombuffer(a.buffers()[1], np.uint8)[a.offset * size:(a.offset + len(a)) * size]
    if pa.types.is_floating(a.type):
        values = raw.view(a.type.to_pandas_dtype()).copy()
        values[np.isnan(values)] = np.nan
        raw = values.view(np.uint8)
    return raw.reshape(len(a), size)


# ------------------------------------------------------------------ test of the comparison

def self_test():
    """[text] of what the comparison gets wrong."""
    def numbers(*bits, t=pa.float32()):
        return pa.Array.from_buffers(t, len(bits), [None, pa.py_buffer(np.array(bits, f'u{t.bit_width // 8}'))])
    pairs, lists, large, both = pa.list_(pa.int8(), 2), pa.list_(pa.int8()), pa.large_list(pa.string()), pa.struct([('x', pa.int8()), ('y', pa.string())])
    deep, pack = pa.list_(pa.struct([('l', pa.list_(pa.string()))])), pa.map_(pa.string(), pa.int32())
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), pa.array(['x', None]))
    chunks = [pa.ListArray.from_arrays(pa.array([0, 1, 3], pa.int32()), pa.DictionaryArray.from_arrays(pa.array(keys, pa.int8()), pa.array(values)))
              for keys, values in (([0, 1, None], ['x', None]), ([1, 0, 1], [None, 'y']), ([0, 1, 0], ['y', None]))]
    garbage = pa.Array.from_buffers(both, 2, [pa.py_buffer(b'\x01')], children=[pa.array([1, 7], pa.int8()), pa.array(['a', 'b'])])
    equal = [
        (numbers(0x7FC00000), numbers(0xFFC00001)),                         # NaN of other bits
        (pa.array([1, None, 3]), pa.array([9, 1, None, 3])[1:]),            # offsets
        (words, pa.DictionaryArray.from_arrays(pa.array([0, 2, None], pa.int8()), pa.array(['x', 'y', None]))),
        (pa.array([[9, 9], [1, None], None], pairs)[1:], pa.array([[1, None], None], pairs)),
        (pa.array([[9], [1, None], None, [], [4]], lists)[1:], pa.array([[1, None], None, [], [4]], lists)),
        (garbage, pa.array([{'x': 1, 'y': 'a'}, None], both)), (pa.array([{'x': 0}, {'x': 1, 'y': 'a'}], both)[1:], garbage[:1]),
        (pa.array([[('z', 9)], [('a', 1), ('b', None)], None, []], pack)[1:], pa.array([[('a', 1), ('b', None)], None, []], pack)),
        (pa.chunked_array(chunks[:2]), pa.chunked_array([chunks[0], chunks[2]])), (pa.chunked_array([], lists), pa.array([], lists)),
        (pa.chunked_array([pa.array([[1], None], lists), pa.array([[2]], lists)]), pa.array([[1], None, [2]], lists)),
    ]
    unequal = [
        (numbers(0), numbers(0x80000000)),                                  # -0.0
        (numbers(0x7F800000), numbers(0x7F800001)),                         # infinity and NaN
        (pa.array([1, None]), pa.array([1, 0])), (pa.array([1, 2]), pa.array([1])), (pa.array([1], pa.int32()), pa.array([1], pa.int64())),
        (pa.array(['a', '']), pa.array(['a', None])), (pa.array(['a', 'b']), pa.array(['a', 'c'])), (pa.array([b'a\0']), pa.array([b'a'])),
        (pa.array([True, False]), pa.array([True, True])), (pa.array(['a']), pa.array(['a'], pa.large_string())),
        (words, pa.DictionaryArray.from_arrays(pa.array([0, 0, None], pa.int8()), pa.array(['x']))),
        (pa.array([[1, None], [2, 2]], pairs), pa.array([[1, 0], [2, 2]], pairs)), (pa.array([[1, 1], None], pairs), pa.array([[1, 1], [0, 0]], pairs)),
        (pa.array([[1, 1], [2, 3]], pairs), pa.array([[1, 1], [2, 4]], pairs)),
        (pa.array([b'ab'], pa.binary(2)), pa.array([b'ac'], pa.binary(2))),
        (pa.array([1], pa.timestamp('us')), pa.array([1], pa.timestamp('us', 'UTC'))),
        (pa.array([[1], []], lists), pa.array([[1], None], lists)), (pa.array([[1, 2], [3]], lists), pa.array([[1], [2, 3]], lists)),
        (pa.array([[1], [None]], lists), pa.array([[1], []], lists)), (pa.array([['a'], ['b', 'c']], large), pa.array([['a'], ['b', 'd']], large)),
        (pa.array([{'x': 1}, None], both), pa.array([{'x': 1}, {}], both)), (pa.array([{'x': 1, 'y': 'a'}], both), pa.array([{'x': 1, 'y': 'b'}], both)),
        (pa.array([[('a', 1), ('b', 2)]], pack), pa.array([[('b', 2), ('a', 1)]], pack)), (pa.array([[('a', 1)]], pack), pa.array([[('a', None)]], pack)),
        (pa.array([[{'l': ['a']}], [{'l': []}, None]], deep), pa.array([[{'l': ['a']}], [{'l': None}, None]], deep)),
        (pa.chunked_array(chunks[:2]), pa.chunked_array([chunks[0], chunks[1][::-1]])),
        (pa.array([[1]], lists), pa.array([[1]], pa.list_(pa.field('item', pa.int8(), False)))),
    ]
    rows = [(pa.array([[1], [2], None], lists), pa.array([[1], [3], []], lists), 'row 1'),
            (pa.array([{'x': 1, 'y': 'a'}, {'x': 2, 'y': 'b'}], both), pa.array([{'x': 1, 'y': 'c'}, {'x': 3, 'y': 'b'}], both), 'row 0'),
            (pa.array([None, [None, {'l': ['a', 'b']}]], deep), pa.array([None, [None, {'l': ['a', 'c']}]], deep), 'row 1')]
    return ([f'{a} and {b} should be equal: {difference(a, b)}' for a, b in equal if difference(a, b)] +
            [f'{a} and {b} should differ' for a, b in unequal if not difference(a, b)] +
            [f'{a} and {b} should differ in {row}: {difference(a, b)}' for a, b, row in rows if not (difference(a, b) or '').startswith(row)])
