"""The checksums of checksum.cc with numpy: Arrow columns, independent of batch cuts, views, dictionaries and offset widths."""
import numpy as np
import pyarrow as pa

STEP, TEXT_BASE, NULL_HASH = np.uint64(0x9E3779B97F4A7C15), 0xD1342543DE82EF95, np.uint64(0x6E756C6C)
ROWS_AT_ONCE = 1 << 16
powers = np.ones(1, np.uint64)


def mix(x):
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def text_powers(length):
    """-> 1, TEXT_BASE, TEXT_BASE^2, ... for texts of up to length bytes."""
    global powers
    if len(powers) < length:
        powers = np.full(2 * length, TEXT_BASE, np.uint64)
        powers[0] = 1
        powers = np.multiply.accumulate(powers)
    return powers


def hash_fixed(array, width):
    data = np.frombuffer(array.buffers()[1], np.uint8)[array.offset * width:(array.offset + len(array)) * width]
    padded = np.zeros((len(array), (width + 7) // 8 * 8), np.uint8)
    padded[:, :width] = data.reshape(len(array), width)
    words = padded.view(np.uint64)
    return sum(mix(words[:, k] + np.uint64((k + 1) * int(STEP) & (2**64 - 1))) for k in range(words.shape[1]))


def hash_text(array):
    array = array.cast(pa.large_binary() if pa.types.is_large_binary(array.type) or pa.types.is_binary(array.type)
                       or array.type == pa.binary_view() else pa.large_string())
    offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset:array.offset + len(array) + 1]
    lengths = np.diff(offsets)
    begin, end = int(offsets[0]), int(offsets[-1])
    sums = np.zeros(end - begin + 1, np.uint64)
    if end > begin:
        data = np.frombuffer(array.buffers()[2], np.uint8)[begin:end]
        within = np.arange(end - begin) - np.repeat(offsets[:-1] - begin, lengths)
        np.cumsum((data.astype(np.uint64) + np.uint64(1)) * text_powers(int(lengths.max()))[within], out=sums[1:])
    at = offsets - begin
    return mix(sums[at[1:]] - sums[at[:-1]] + lengths.astype(np.uint64) * STEP)


def parts(array, numbers):
    """What each value of a child adds to the hash of the list or struct around it."""
    hashes = np.where(np.asarray(array.is_valid()), hash_values(array), NULL_HASH)
    return mix(hashes) * (numbers * np.uint64(2) + np.uint64(1))


def hash_lists(array):
    wide = pa.types.is_large_list(array.type)
    offsets = np.frombuffer(array.buffers()[1], np.int64 if wide else np.int32)[array.offset:array.offset + len(array) + 1].astype(np.int64)
    lengths = np.diff(offsets)
    begin, end = int(offsets[0]), int(offsets[-1])
    entries = pa.StructArray.from_arrays([array.keys, array.items], names=['k', 'v']) if pa.types.is_map(array.type) else array.values
    sums = np.zeros(end - begin + 1, np.uint64)
    within = (np.arange(end - begin) - np.repeat(offsets[:-1] - begin, lengths)).astype(np.uint64)
    np.cumsum(parts(entries.slice(begin, end - begin), within), out=sums[1:])
    at = offsets - begin
    return mix(sums[at[1:]] - sums[at[:-1]] + lengths.astype(np.uint64) * STEP)


def hash_structs(array):
    fields = [array.field(k) for k in range(array.type.num_fields)]
    return mix(sum((parts(field, np.uint64(k)) for k, field in enumerate(fields)), np.zeros(len(array), np.uint64)))


def hash_values(array):
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return hash_lists(array)
    if pa.types.is_struct(kind):
        return hash_structs(array)
    if pa.types.is_null(kind):
        return np.zeros(len(array), np.uint64)
    if pa.types.is_boolean(kind):
        return mix(np.asarray(array.fill_null(False).cast(pa.uint8())).astype(np.uint64) + STEP)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or \
            pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return hash_text(array)
    return hash_fixed(array, kind.bit_width // 8)


def add_rows(array, first_row, valid):
    """-> (hash, nulls) of the rows of one array without children; valid is what the parent says, or None."""
    own = np.asarray(array.is_valid())
    valid = own if valid is None else own & valid
    hashes = np.where(valid, hash_values(array), NULL_HASH)
    weights = (np.arange(len(array), dtype=np.uint64) + np.uint64(first_row)) * np.uint64(2) + np.uint64(1)
    return int((mix(hashes) * weights).sum(dtype=np.uint64)), len(array) - int(valid.sum())


def add_array(array, first_row):
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not pa.types.is_fixed_size_list(array.type):
        return add_rows(array, first_row, None)
    size = array.type.list_size
    items = array.values.slice(array.offset * size, len(array) * size)  # values ignores the offset of the lists
    return add_rows(items, first_row * size, np.repeat(np.asarray(array.is_valid()), size))


class TableChecksum:
    def __init__(self):
        self.rows, self.bytes, self.hashes = 0, 0, {}

    def add(self, batch):
        """batch: a RecordBatch, or a Table."""
        if isinstance(batch, pa.Table):
            for part in batch.to_batches():
                self.add(part)
            return
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            part = batch.slice(start, ROWS_AT_ONCE)
            for name, column in zip(part.schema.names, part.columns):
                value, nulls = add_array(column, self.rows)
                total, all_nulls = self.hashes.get(name, (0, 0))
                self.hashes[name] = ((total + value) % 2**64, all_nulls + nulls)
            self.rows += part.num_rows
        self.bytes += batch.nbytes

    def columns(self):
        return {name: f'{value:016x}/{nulls}' for name, (value, nulls) in self.hashes.items()}
