"""Values of the ordered types for random filters: pools to fill columns from, and literals beside them, as lancekit and as DuckDB write
them.

A kind is one way in which values are ordered. Values are Python objects: int, numpy float, Decimal, bool, str, bytes; those of dates
and times are counts of their unit, as stored. Where DuckDB lacks a type or is not exact, it gets a column that is ordered the same.
"""
import bisect
import decimal
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa

decimal.getcontext().prec = 200
SECOND = {'s': 1, 'ms': 10 ** 3, 'us': 10 ** 6, 'ns': 10 ** 9}
DAY = 86_400
NANOSECONDS = 10 ** 9
CENTURIES = 20_000_000_000   # seconds
FIRST_SECOND, LAST_SECOND = (int(np.datetime64(f'{year}').astype('M8[s]').astype('i8')) for year in ('-32767-01-01', '32768-01-01'))
OFFSETS = (('', 0), ('', 0), ('Z', 0), (' UTC', 0), ('+02:00', 7200), ('-0530', -19_800), ('+14', 50_400))


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def plain(number):
    return format(Decimal(number), 'f')


class Kind:
    def __init__(self, t, rng):
        self.t, self.rng = t, rng

    def one_of(self, values):
        return values[int(self.rng.integers(0, len(values)))]

    def chance(self, rate):
        return self.rng.random() < rate

    def pool(self):
        """Ascending values, perhaps one only."""
        return sorted(set(self.some(int(self.one_of((1, 2, 10, 100, 400))))))

    def array(self, values):
        return pa.array(values, self.t)

    def for_duckdb(self, array):
        return array

    def literal(self, pool):
        return self.near(self.one_of(pool)) if self.chance(0.9) else self.near(self.one_of(self.some(3)))


class Integers(Kind):
    def range(self):
        bits = self.t.bit_width
        return (0, (1 << bits) - 1) if pa.types.is_unsigned_integer(self.t) else (-(1 << bits - 1), (1 << bits - 1) - 1)

    def some(self, n):
        low, high = self.range()
        form = self.one_of(('all', 'small', 'edges'))
        if form == 'small':
            low, high = max(low, -20), min(high, 20)
        if form == 'edges':
            return [self.one_of((low, high, low + 1, high - 1, 0)) for _ in range(n)]
        return [int(i) for i in self.rng.integers(low, high, n, dtype='u8' if low == 0 else 'i8', endpoint=True)]

    def near(self, value):
        form = self.rng.integers(0, 12)
        return value + (int(self.one_of((-1, 1))) if form < 3 else self.one_of((Decimal('0.5'), Decimal('-0.25'))) if form < 5 else
                        self.one_of((10 ** 30, -10 ** 30, 1 << 63, -(1 << 64))) if form == 5 else 0)

    def lancekit(self, value):
        text = plain(value)
        if self.chance(0.1):
            return quoted(text)
        return f'{plain(value * 1000)}e-3' if self.chance(0.1) else text

    def duckdb(self, column, op, value):
        whole = value // 1 if value >= 0 else -(-value // 1)
        if whole == value:
            return f"{column} {op} CAST('{int(whole)}' AS HUGEINT)"
        # All fractions between two integers are compared with them alike.
        between = 2 * int(whole) + (1 if value > 0 else -1)
        return f"{column}::HUGEINT * 2 {op} CAST('{between}' AS HUGEINT)"


class Floats(Kind):
    def some(self, n):
        dtype = self.t.to_pandas_dtype()
        form = self.one_of(('bits', 'small', 'small', 'special'))
        if form == 'bits':
            values = self.rng.integers(0, 256, (n, np.dtype(dtype).itemsize), dtype=np.uint8).view(dtype)[:, 0]
        elif form == 'small':
            values = (self.rng.integers(-30, 30, n) / 8).astype(dtype)
        else:
            info = np.finfo(dtype)
            special = [np.nan, np.inf, -np.inf, -0.0, 0.0, info.tiny, -info.tiny, info.max, info.min, info.eps, 1]
            values = self.rng.choice(np.array(special, dtype), n)
        return list(values)

    def pool(self):
        values = self.some(int(self.one_of((1, 2, 10, 100, 400))))
        return sorted(values, key=lambda value: (bool(np.isnan(value)), 0 if np.isnan(value) else float(value)))

    def array(self, values):
        return pa.array(np.array(values, self.t.to_pandas_dtype()))

    def for_duckdb(self, array):
        return array.cast(pa.float64())

    def near(self, value):
        form = self.rng.integers(0, 12)
        with np.errstate(all='ignore'):
            if form < 3:
                return np.nextafter(value, type(value)(self.one_of((-np.inf, np.inf))))
            if form == 3:
                return np.float64(value) * self.one_of((1.0000001, 1e20, -1))
            if form == 4:
                return np.float64(self.one_of((np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300)))
        return value

    def lancekit(self, value):
        if np.isnan(value) or np.isinf(value):
            return "'NaN'" if np.isnan(value) else "'inf'" if value > 0 else self.one_of(("'-inf'", '-1e999'))
        return repr(float(value))

    def duckdb(self, column, op, value):
        with np.errstate(over='ignore'):
            rounded = float(self.t.to_pandas_dtype()(value))
        return f"{column} {op} CAST('{rounded!r}' AS DOUBLE)"


class Decimals(Kind):
    def __init__(self, t, rng):
        super().__init__(t, rng)
        # Its decimals have 38 digits; others become places among all values.
        self.native = 0 <= t.scale <= 9 and t.precision - t.scale <= 28

    def some(self, n):
        top = 10 ** self.t.precision - 1
        form = self.one_of(('all', 'small', 'edges'))
        if form == 'edges':
            return [Decimal(self.one_of((top, -top, top - 1, 0, 1))).scaleb(-self.t.scale) for _ in range(n)]
        if form == 'small':
            top = min(top, 100)
        return [Decimal(int.from_bytes(self.rng.bytes(32), 'little') % (2 * top + 1) - top).scaleb(-self.t.scale) for _ in range(n)]

    def array(self, values):
        width = self.t.bit_width // 8
        raw = b''.join(int(value.scaleb(self.t.scale)).to_bytes(width, 'little', signed=True) for value in values)
        self.places = sorted(set(values))
        return pa.Array.from_buffers(self.t, len(values), [None, pa.py_buffer(raw)])

    def for_duckdb(self, array):
        if self.native:
            return array
        # Python's exact comparison gives each value an even number, and what lies between two of them an odd one.
        place = {value: 2 * at for at, value in enumerate(self.places)}
        return pa.array([None if value is None else place[value] for value in array.to_pylist()], pa.int64())

    def near(self, value):
        step = Decimal(1).scaleb(-self.t.scale)
        form = self.rng.integers(0, 12)
        value += step * (self.one_of((-1, 1)) if form < 3 else self.one_of((Decimal('0.5'), Decimal('-0.1'))) if form < 5 else 0)
        return value + self.one_of((10 ** 27, -10 ** 27)) if form == 5 else value

    def lancekit(self, value):
        return quoted(plain(value)) if self.chance(0.1) else plain(value)

    def duckdb(self, column, op, value):
        if self.native:
            value = max(min(value, Decimal(10) ** 28 - 1), 1 - Decimal(10) ** 28)
            return f"{column} {op} CAST('{plain(value)}' AS DECIMAL(38, 10))"
        at = bisect.bisect_left(self.places, value)
        exact = at < len(self.places) and self.places[at] == value
        return f'{column} {op} {2 * at if exact else 2 * at - 1}'


class Moments(Kind):
    """Dates and timestamps, as counts since 1970."""

    def __init__(self, t, rng):
        super().__init__(t, rng)
        self.per_second = Fraction(1, DAY) if pa.types.is_date32(t) else SECOND['ms'] if pa.types.is_date64(t) else SECOND[t.unit]
        self.native = False

    def ordinary(self, n):
        """Of some hours or some centuries."""
        start = int(self.rng.integers(-2_000_000_000, 4_000_000_000))
        seconds = self.rng.integers(start, start + int(self.one_of((5 * DAY, 9_000 * DAY))), n)
        fraction = self.one_of((0, 0, Fraction('0.001'), Fraction('0.000001'), Fraction('0.999999999')))
        return [self.stored((int(second) + fraction) * self.per_second) for second in seconds]

    def stored(self, count):
        count = int(count // 1)
        return count - count % (DAY * 1000) if pa.types.is_date64(self.t) else count

    def some(self, n):
        if self.chance(0.85):
            return self.ordinary(n)
        low, high = self.edges()
        return [self.stored(self.one_of((low, high, low + 1, high - 1, 0, -1))) for _ in range(n)]

    def edges(self):
        bits = self.t.bit_width
        return -(1 << bits - 1) + (DAY * 1000 if pa.types.is_date64(self.t) else 0), (1 << bits - 1) - 1

    def pool(self):
        values = super().pool()
        # DuckDB's own dates and timestamps in what they share with ours.
        seconds = [Fraction(value) / self.per_second for value in (values[0], values[-1])]
        self.native = self.t in (pa.date32(), pa.timestamp('s'), pa.timestamp('ms'), pa.timestamp('us')) and -CENTURIES < seconds[0] and seconds[1] < CENTURIES
        return values

    def array(self, values):
        return pa.array(values, pa.int32() if self.t.bit_width == 32 else pa.int64()).view(self.t)

    def for_duckdb(self, array):
        return array if self.native else array.view(pa.int32() if self.t.bit_width == 32 else pa.int64())

    def near(self, value):
        """A count of nanoseconds."""
        at = int(Fraction(value + self.one_of((0, 0, 0, 0, 1, -1, Fraction(1, 2), -100, DAY))) * NANOSECONDS / self.per_second)
        if self.native:
            at -= at % 1000
        return max(min(at, LAST_SECOND * NANOSECONDS - 1), FIRST_SECOND * NANOSECONDS)

    @staticmethod
    def text(nanoseconds, short=False):
        second, fraction = divmod(nanoseconds, NANOSECONDS)
        days, second = divmod(second, DAY)
        date = str(np.datetime64(days, 'D'))
        if short and not fraction and not second:
            return date
        digits = f'.{fraction:09}'.rstrip('0') if fraction else ''
        return f'{date} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{digits}'

    def lancekit(self, value):
        zone, seconds = self.one_of(OFFSETS)
        if not FIRST_SECOND + DAY < value // NANOSECONDS < LAST_SECOND - DAY:
            zone, seconds = '', 0
        text = self.text(value + seconds * NANOSECONDS, short=zone == '' and self.chance(0.7))
        if zone == '' and ' ' in text and self.chance(0.3):
            text = text.replace(' ', 'T')
        word = '' if self.chance(0.3) else 'DATE ' if ' ' not in text and 'T' not in text else 'TIMESTAMP '
        return word + quoted(text + zone)

    def duckdb(self, column, op, value):
        if self.native:
            value = max(min(value, 2 * CENTURIES * NANOSECONDS), -CENTURIES * NANOSECONDS)
            return f"{column} {op} CAST('{self.text(value)}' AS TIMESTAMP)"
        return Integers.duckdb(self, column, op, Fraction(value) * self.per_second / NANOSECONDS)


class Times(Moments):
    def ordinary(self, n):
        return [self.stored(int(i) % (DAY * self.per_second)) for i in self.rng.integers(0, 1 << 60, n)] if self.chance(0.5) else \
            [self.stored(int(i)) for i in self.rng.integers(0, 100, n)]

    def edges(self):
        return 0, DAY * self.per_second - 2

    def some(self, n):
        return [max(0, value) for value in super().some(n)]

    def near(self, value):
        return max(0, min(super().near(value), DAY * NANOSECONDS - 1))

    def lancekit(self, value):
        text = self.text(value).split(' ')[1]
        if text.endswith(':00') and self.chance(0.3):
            text = text[:-3]
        return ('' if self.chance(0.3) else 'TIME ') + quoted(text)


class Booleans(Kind):
    def some(self, n):
        return [self.chance(0.5) for _ in range(n)]

    def near(self, value):
        return value

    def lancekit(self, value):
        return self.one_of((str(value).upper(), quoted(str(value).lower())))

    def duckdb(self, column, op, value):
        return f'{column} {op} {value}'


class Texts(Kind):
    TAILS = ('', 'a', 'b', 'ab', 'zz', '~', 'é', 'ż', '龜', '\U0010ffff', '\U0010ffff\U0010ffff', '\0', '\x7f', "'", '%', '_', 'a%b', '\\')

    def some(self, n):
        form = self.one_of(('short', 'words', 'prefix', 'prefix', 'high'))
        if form == 'short':
            return [self.word(3) for _ in range(n)]
        if form == 'words':
            return [self.word(12) for _ in range(n)]
        # Zone maps cut at 64 bytes, perhaps in the middle of a character.
        size = int(self.rng.integers(60, 68))
        prefix = '\U0010ffff' * 17 if form == 'high' else self.one_of(('x' * size, 'x' * (size - 2) + 'żżż', '\x7f' * size, 'y' * (size - 3) + '\U0010ffff'))
        return [prefix[:int(self.rng.integers(0, len(prefix) + 1)) if self.chance(0.2) else None] + self.word(3) for _ in range(n)]

    def word(self, most):
        return ''.join(self.one_of(self.TAILS) if self.chance(0.3) else chr(97 + int(self.rng.integers(0, 4))) for _ in range(int(self.rng.integers(0, most))))

    def pool(self):
        return sorted(set(self.some(int(self.one_of((1, 2, 10, 100, 400))))), key=lambda text: text.encode())

    def for_duckdb(self, array):
        return array.cast(pa.string())

    def near(self, value):
        form = self.rng.integers(0, 12)
        # NUL ends no text in lancekit, but in C functions on the way of both.
        value = value.replace('\0', '')
        return value + self.one_of(self.TAILS).replace('\0', '') if form < 2 else value[:-1] if form < 4 else \
            value.encode()[:64].decode(errors='ignore') if form == 4 else value

    def lancekit(self, value):
        return quoted(value)

    def duckdb(self, column, op, value):
        return f'{column} {op} {quoted(value)}'

    def pattern(self, pool):
        """-> (pattern, its ESCAPE or ''), made from a value."""
        value = self.near(self.one_of(pool))
        escape = self.one_of(('', '', '!', '\\'))
        parts = []
        for c in value:
            if self.chance(0.1):
                parts.append(self.one_of(('_', '%', '%%', '_%')))
            elif c in ('%', '_', escape):
                parts.append(escape + c if escape else c)
            else:
                parts.append(c)
        start, stop = sorted(int(i) for i in self.rng.integers(0, len(parts) + 1, 2)) if self.chance(0.5) else (0, len(parts))
        text = ''.join(parts[start:stop])
        return self.one_of(('', '%', '_')) * (start > 0) + text + self.one_of(('%', '%', '%', '_', '')), escape


class Bytes(Kind):
    def some(self, n):
        width = self.t.byte_width if pa.types.is_fixed_size_binary(self.t) else None
        form = self.one_of(('short', 'prefix', 'high'))
        prefix = b'' if form == 'short' else self.one_of((b'p', b'\0', b'\x7f')) * 64 if form == 'prefix' else b'\xff' * int(self.rng.integers(62, 67))
        values = [prefix + bytes(self.rng.choice(np.array([0, 1, 97, 128, 255], np.uint8), int(self.rng.integers(0, 5)))) for _ in range(n)]
        if width is None:
            return values
        return [(value + bytes(self.rng.choice(np.array([0, 255], np.uint8), width)))[-width:] for value in values]

    def near(self, value):
        form = self.rng.integers(0, 12)
        return value + b'\0' if form < 2 else value[:-1] if form < 4 else value[:64] if form == 4 else value

    def for_duckdb(self, array):
        return array.cast(pa.binary())

    def lancekit(self, value):
        if value.isascii() and b'\0' not in value and self.chance(0.3):
            return quoted(value.decode())
        return f"X'{value.hex()}'"

    def duckdb(self, column, op, value):
        return f"{column} {op} unhex('{value.hex()}')"


def behind_keys(kind):
    """The same values behind the keys of a dictionary; given its type."""
    class Keyed(kind):
        def __init__(self, t, rng):
            super().__init__(t.value_type, rng)
            self.key = t.index_type

        def array(self, values):
            return pa.DictionaryArray.from_arrays(pa.array(range(len(values)), self.key), super().array(values))

        def for_duckdb(self, array):
            return super().for_duckdb(array.dictionary.take(array.indices))
    return Keyed


ZONES = (None, 'UTC', 'America/New_York', '+05:30')
TYPES = (
    *((Integers, t) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())),
    *((Floats, t) for t in (pa.float16(), pa.float32(), pa.float64(), pa.float64())),
    *((Decimals, t) for t in (pa.decimal128(10, 2), pa.decimal128(19, 0), pa.decimal128(38, 38), pa.decimal128(18, -3), pa.decimal256(60, 10), pa.decimal256(76, -2))),
    *((Moments, t) for t in (pa.date32(), pa.date32(), pa.date64())),
    *((Moments, pa.timestamp(unit, zone)) for unit in SECOND for zone in ZONES),
    *((Times, t) for t in (pa.time32('s'), pa.time32('ms'), pa.time64('us'), pa.time64('ns'))),
    *((Booleans, pa.bool_()),) * 3,
    *((Texts, t) for t in (pa.string(), pa.string(), pa.string(), pa.string(), pa.large_string())),
    *((Bytes, t) for t in (pa.binary(), pa.binary(), pa.large_binary(), pa.binary(1), pa.binary(16), pa.binary(70))),
    *((behind_keys(Texts), pa.dictionary(key, pa.string())) for key in (pa.int16(), pa.int32())),
    *((behind_keys(kind), pa.dictionary(pa.int16(), t)) for kind, t in (
        (Booleans, pa.bool_()), (Floats, pa.float64()), (Floats, pa.float32()), (Integers, pa.int16()), (Integers, pa.uint64()),
        (Bytes, pa.binary()))),
)
