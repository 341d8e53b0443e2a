#!/usr/bin/env python3
"""Reads files of lancekit and of the reference with nothing but the Python of the specification.

    spec_decode.py BRIDGE     path of the lancekit_bridge library; needs pyarrow and pylance

Whoever implements from spec/ gets these values. Every encoding that either writer makes must have been met.
"""
import collections
import pathlib
import random
import struct
import sys
import tempfile

import lance
import pyarrow as pa

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / 'interop')]
import spec_constants  # noqa: E402
from lancekit_bridge import Lancekit  # noqa: E402

SPEC = HERE.parent / 'spec'
for chapter in sorted(SPEC.rglob('*.md')):  # makes modules of the chapters
    assert not spec_constants.run_examples(chapter.name, chapter.stem, chapter.read_text())[1], chapter

import byte_stream_split, fixed_size_list, flat, fsst, general, inline_bitpacking, rle, variable  # noqa: E402,E401
import container, out_of_line_bitpacking, structural  # noqa: E402,E401

FLAT, VARIABLE, OUT_OF_LINE, INLINE, FSST, RLE, SPLIT, GENERAL, LIST = 1, 2, 4, 5, 6, 8, 9, 10, 11
MINI_BLOCK, CONSTANT, FULL_ZIP = 1, 2, 3
met = collections.Counter()


def last(message, field, default=0):
    return message.get(field, [default])[-1]


def one_of(data):
    """-> (number, message) of a oneof."""
    (number, values), = container.message(data).items()
    return number, container.message(values[-1])


def child(message, field):
    return one_of(message[field][0])


def width(message, field):
    return last(child(message, field)[1], 1)


def decompress(message, data):
    scheme = {1: 'lz4', 2: 'zstd'}[last(container.message(message[1][0]), 1)]
    size, payload = general.unframe(data, scheme)
    return pa.decompress(payload, size, 'lz4_raw' if scheme == 'lz4' else scheme, asbytes=True)


def block(encoding, data, n):
    kind, message = encoding
    met['block', kind] += 1
    if kind == FLAT:
        return flat.decode(data, last(message, 1), n)
    if kind == VARIABLE:
        return variable.decode_block(data, n, width(message, 1) // 8)
    if kind == OUT_OF_LINE:
        return out_of_line_bitpacking.decode(data, last(message, 1), width(message, 3), n)
    if kind == INLINE:
        return inline_bitpacking.decode(data, last(message, 1), n)
    if kind == RLE:
        return rle.decode_block(data, width(message, 1), n)
    assert kind == GENERAL, kind
    return block(child(message, 3), decompress(message, data), n)


def chunk(encoding, buffers, n):
    kind, message = encoding
    met['chunk', kind] += 1
    if kind == FLAT:
        return flat.decode(buffers[0], last(message, 1), n)
    if kind == VARIABLE:
        return variable.decode_chunk(buffers[0], n, width(message, 1) // 8)
    if kind == INLINE:
        return inline_bitpacking.decode(buffers[0], last(message, 1), n)
    if kind == FSST:
        return [fsst.decode(codes, message[1][0]) for codes in chunk(child(message, 2), buffers, n)]
    if kind == RLE:
        return rle.expand(buffers[0], buffers[1], width(message, 1), n)
    if kind == SPLIT:
        return [int.from_bytes(v, 'little') for v in byte_stream_split.decode(buffers[0], width(message, 1) // 8, n)]
    if kind == GENERAL:
        return chunk(child(message, 3), [decompress(message, buffers[0])] + buffers[1:], n)
    assert kind == LIST and last(message, 3), kind
    return fixed_size_list.decode_chunk(buffers[0], buffers[1], last(message, 1), width(message, 2) // 8, n)


def value(encoding, data):
    kind, message = encoding
    met['value', kind] += 1
    if kind == VARIABLE:
        return data
    if kind == FSST:
        return fsst.decode(data, message[1][0])
    if kind == GENERAL:
        return decompress(message, data)
    assert kind == LIST, kind
    items, size = last(message, 1), width(message, 2)
    return fixed_size_list.decode_value(data, items, size // 8) if last(message, 3) else flat.decode(data, size, items)


def mini_block(layout, buffers, rows):
    has_levels, large, out = 2 in layout, bool(last(layout, 10)), []
    met['large chunks', large] += 1
    items = block(child(layout, 4), buffers[2], last(layout, 5)) if 4 in layout else None
    for at, size, n in structural.chunk_table(buffers[0], large, rows):
        _, levels, values = structural.split_chunk(buffers[1][at:at + size], has_levels, last(layout, 7), large)
        levels = block(child(layout, 2), levels, n) if has_levels else [0] * n
        for level, v in zip(levels, chunk(child(layout, 3), values, n)):
            out.append(None if level else v if items is None else items[v])
    return out


def constant_page(layout, buffers, rows):
    met['constant', 6 in layout, len(buffers)] += 1
    if 6 not in layout and len(buffers) in (0, 2):
        return [None] * rows
    repeated = layout[6][0] if 6 in layout else structural.value_buffer(buffers[0])[-1]
    levels = struct.unpack(f'<{rows}H', buffers[-1]) if len(buffers) >= 2 else [0] * rows
    return [None if level else repeated for level in levels]


def full_zip(layout, buffers, rows):
    bits_def, encoding = last(layout, 2), child(layout, 7)
    if 4 in layout:
        stored = [structural.read_row(*buffers, row, rows, bits_def, last(layout, 4) // 8) for row in range(rows)]
    else:
        control, size = (1 if bits_def else 0), last(layout, 3) // 8
        entries = [buffers[0][row * (control + size):(row + 1) * (control + size)] for row in range(rows)]
        stored = [None if control and entry[0] else entry[control:] for entry in entries]
    return [None if data is None else value(encoding, data) for data in stored]


def read_page(data, page):
    ranges = zip(container.packed(last(page, 1, b'')), container.packed(last(page, 2, b'')))
    buffers = [data[position:position + size] for position, size in ranges]
    url_and_layout = container.message(container.message(container.message(page[4][0])[2][0])[1][0])
    assert url_and_layout[1] == [b'/lance.encodings21.PageLayout']
    kind, layout = one_of(url_and_layout[2][0])
    return {MINI_BLOCK: mini_block, CONSTANT: constant_page, FULL_ZIP: full_zip}[kind](layout, buffers, last(page, 3))


def read_file(data):
    """-> the values of each column."""
    _, cmo, _, _, num_columns, *_ = struct.unpack('<QQQIIHH4s', data[-40:])
    for column in range(num_columns):
        position, size = struct.unpack_from('<QQ', data, cmo + 16 * column)
        pages = container.message(data[position:position + size]).get(2, [])
        yield [v for page in pages for v in read_page(data, container.message(page))]


def stored(item, type_):
    """-> what a page holds for a Python value: unsigned bits, or bytes."""
    if item is None or isinstance(item, bytes):
        return item
    if isinstance(item, list):
        return [stored(x, type_.value_type) for x in item]
    if isinstance(item, str):
        return item.encode()
    if isinstance(item, float):
        code, bits = ('<d', '<Q') if type_ == pa.float64() else ('<f', '<I')
        return struct.unpack(bits, struct.pack(code, item))[0]
    return int(item) % (1 << type_.bit_width)


def tables():
    r = random.Random(5)
    words = [''.join(r.choice('abcdefgh') for _ in range(r.randint(1, 12))) for _ in range(400)]
    text = lambda count: ' '.join(r.choice(words) for _ in range(count))
    nulls = lambda items, share: [None if r.random() < share else item for item in items]
    n = 5000
    yield pa.table({
        'packed': pa.array([r.randrange(1000) for _ in range(n)], pa.int32()),
        'runs': pa.array(nulls([i // 700 for i in range(n)], .01), pa.int64()),
        'bytes': pa.array(nulls([r.randrange(-50, 50) for _ in range(n)], .3), pa.int8()),
        'doubles': pa.array([r.uniform(-1e9, 1e9) for _ in range(n)], pa.float64()),
        'booleans': pa.array(nulls([r.random() < .5 for _ in range(n)], .1), pa.bool_()),
        'null_runs': pa.array([None if i % 1000 < 400 else i for i in range(n)], pa.int32()),
        'words': pa.array(nulls([r.choice(words) for _ in range(n)], .2), pa.string()),
        'ids': pa.array([10**15 + r.randrange(60) * 999983 for _ in range(n)], pa.int64()),
        'text': pa.array([text(10) for _ in range(n)], pa.large_string()),
        'short': pa.array([str(r.random())[2:6] for _ in range(n)], pa.string()),
        'pairs': pa.array([[i % 7, None if r.random() < .1 else i % 5] for i in range(n)], pa.list_(pa.int16(), 2)),
        'sevens': pa.array([7] * n, pa.int32()), 'hello': pa.array(['hello'] * n), 'none': pa.array([None] * n, pa.int32())})
    n = 120
    yield pa.table({
        'long': pa.array(nulls([text(r.randint(50, 900)) for _ in range(n)], .1), pa.string()),
        'noise': pa.array(nulls([r.randbytes(r.randint(260, 5000)) for _ in range(n)], .1), pa.binary()),
        'longer': pa.array([text(r.randint(3000, 9000)) for _ in range(n)], pa.string()),
        'vectors': pa.array([[float(i + j) for j in range(128)] if i % 9 else None for i in range(n)], pa.list_(pa.float32(), 128)),
        'holes': pa.array([[i + j if (i + j) % 11 else None for j in range(100)] for i in range(n)], pa.list_(pa.int32(), 100))})
    yield pa.table({'few': pa.array([5, None, 5, 5], pa.int16()), 'strings': pa.array(['q', None, 'q', 'q'])})
    asks = lambda scheme: {'lance-encoding:compression': scheme, 'lance-encoding:bss': 'on'}
    fields = [pa.field('zstd', pa.float64(), metadata=asks('zstd')), pa.field('lz4', pa.float32(), metadata=asks('lz4'))]
    yield pa.table([pa.array([round(r.random(), 2) for _ in range(5000)], f.type) for f in fields], schema=pa.schema(fields))


def main():
    lancekit = Lancekit(sys.argv[1])
    for number, table in enumerate(tables()):
        for version in ('2.1', '2.2'):
            for writer in ('lancekit', 'reference'):
                with tempfile.TemporaryDirectory() as folder:
                    path = pathlib.Path(folder, 'table.lance')
                    if writer == 'lancekit':
                        lancekit.write(path, table, version=version)
                    else:
                        lance.write_dataset(table, path, data_storage_version=version)
                    file, = path.glob('data/*.lance')
                    columns = list(read_file(file.read_bytes()))
                for name, column, got in zip(table.column_names, table.columns, columns, strict=True):
                    want = [stored(item, column.type) for item in column.to_pylist()]
                    if isinstance(next((v for v in want if v is not None), None), int):  # constant pages give bytes
                        got = [int.from_bytes(v, 'little') if isinstance(v, bytes) else v for v in got]
                    assert got == want, f'table {number}, {name}, {version} of {writer}: not what was written'
    missing = {('chunk', kind) for kind in (FLAT, VARIABLE, INLINE, FSST, RLE, SPLIT, GENERAL, LIST)}
    missing |= {('block', kind) for kind in (FLAT, VARIABLE, OUT_OF_LINE, RLE, GENERAL)}
    missing |= {('value', kind) for kind in (VARIABLE, FSST, GENERAL, LIST)}
    missing |= {('constant', *form) for form in ((False, 0), (True, 0), (True, 2), (False, 1), (False, 3))}
    missing -= set(met)
    assert not missing, f'never met: {missing}'
    print(f'{sum(met.values())} pages, blocks, chunks and values read as the specification says')


if __name__ == '__main__':
    main()
