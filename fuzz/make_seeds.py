#!/usr/bin/env python3
"""Writes the seeds of all fuzz targets to fuzz/corpus: small Lance files and manifests that pylance writes, and their parts.

    .venv/bin/python fuzz/make_seeds.py

Needs pylance (scripts/requirements.txt). Seeds are named seed-*; other files of the corpus, regression inputs, stay. The layout
of each target's input is told at its top and in decoder_fuzz.h and page_fuzz.h.
"""
import hashlib
import pathlib
import random
import struct
import subprocess
import tempfile

import lance
import pyarrow as pa

CORPUS = pathlib.Path(__file__).parent / 'corpus'
MAX_FILE = 6 << 10
# The types that page_fuzz.h chooses from by number: position in testing::AllTypes() among those that have leaves.
TYPES = ['null', 'bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'halffloat', 'float', 'double',
         'decimal128', 'decimal256', 'date32', 'date64'] + ['time'] * 16 + ['string', 'large_string', 'binary', 'large_binary',
         'fixed0', 'fixed1', 'fixed16'] + ['dictionary'] * 8 + ['list3', 'bools', 'vectors', 'empty',
         'pair', 'pairs', 'nulls', 'map', 'maps']
LEAVES = {'pair': 2, 'pairs': 2, 'map': 2, 'maps': 2}


def put(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f'seed-{name}').write_bytes(data)


def digest(data):
    return hashlib.sha256(data).hexdigest()[:8]


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """-> (number, value) of each field of a message; bytes for length-delimited ones."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 2:
            size, at = varint(data, at)
            yield key >> 3, data[at:at + size]
            at += size
        else:
            value, at = varint(data, at)
            yield key >> 3, value


def first(data, number, default=b''):
    return next((value for n, value in fields(data) if n == number), default)


def packed(data):
    at, values = 0, []
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def split(file):
    """-> (descriptor, [(column metadata, [(rows, layout, [buffer])])])."""
    start, cmo, gbo, _, columns = struct.unpack('<QQQII', file[-40:-8])
    position, size = struct.unpack_from('<QQ', file, gbo)
    result = []
    for i in range(columns):
        at, length = struct.unpack_from('<QQ', file, cmo + 16 * i)
        metadata = file[at:at + length]
        pages = []
        for number, page in fields(metadata):
            if number != 2:
                continue
            offsets, sizes = packed(first(page, 1)), packed(first(page, 2))
            layout = first(first(first(first(page, 4), 2), 1), 2)
            pages.append((first(page, 3, 0), layout, [file[o:o + s] for o, s in zip(offsets, sizes)]))
        result.append((metadata, pages))
    return file[position:position + size], result


def tables(rows):
    rng = random.Random(rows)
    nulls = lambda values: [v if i % 5 else None for i, v in enumerate(values)]
    numbers = list(range(rows))
    words = [rng.choice(['red', 'green', 'blue', 'yellow']) for _ in numbers]
    texts = [''.join(rng.choice('abcdefgh ') for _ in range(rng.randrange(12))) for _ in numbers]
    yield 'int32', pa.table({'x': pa.array(nulls(numbers), pa.int32())})
    yield 'int64', pa.table({'x': pa.array([rng.randrange(1 << 62) for _ in numbers], pa.int64())})
    yield 'constant', pa.table({'x': pa.array([7] * rows, pa.int16())})
    yield 'runs', pa.table({'x': pa.array([i // 40 for i in numbers], pa.uint64())})
    yield 'bool', pa.table({'x': pa.array(nulls([i % 3 == 0 for i in numbers]), pa.bool_())})
    yield 'double', pa.table({'x': pa.array([rng.random() for _ in numbers], pa.float64())})
    yield 'string', pa.table({'x': pa.array(nulls(texts), pa.string())})
    yield 'words', pa.table({'x': pa.array(words, pa.string())})
    yield 'hello', pa.table({'x': pa.array(['hello'] * rows, pa.string())})
    yield 'large_binary', pa.table({'x': pa.array([t.encode() for t in texts], pa.large_binary())})
    yield 'null', pa.table({'x': pa.nulls(rows, pa.int32())})
    yield 'dictionary', pa.table({'x': pa.array(nulls(words)).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))})
    yield 'list3', pa.table({'x': pa.array(nulls([[i, i + 1, None] for i in numbers]), pa.list_(pa.int32(), 3))})
    yield 'decimal128', pa.table({'x': pa.array(numbers, pa.decimal128(10, 2))})
    yield 'fixed16', pa.table({'x': pa.array([t.encode().ljust(16) for t in texts], pa.binary(16))})
    yield 'nested', pa.table({'x': pa.array([{'a': i, 'b': [t]} for i, t in enumerate(texts)]), 'y': pa.array(words)})
    vectors = pa.array(nulls([[i, None, 7] for i in numbers]), pa.list_(pa.int32(), 3))
    pair = pa.StructArray.from_arrays([pa.array(texts), vectors], fields=[pa.field('key', pa.string(), False), pa.field('value', vectors.type)],
                                      mask=pa.array([i % 7 == 3 for i in numbers]))
    ends = [0]
    for i in numbers:
        ends.append(min(rows, ends[-1] + i % 4))
    offsets = pa.array([None if i % 6 == 5 else e for i, e in enumerate(ends)], pa.int32())
    yield 'pair', pa.table({'x': pair})
    yield 'pairs', pa.table({'x': pa.ListArray.from_arrays(offsets, pair)})
    yield 'nulls', pa.table({'x': pa.LargeListArray.from_arrays(offsets.cast(pa.int64()), pa.nulls(rows))})
    yield 'map', pa.table({'x': pa.MapArray.from_arrays(offsets, pair.field(0), vectors)})
    for encoding in ('fullzip', 'zstd', 'lz4', 'byte-stream-split'):
        key = {'fullzip': 'lance-encoding:structural-encoding', 'byte-stream-split': 'lance-encoding:bss'}.get(encoding, 'lance-encoding:compression')
        value = {'byte-stream-split': 'on'}.get(encoding, encoding)
        for kind, array in (('string', pa.array(nulls(texts))), ('double', pa.array([rng.random() for _ in numbers])),
                            ('int32', pa.array(nulls(numbers), pa.int32()))):
            yield f'{kind}-{encoding}', pa.table([array], schema=pa.schema([pa.field('x', array.type, metadata={key: value})]))


def page_seed(kind, leaf, rows, layout, buffers):
    """The input of the page targets (page_fuzz.h) for a page of a leaf of this kind."""
    name = kind.split('-')[0]
    name = {'constant': 'int16', 'runs': 'uint64', 'words': 'string', 'hello': 'string', 'null': 'int32'}.get(name, name)
    out = bytes([0, TYPES.index(name)]) + bytes([leaf] * (name in LEAVES)) + struct.pack('<IH', rows, len(layout)) + layout + bytes([len(buffers)])
    for i, buffer in enumerate(buffers):
        out += (b'' if i + 1 == len(buffers) else struct.pack('<H', len(buffer))) + buffer
    return out


def write_tables():
    targets = {1: 'mini_block', 2: 'constant_page', 3: 'full_zip'}
    for version in ('2.1', '2.2'):
        for rows in (9, 150):
            for name, table in tables(rows):
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        lance.write_dataset(table, f'{folder}/x', data_storage_version=version)
                    except OSError:
                        continue  # maps came with 2.2
                    file = next(pathlib.Path(folder, 'x/data').glob('*.lance')).read_bytes()
                    manifest = next(pathlib.Path(folder, 'x/_versions').glob('*.manifest')).read_bytes()
                label = f'{name}-{version}-{rows}'
                if len(file) <= MAX_FILE:
                    put('open_file', label, file)
                if rows == 9 and version == '2.2':
                    put('manifest', label, manifest)
                descriptor, columns = split(file)
                if rows == 9:
                    put('file_descriptor', digest(descriptor), descriptor)
                for leaf, (metadata, pages) in enumerate(columns):
                    if rows == 9:
                        put('column_metadata', f'{label}-{leaf}', struct.pack('<Q', len(file)) + metadata)
                    for page_rows, layout, buffers in pages:
                        put('page_layout', digest(layout), layout)
                        kind = next((n for n, _ in fields(layout)), 0)
                        seed = page_seed(name, leaf, page_rows, layout, buffers) if name != 'nested' and kind in targets and len(buffers) < 5 else b''
                        if 0 < len(seed) <= MAX_FILE:
                            put(targets[kind], f'{label}-{leaf}', seed)


def write_decoder_seeds():
    rng = random.Random(1)
    numbers = bytes(i // 3 for i in range(300))
    noise = rng.randbytes(400)
    header = struct.pack('<HHH', 64, 0, 64)  # values of a chunk, first, count
    for place in range(3):
        counts = (header if place == 0 else struct.pack('<H', 64) if place == 1 else b'')
        put('flat', f'bytes-{place}', bytes([0, 7, place]) + counts + noise)
        put('flat', f'bits-{place}', bytes([0, 0, place]) + counts + noise)
        for width in range(4):
            word = struct.pack('<Q', 3)[:1 << width]
            put('inline_bitpacking', f'{place}-{width}', bytes([0, width, place]) + counts + word + noise[:384])
        offsets = struct.pack('<65I', *(260 + 2 * i for i in range(65)))
        block = struct.pack('<67I', 32, 268, *(2 * i for i in range(65)))
        body = (offsets if place == 0 else block) + noise[:128]
        value = b''.join(bytes([n]) + noise[:n] for n in (3, 0, 20))
        put('variable', f'{place}', bytes([0, place]) + counts + (value if place == 2 else body))
        table = bytes([2, 1]) + b'user\0\0\0\0abc\0\0\0\0\0' + bytes([4, 3])
        codes = offsets + bytes(rng.randrange(2) for _ in range(128))
        put('fsst', f'{place}', bytes([0]) + table + bytes([place]) + counts + (value if place == 2 else codes))
        for validity in (0, 1, 3):
            put('fixed_size_list', f'{place}-{validity}', bytes([0, 2, 2, 2, validity, place]) + counts
                + (struct.pack('<H', 32) + noise[:32]) * (place == 0) * bin(validity).count('1') + noise * 4)
    for width in range(4):
        size = 1 << width
        values = noise[:4 * size]
        put('rle', f'chunk-{width}', bytes([0, width, 0]) + header + struct.pack('<H', len(values)) + values + bytes([16] * 4))
        put('rle', f'block-{width}', bytes([0, width, 1]) + struct.pack('<H', 64) + struct.pack('<Q', len(values)) + values + bytes([16] * 4))
        put('byte_stream_split', f'{width}', bytes([width]) + header + noise + noise[:112])
        put('out_of_line_bitpacking', f'{width}', bytes([0, width, 3]) + struct.pack('<H', 1030) + noise[:384] + noise[:6 * size])
    for target, modes in (('flat', 2), ('inline_bitpacking', 4), ('out_of_line_bitpacking', 4), ('rle', 4), ('fixed_size_list', 8), ('general', 8)):
        for mode in range(1, modes + 1, 2):
            put(target, f'encode-{mode}', bytes([mode, 2, 3, 2, 1]) + numbers)
            put(target, f'encode-noise-{mode}', bytes([mode, 3, 2, 0, 0]) + noise)
    for kind in range(1, 6):  # frame, narrow, delta, patched, alp, each with frame inside
        for width in range(4):
            put('x1', f'encode-{kind}-{width}', bytes([3, width, kind, 1, 1, 1, 1, 1, 1, 1]) + noise)
            put('x1', f'encode-small-{kind}-{width}', bytes([5, width, kind, 1, 1, 1, 1, 1, 1, 1]) + numbers)
    for width in range(4):
        bases = bytes(1 << width)
        frame = bases + bytes([3]) + noise[:384]
        put('x1', f'frame-{width}', bytes([2, width, 1]) + header + frame)
        put('x1', f'delta-{width}', bytes([2, width, 6, 1]) + header + struct.pack('<H', 1 << width) + noise[:1 << width] + frame)
        put('x1', f'patched-{width}', bytes([2, width, 5, 1]) + header + struct.pack('<H', 4 + (1 << width)) + bytes([1, 0, 2, 0]) + noise[:1 << width] + frame)
    put('x1', 'lengths', bytes([0, 0]) + struct.pack('<HHH', 4, 0, 4) + struct.pack('<H', 10) + noise[:10] + struct.pack('<IIII', 1, 2, 3, 4))
    for wide in (0, 1):
        put('alp_rd', f'decode-{wide}', bytes([0, wide, 50 if wide else 20, 16]) + noise[:16] + header + struct.pack('<HHHHHH', 10, 2, 3, 9, 1, 2) + noise * 22)
        for mode in (1, 3):
            put('alp_rd', f'encode-{wide}-{mode}', bytes([mode, wide]) + (numbers if mode == 1 else noise))
    for width in range(4):
        lengths = struct.pack('<4I', 5, 1, 50, 20)
        values = noise[:4 << width]
        put('runs', f'decode-{width}', bytes([0, width]) + header + struct.pack('<HHI', 6, 4, 2) + struct.pack('<H', len(values)) + values + lengths)
        for mode in (1, 3, 5, 7, 9):
            put('runs', f'encode-{mode}-{width}', bytes([mode, width]) + (noise if mode == 9 else numbers))
    suffixes = struct.pack('<5I', 20, 23, 24, 24, 27) + b'card' + b'dog'
    put('front', 'decode-variable', bytes([0]) + struct.pack('<HHH', 4, 1, 3) + struct.pack('<HH', 0, len(suffixes)) + suffixes + bytes([0, 3, 0, 0]))
    put('front', 'decode-lengths', bytes([2]) + struct.pack('<HHH', 4, 1, 3) + struct.pack('<H', 3) + b'abc' + struct.pack('<H', 7) + b'carddog'
        + struct.pack('<H', 16) + struct.pack('<4I', 3, 1, 0, 3) + bytes([2, 3, 0, 0]))
    strings = b''.join(bytes([n]) + b'https://example.org/user'[:n] for n in (5, 0, 24, 9, 24, 17))
    plain = struct.pack('<I', 3) + bytes([3, 0x40, 0]) + b'user1x'
    put('tokens', 'decode', bytes([0, 2]) + struct.pack('<H', len(plain)) + plain + struct.pack('<HHHH', 3, 0, 3, 2) + bytes([9, 2])
        + struct.pack('<III', 2, 0, 3))
    for mode in (1, 3):
        put('tokens', f'encode-{mode}', bytes([mode, 200, 0]) + strings * 12)
    for target, modes in (('variable', (1, 3)), ('fsst_encode', (0, 1)), ('front', (1, 3, 11, 17, 19))):
        for mode in modes:
            put(target, f'encode-{mode}', bytes([mode]) + strings)
    zstd = bytes.fromhex('2000000000000000') + pa.compress(bytes(range(32)), codec='zstd', asbytes=True)
    lz4 = struct.pack('<I', 32) + pa.compress(bytes(range(32)), codec='lz4_raw', asbytes=True)
    snappy = pa.compress(bytes(range(32)), codec='snappy', asbytes=True)
    for mode in (17, 19, 25, 27, 29):  # with a dictionary
        put('general', f'dictionary-{mode}', bytes([mode, 2]) + bytes([2, 4, 0, 7, 40, 0, 9] * (mode < 24)) + struct.pack('<H', 8) + bytes(range(32)))
    for mode, frame in ((0, zstd), (2, lz4), (8, snappy)):
        for place in range(3):
            counts = (struct.pack('<HHH', 8, 0, 8), struct.pack('<H', 8), bytes([len(frame)]))[place]
            put('general', f'{mode}-{place}', bytes([mode, 2, place]) + counts + frame)
            put('general', f'strings-{mode}-{place}', bytes([mode + 4, 2, place]) + counts + frame)
    for target in ('mini_block', 'full_zip', 'constant_page'):
        for kind in range(6):
            choice = bytes([kind]) if target == 'mini_block' else b''
            put(target, f'encode-{kind}', bytes([1 + 2 * (kind % 2)]) + choice + bytes([kind, kind % 2]) + (strings if kind >= 4 else numbers))
    for seed in range(48):
        put('arrow_import', f'{seed}', bytes([seed % 3]) + struct.pack('<I', seed) + bytes([seed, seed % 2, 1]) + struct.pack('<H', 7 * seed) + b'\1\1')
    for text in ('l', 'u', 'w:4', 'tsu:UTC', 'd:10,2', '+s', '+l', '+w:3', 'vu', 'i'):
        put('arrow_import', f'format-{digest(text.encode())}', bytes([0, 2, 0, len(text)]) + text.encode() + bytes([5, 2, 1, 0]))


def write_dataset_seeds():
    """Deletion files, and the JSON of tags and branches."""
    schema = pa.schema([pa.field('row_id', pa.uint32(), nullable=False)])
    for codec in (None, 'zstd', 'lz4'):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as file:
            file.write_batch(pa.record_batch([pa.array(range(0, 64, 2), pa.uint32())], schema=schema))
        put('deletion', f'array-{codec}', bytes([0]) + struct.pack('<I', 64) + sink.getvalue().to_pybytes())
    bitmap = bytes([1]) + struct.pack('<I', 1 << 18)
    put('deletion', 'bitmap-array', bitmap + struct.pack('<IIHHIHHH', 12346, 1, 0, 2, 16, 1, 2, 9))
    put('deletion', 'bitmap-runs', bitmap + struct.pack('<IBHHHHHHHHHH', 12347 | 1 << 16, 1, 1, 3, 2, 0, 2, 5, 2, 10, 0, 0))
    put('deletion', 'bitmap-words', bitmap + struct.pack('<IIHHI', 12346, 1, 0, 8191, 16) + bytes([1]) * 8192)
    for text in ('{"branch": null, "version": 2, "createdAt": "2026-11-21T11:38:23Z", "manifestSize": 464, "metadata": {}}',
                 '{"parentBranch": "a/b", "identifier": {"version_mapping": [[4, "c2"]]}, "parentVersion": 4, "x": [true, -1.5e3, "\\u00e9\\ud83d\\ude00"]}'):
        put('flat_json', digest(text.encode()), text.encode())


def write_legacy_seeds():
    """Columns of version 2.0 (array_encoding_fuzz.cc)."""
    nested = [[{'key': 'k' * i, 'value': [i, None, 3]}] * (i % 3) if i % 4 else None for i in range(9)]
    pairs = pa.list_(pa.struct([pa.field('key', pa.string(), False), pa.field('value', pa.list_(pa.int32(), 3))]))
    extra = [('pairs', pa.table({'x': pa.array(nested, pairs)})), ('words', pa.table({'x': pa.array(['red', 'green', None, 'blue'] * 40)})),
             ('large_binary-blob', pa.table([pa.array([b'', None, b'abc'], pa.large_binary())],
                                            schema=pa.schema([pa.field('x', pa.large_binary(), metadata={'lance-encoding:blob': 'true'})])))]
    for name, table in [*tables(9), *extra]:
        kind = {'constant': 'int16', 'runs': 'uint64', 'words': 'string', 'hello': 'string', 'null': 'int32'}.get(name.split('-')[0], name.split('-')[0])
        if kind not in TYPES or kind in ('nested', 'map', 'maps', 'vectors', 'bools', 'nulls', 'empty', 'pair') or table.num_columns != 1:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                lance.write_dataset(table, f'{folder}/x', data_storage_version='2.0')
            except Exception as error:
                print(f'{name} is not written in 2.0: {str(error)[:80]}')
                continue
            file = next(pathlib.Path(folder, 'x/data').glob('*.lance')).read_bytes()
        out = bytes([TYPES.index(kind)])
        for number, (_, pages) in enumerate(split(file)[1]):
            if kind == 'pairs' and number == 1:   # the struct: its column is not read
                continue
            out += bytes([3 if 'blob' in name else 1])
            for rows, message, buffers in pages[:1]:
                out += struct.pack('<IH', rows, len(message)) + message + bytes([len(buffers)])
                out += b''.join(struct.pack('<H', len(buffer)) + buffer for buffer in buffers)
        if len(out) <= MAX_FILE:
            put('array_encoding', f'{name}-{table.num_rows}', out)


def write_filter_seeds():
    """Texts (filter_fuzz.cc)."""
    for text in ("c3 >= -5 AND c4 < 3.5e2 OR NOT (c1 AND c6 <> 255)", "c12 > 'NaN' or c10 in (0.1, 'inf', NULL, 1e400)",
                 "c13 between 1.05 and 99999999999999999999999999 and c14 != -.5", "c15 < date '2026-01-31' AND c16 = '1970-01-01 12:00:00.5+02:00'",
                 "TIME '23:59' <= c18", "s.a IS NOT NULL AND s.\"b.c\" LIKE 'a!%_%' ESCAPE '!' AND `s` is null",
                 "c0 is null or c1 is not true", "x'0aff' = c37 OR c35 not in ('it''s', '')", "TRUE AND NOT FALSE OR NULL", "((c3 = 1 or c3 = 2) and c3 = 3)"):
        put('filter', digest(text.encode()), text.encode())


def write_index_seeds():
    """Sidecars (sidecar_fuzz.cc), by the release build's lance-index."""
    program = pathlib.Path(__file__).parent.parent / 'build/release/tools/lance-index/lance-index'
    for name, rows, options, marked in [('plain', 60, [], None), ('graph', 200, ['--codes', 'none', '--m', '3'], None),
                                        ('cosine', 30, ['--metric', 'cosine'], None), ('marked', 40, [], '3,5:9'), ('bits', 80, ['--codes', '1bit'], None), ('nothing', 0, [], None)]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 't.lance'
            values = random.Random(rows).choices(range(-20, 20), k=rows * 5)
            lists = pa.FixedSizeListArray.from_arrays(pa.array(values, pa.float32()), 5)
            lance.write_dataset(pa.table({'v': lists, 'i': pa.array(range(rows))}), path)
            subprocess.run([program, 'build', '-q', path, '-c', 'v', *options], check=True)
            if marked:
                subprocess.run([program, 'delete', '-q', path, '--rows', marked, '--tombstones'], check=True)
            put('sidecar', name, (path / '_lancekit/v.hnsw').read_bytes())


def main():
    for old in CORPUS.glob('*/seed-*'):
        old.unlink()
    write_tables()
    write_decoder_seeds()
    write_dataset_seeds()
    write_legacy_seeds()
    write_filter_seeds()
    write_index_seeds()
    files = [path for path in CORPUS.rglob('*') if path.is_file()]
    print(f'{len(files)} files, {sum(path.stat().st_size for path in files)} bytes')


if __name__ == '__main__':
    main()
