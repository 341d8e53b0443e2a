"""Columns to test with: every flat type, in many data patterns."""
import numpy as np
import pyarrow as pa

from comparison import is_text

LENGTHS = (0, 1, 1023, 1024, 1025, 100_000)
NULL_RATES = (0, 0.01, 0.5, 1)
VERSIONS = ('2.1', '2.2')
NUMBER_PATTERNS = ('random', 'small', 'sorted', 'constant', 'runs', 'few')
TEXT_PATTERNS = ('empty', 'short', 'long', 'huge', 'constant', 'runs', 'few')


def flat_types():
    """Name -> type."""
    types = {str(t): t for t in (
        pa.null(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(),
        pa.float16(), pa.float32(), pa.float64(), pa.date32(), pa.date64(), pa.time32('s'), pa.time32('ms'), pa.time64('us'), pa.time64('ns'),
        pa.decimal128(1, 0), pa.decimal128(10, 2), pa.decimal128(18, -3), pa.decimal128(38, 38), pa.decimal256(20, -5), pa.decimal256(76, 10),
        pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary(1), pa.binary(16), pa.binary(300))}
    for unit in ('s', 'ms', 'us', 'ns'):
        for t in (pa.duration(unit), *(pa.timestamp(unit, zone) for zone in (None, 'UTC', 'America/New_York', '+05:30'))):
            types[str(t)] = t
    for item, sizes in ((pa.int8(), (1, 5, 300)), (pa.float16(), (2, 128)), (pa.float32(), (3, 63, 64)), (pa.float64(), (4, 32)), (pa.bool_(), (3, 8, 100)),
                        (pa.int64(), (2, 40)), (pa.decimal128(20, 3), (2, 16)), (pa.timestamp('us', 'UTC'), (2,)), (pa.binary(3), (2,)),
                        (pa.list_(pa.int32(), 3), (2,)), (pa.list_(pa.float32(), 16), (4,))):
        for size in sizes:
            types[f'fsl<{item}>[{size}]'] = pa.list_(item, size)
    keys = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
    values = (pa.string(), pa.large_string(), pa.binary(), pa.int32(), pa.float64(), pa.bool_(), pa.int64(), pa.string())
    for key, value in (*zip(keys, values), (pa.int32(), pa.string()), (pa.int32(), pa.large_binary())):
        types[f'dict<{key}, {value}>'] = pa.dictionary(key, value)
    return types


def width(t):
    """Bytes of a row of fixed width; text counts as 1."""
    if pa.types.is_fixed_size_list(t):
        return t.list_size * width(t.value_type)
    try:
        return max(1, t.bit_width // 8)
    except ValueError:
        return 1


def patterns(t):
    if pa.types.is_null(t):
        return ('constant',)
    return TEXT_PATTERNS if is_text(t) else NUMBER_PATTERNS


def _shape(n, pattern, rng, of):
    """n values: `of(k)` makes k values, which the pattern repeats."""
    if pattern == 'constant':
        return np.repeat(of(1), n, axis=0)
    if pattern == 'runs':
        lengths = rng.integers(1, 200, max(1, n))
        count = int(np.searchsorted(np.cumsum(lengths), n)) + 1
        return np.repeat(of(count), lengths[:count], axis=0)[:n]
    if pattern == 'few':
        return of(7)[rng.integers(0, 7, n)]
    return of(n)


def _integers(n, bits, signed, low, high, pattern, rng):
    """Integers of [low, high] as numpy of `bits` width, the ends among them."""
    dtype = np.dtype(f'{"i" if signed else "u"}{bits // 8}')
    if pattern == 'small':
        high = min(high, max(0, low) + 50)
        low = max(low, -50)
    def of(k):
        values = rng.integers(low, high, k, dtype=dtype, endpoint=True)
        if k > 20:
            values[rng.integers(0, k, 4)] = (low, high, low, high)
        return values
    values = _shape(n, pattern, rng, of)
    return np.sort(values) if pattern == 'sorted' else values


def _floats(n, dtype, pattern, rng):
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, np.finfo(dtype).tiny, np.finfo(dtype).max], dtype)
    def of(k):
        if pattern == 'small':
            return (rng.integers(-50, 50, k) / 4).astype(dtype)
        if pattern in ('random', 'few'):
            values = rng.integers(0, 256, (k, np.dtype(dtype).itemsize), dtype=np.uint8).view(dtype)[:, 0]
        else:
            values = rng.normal(size=k).astype(dtype)
        values = values.copy()
        if k > 5:
            values[rng.integers(0, k, len(special))] = special
        return values
    values = _shape(n, pattern, rng, of)
    return np.sort(values) if pattern == 'sorted' else values


def _decimals(n, t, pattern, rng):
    """Little-endian two's complement bytes, n x byte width."""
    words = t.bit_width // 64
    top = 10 ** t.precision - 1
    if pattern == 'small' or top < 1 << 63:
        low = _integers(n, 64, True, -min(top, (1 << 63) - 1), min(top, (1 << 63) - 1), pattern, rng)
        out = np.repeat(low[:, None], words, axis=1)
        out[:, 1:] >>= 63
        return out
    full, rest = divmod(top.bit_length() - 1, 64)
    def of(k):
        out = np.zeros((k, words), np.uint64)
        out[:, :full] = rng.integers(0, 1 << 64, (k, full), dtype=np.uint64)
        if rest:
            out[:, full] = rng.integers(0, 1 << rest, k, dtype=np.uint64)
        out[rng.random(k) < 0.5] ^= np.uint64((1 << 64) - 1)
        out = out.view(np.int64)
        for at, value in enumerate((top, -top, 0, -1)):
            if at < k - 10:
                out[at] = np.frombuffer((value % (1 << 64 * words)).to_bytes(8 * words, 'little'), np.int64)
        return out
    return _shape(n, pattern, rng, of)


def _texts(n, binary, pattern, rng):
    def of(k):
        if pattern == 'empty':
            return np.array([b''] * k, object)
        sizes = rng.integers(100, 301, k) if pattern == 'long' else rng.integers(0, 20, k)
        if pattern == 'huge':
            sizes[:: max(7, k // 8)] = rng.integers(32 << 10, 80 << 10)
        ends = np.cumsum(sizes)
        total = int(ends[-1]) if k else 0
        raw = rng.integers(0, 256, total, dtype=np.uint8) if binary else rng.integers(32, 127, total, dtype=np.uint8)
        if binary and total:
            raw[rng.integers(0, total, total // 3)] = 0
        raw = raw.tobytes()
        values = np.array([raw[end - size:end] for end, size in zip(ends, sizes)] or [b''], object)[:k]
        if not binary and k > 3 and pattern != 'empty':
            values[1], values[k // 2] = 'żółw 龜'.encode(), '\0'.encode()
        return values
    return _shape(n, pattern, rng, of)


def nulls(n, rate, rng):
    """Boolean mask: True is null. A rate of 1 % has at least one null in a table of more than a few rows."""
    if rate in (0, 1):
        return np.full(n, rate == 1)
    mask = rng.random(n) < rate
    if n > 3:
        mask[[0, n // 2]] = (False, True)
    return mask


def make(t, n, rate, pattern, rng):
    """A column of n values of type t."""
    mask = nulls(n, rate, rng)
    if pa.types.is_null(t):
        return pa.nulls(n)
    if pa.types.is_fixed_size_list(t):
        inner = make(t.value_type, n * t.list_size, min(rate, 0.5) / 2, pattern, rng)
        return pa.FixedSizeListArray.from_arrays(inner, type=t, mask=pa.array(mask))
    if pa.types.is_dictionary(t):
        size = int(min(100, max(1, n)))
        values = make(t.value_type, size, 0, 'short' if is_text(t.value_type) else 'random', rng).unique()
        keys = pa.array(_integers(n, t.index_type.bit_width, True, 0, len(values) - 1, pattern, rng).astype(t.index_type.to_pandas_dtype()), mask=mask)
        return pa.DictionaryArray.from_arrays(keys, values)
    if is_text(t):
        binary = not (pa.types.is_string(t) or pa.types.is_large_string(t))
        return pa.array(_texts(n, binary, pattern, rng), pa.large_binary(), mask=mask).cast(t)
    if pa.types.is_boolean(t):
        return pa.array(_integers(n, 8, False, 0, 1, pattern, rng).astype(bool), mask=mask)
    validity = pa.py_buffer(np.packbits(~mask, bitorder='little')) if rate else None
    return pa.Array.from_buffers(t, n, [validity, pa.py_buffer(np.ascontiguousarray(_fixed(t, n, pattern, rng)))])


def _fixed(t, n, pattern, rng):
    """The values buffer of a fixed-width type."""
    if pa.types.is_floating(t):
        return _floats(n, t.to_pandas_dtype(), pattern, rng)
    if pa.types.is_decimal(t):
        return _decimals(n, t, pattern, rng)
    if pa.types.is_fixed_size_binary(t):
        high = 3 if pattern == 'small' else 255
        return _shape(n, pattern, rng, lambda k: rng.integers(0, high, (k, t.byte_width), dtype=np.uint8, endpoint=True))
    bits, signed = t.bit_width, not pa.types.is_unsigned_integer(t)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if pa.types.is_time(t):
        low, high = 0, 86_400 * {'s': 1, 'ms': 10 ** 3, 'us': 10 ** 6, 'ns': 10 ** 9}[t.unit] - 1
    if pa.types.is_date64(t):
        return _integers(n, bits, True, -(1 << 31), (1 << 31) - 1, pattern, rng) * 86_400_000
    return _integers(n, bits, signed, low, high, pattern, rng)


def all_columns(rng, n, rate, choose=lambda t: patterns(t)):
    """[(name, array)] of every type in the patterns that `choose` gives for it."""
    return [(f'{name} {pattern}', make(t, n, rate, pattern, rng)) for name, t in flat_types().items() for pattern in choose(t)]


def grouped(columns, most=1 << 28):
    """Lists of columns of at most about `most` bytes."""
    total = 0
    group = []
    for name, array in columns:
        if group and total + array.nbytes > most:
            yield group
            group, total = [], 0
        group.append((name, array))
        total += array.nbytes
    if group:
        yield group
