#!/usr/bin/env python3
"""Reads files of lancekit and of the reference with nothing but the Python of the specification.

    spec_decode.py BRIDGE     path of the lancekit_bridge library; needs pyarrow and pylance

Whoever implements from spec/ gets these values. Every encoding that either writer makes must have been met. Nested columns are
compared leaf by leaf: structs as tuples of the one child that leads to the leaf.
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
import container, legacy, out_of_line_bitpacking, packed_struct, structural  # noqa: E402,E401

FLAT, VARIABLE, OUT_OF_LINE, INLINE, FSST, RLE, SPLIT, GENERAL, LIST = 1, 2, 4, 5, 6, 8, 9, 10, 11
PACKED, VARIABLE_PACKED = 12, 13
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
    if kind == PACKED:
        rows = packed_struct.decode(buffers[0], container.packed(message[1][0]), n)
        return [tuple(int.from_bytes(field, 'little') for field in row) for row in rows]
    assert kind == LIST, kind
    if not last(message, 3):
        items = last(message, 1)
        values = flat.decode(buffers[0], width(message, 2), n * items)
        return [values[i * items:(i + 1) * items] for i in range(n)]
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
    if kind == VARIABLE_PACKED:
        fields = [container.message(field) for field in message[1]]
        parts = packed_struct.decode_row(data, [(last(field, 3 if 3 in field else 2), 3 in field) for field in fields])
        return tuple(value(child(field, 1), part) for field, part in zip(fields, parts))
    if kind == FLAT:
        return int.from_bytes(data, 'little')
    assert kind == LIST, kind
    items, size = last(message, 1), width(message, 2)
    return fixed_size_list.decode_value(data, items, size // 8) if last(message, 3) else flat.decode(data, size, items)


def mini_block(layout, layers, buffers, rows):
    large, entries = bool(last(layout, 10)), []
    met['large chunks', large] += 1
    items = block(child(layout, 4), buffers[2], last(layout, 5)) if 4 in layout else None
    table = structural.chunk_table(buffers[0], large, last(layout, 9))
    before = structural.rows_before(buffers[-1]) if 1 in layout else []
    highest = structural.numbers(layers)[-1][2]
    for number, (at, size, n) in enumerate(table):
        parts = structural.split_chunk(buffers[1][at:at + size], 1 in layout, 2 in layout, last(layout, 7), large)
        count, *levels, values = parts
        count = count or n
        rep, definition = (block(child(layout, field), data, count) if data is not None else [0] * count
                           for field, data in zip((1, 2), levels))
        values = chunk(child(layout, 3), values, n)
        if items is not None:
            visible = [level for level in definition if level <= structural.max_visible(layers)]
            values = [None if level else items[v] for level, v in zip(visible, values, strict=True)]
        if before:
            assert before[number] == (sum(entry[0] == highest for entry in entries), rep[0] != highest)
        entries += structural.place_values(layers, list(zip(rep, definition, strict=True)), values)
    return entries


def constant_page(layout, layers, buffers, rows, is_number):
    met['constant', 6 in layout, len(buffers)] += 1
    if len(buffers) < 2:
        is_null = 6 not in layout and not buffers
        levels = [(0, int(is_null))] * rows
    else:
        rep, definition = (block(child(layout, field), data, last(layout, count)) if field in layout else
                           [level for level, in struct.iter_unpack('<H', data)]
                           for field, count, data in ((7, 9, buffers[-2]), (8, 10, buffers[-1])))
        count = max(len(rep), len(definition))
        levels = list(zip(rep or [0] * count, definition or [0] * count, strict=True))
    value = layout[6][0] if 6 in layout else structural.value_buffer(buffers[0])[-1] if len(buffers) % 2 else None
    value = int.from_bytes(value, 'little') if is_number and value is not None else value
    return [(*level, value) for level in levels]


def full_zip(layout, layers, buffers, rows):
    data, encoding = buffers[0], child(layout, 7)
    if len(buffers) > 1:
        data = b''.join(structural.row_bytes(*buffers, row, rows) for row in range(rows))
    visible = structural.max_visible(layers)
    entries = structural.read_entries(data, last(layout, 1), last(layout, 2), visible, last(layout, 3) // 8, last(layout, 4) // 8)
    return [(rep, level, None if data is None else value(encoding, data)) for rep, level, data in entries]


def page_parts(data, page, url):
    """-> (value of the Any, buffers, rows)"""
    ranges = zip(container.packed(last(page, 1, b'')), container.packed(last(page, 2, b'')))
    buffers = [data[position:position + size] for position, size in ranges]
    url_and_value = container.message(container.message(container.message(page[4][0])[2][0])[1][0])
    assert url_and_value[1] == [url]
    return url_and_value[2][0], buffers, last(page, 3)


def read_page(data, page, nodes, is_number):
    value, buffers, rows = page_parts(data, page, b'/lance.encodings21.PageLayout')
    kind, layout = one_of(value)
    layers = container.packed(layout[{MINI_BLOCK: 6, CONSTANT: 5, FULL_ZIP: 8}[kind]][0])
    met['layers', *layers] += 1
    if kind == CONSTANT:
        return structural.unravel(layers, nodes, constant_page(layout, layers, buffers, rows, is_number))
    return structural.unravel(layers, nodes, (mini_block if kind == MINI_BLOCK else full_zip)(layout, layers, buffers, rows))


def read_columns(data):
    """-> the pages of each column, as messages"""
    _, cmo, _, _, num_columns, *_ = struct.unpack('<QQQIIHH4s', data[-40:])
    for column in range(num_columns):
        position, size = struct.unpack_from('<QQ', data, cmo + 16 * column)
        yield [container.message(page) for page in container.message(data[position:position + size]).get(2, [])]


def paths(field, above=()):
    """-> for each leaf of a field, in column order, its type and the way to it, from outside: 'list', a size, names"""
    kind, packed = field.type, b'lance-encoding:packed' in (field.metadata or {})
    if pa.types.is_struct(kind) and not packed:
        for i in range(kind.num_fields):
            yield from paths(kind.field(i), (*above, kind.field(i).name))
    elif pa.types.is_map(kind):
        entry = pa.field('entries', pa.struct([kind.key_field.with_name('key'), kind.item_field.with_name('value')]))
        yield from paths(entry, (*above, 'list'))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from paths(kind.value_field, (*above, 'list'))
    elif pa.types.is_fixed_size_list(kind) and pa.types.is_struct(kind.value_type):
        yield from paths(kind.value_field, (*above, kind.list_size))
    else:
        yield kind, above


def nodes_of(path):
    return ['leaf', *(step if step == 'list' or isinstance(step, int) else 'struct' for step in reversed(path))]


def project(item, path, leaf):
    """-> what a leaf knows of a Python value"""
    if item is None:
        return None
    if not path:
        return stored(item, leaf)
    if path[0] == 'list' or isinstance(path[0], int):
        return [project(dict(zip(('key', 'value'), x)) if isinstance(x, tuple) else x, path[1:], leaf) for x in item]
    return project(item[path[0]], path[1:], leaf),


def check_file(data, table, what):
    columns = read_columns(data)
    for field, column in zip(table.schema, table.columns):
        rows = column.to_pylist()
        for (leaf, path), pages in zip(paths(field), columns):
            is_number = not (pa.types.is_struct(leaf) or is_text(leaf))
            got = [row for page in pages for row in read_page(data, page, nodes_of(path), is_number)]
            assert got == [project(row, path, leaf) for row in rows], f'{what}: {field.name} {path}: not what was written'
    assert next(columns, None) is None, what


def read_legacy(data, field, columns):
    """-> the values of a field of a 2.0 file; structs as tuples"""
    parts = [page_parts(data, page, b'/lance.encodings.ArrayEncoding') for page in next(columns)]
    kind, values, first = field.type, [], 0
    if pa.types.is_struct(kind):
        return list(zip(*(read_legacy(data, kind.field(i), columns) for i in range(kind.num_fields))))
    for encoding, *_ in parts:
        met['legacy', one_of(encoding)[0]] += 1
    arrays = [legacy.array(*part) for part in parts]
    if not pa.types.is_list(kind):
        return [value for array in arrays for value in array]
    items = read_legacy(data, kind.value_field, columns)
    for spans, count in arrays:
        values += [None if is_null else items[first + start:first + end] for start, end, is_null in spans]
        first += count
    return values


def is_text(type_):
    return type_ in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


def stored(item, type_):
    """-> what a page holds for a Python value: unsigned bits, or bytes; tuples of these for structs."""
    if item is None or isinstance(item, bytes):
        return item
    if isinstance(item, list):
        return [stored(x, type_.value_type) for x in item]
    if isinstance(item, dict):
        return tuple(stored(item[field.name], field.type) for field in type_)
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
        'vectors': pa.array([[float(i + j) for j in range(128)] if i % 9 else None for i in range(n)],
                            pa.list_(pa.float32(), 128)),
        'holes': pa.array([[i + j if (i + j) % 11 else None for j in range(100)] for i in range(n)], pa.list_(pa.int32(), 100))})
    yield pa.table({'few': pa.array([5, None, 5, 5], pa.int16()), 'strings': pa.array(['q', None, 'q', 'q'])})
    asks = lambda scheme: {'lance-encoding:compression': scheme, 'lance-encoding:bss': 'on'}
    fields = [pa.field('zstd', pa.float64(), metadata=asks('zstd')), pa.field('lz4', pa.float32(), metadata=asks('lz4'))]
    yield pa.table([pa.array([round(r.random(), 2) for _ in range(5000)], f.type) for f in fields], schema=pa.schema(fields))


def nested_tables(version):
    r = random.Random(6)
    some = lambda make, share=.2: None if r.random() < share else make()
    items = lambda make, most, share=.2: some(lambda: [make() for _ in range(r.randint(0, most))], share)
    number, word = lambda: r.randrange(2000), lambda: r.choice(('one', 'two', 'three', 'forty'))
    inner = pa.struct([('x', pa.int32()), ('word', pa.string())])
    pair = lambda: {'x': some(number), 'word': some(word)}
    outer = pa.struct([('deep', pa.list_(inner)), ('n', pa.int64())])
    n = 3000
    columns = {
        'lists': pa.array([items(lambda: some(number), 5) for _ in range(n)], pa.list_(pa.int32())),
        'full': pa.array([[number(), number()] for _ in range(n)], pa.list_(pa.int16())),
        'structs': pa.array([some(pair) for _ in range(n)], inner),
        'deep': pa.array([items(lambda: some(lambda: {'deep': items(lambda: some(pair), 3), 'n': number()}), 3)
                          for _ in range(n)], pa.large_list(outer)),
        'lists_of_lists': pa.array([items(lambda: items(number, 2), 4) for _ in range(n)], pa.list_(pa.list_(pa.uint16()))),
        'one_long': pa.array([list(range(20000)) if i == 5 else [i] for i in range(n)], pa.list_(pa.int32())),
        'nothing': pa.array([items(lambda: None, 3) for _ in range(n)], pa.list_(pa.int32())),
        'vectors': pa.array([items(lambda: [1., float(number())], 3) for _ in range(n)], pa.list_(pa.list_(pa.float32(), 2)))}
    if version == '2.2':
        columns['maps'] = pa.array([items(lambda: (word(), some(number)), 3) for _ in range(n)], pa.map_(pa.string(), pa.int32()))
        columns['slots'] = pa.array([some(lambda: [some(pair), some(pair)]) for _ in range(n)], pa.list_(inner, 2))
    yield pa.table(columns)
    n = 60
    yield pa.table({
        'blocks': pa.array([items(lambda: some(lambda: r.randbytes(r.randint(300, 6000))), 3) for _ in range(n)],
                           pa.list_(pa.binary())),
        'vectors': pa.array([items(lambda: some(lambda: [float(number())] * 80), 3) for _ in range(n)],
                            pa.list_(pa.list_(pa.float64(), 80)))})
    yield pa.table({'same': pa.array([[4, 4], [], None, [None, 4]], pa.list_(pa.int32()))})
    packed = [pa.field('fixed', pa.struct([('x', pa.int32()), ('y', pa.int16())]), metadata={'lance-encoding:packed': 'true'})]
    rows = [[some(lambda: {'x': number(), 'y': -i}, .1) for i in range(1000)]]
    if version == '2.2':
        packed.append(packed[0].with_name('mixed').with_type(pa.struct([('x', pa.int32()), ('word', pa.string())])))
        rows.append([some(lambda: {'x': number(), 'word': word()}, .1) for i in range(1000)])
    yield pa.table([pa.array(column, field.type) for column, field in zip(rows, packed)], schema=pa.schema(packed))


def legacy_table():
    r = random.Random(7)
    some = lambda item: None if r.random() < .2 else item
    n, words = 2000, ('one', 'two', 'three')
    inner = pa.struct([('x', pa.int32()), ('text', pa.string())])
    struct_ = lambda i: {'x': some(i), 'text': some(str(i))}
    return pa.table({
        'numbers': pa.array([some(i) for i in range(n)], pa.int64()), 'none': pa.array([None] * n, pa.int32()),
        'booleans': pa.array([some(i % 3 == 0) for i in range(n)]),
        'text': pa.array([some('x' * (i % 50) + str(i)) for i in range(n)]),
        'words': pa.array([some(r.choice(words)) for _ in range(n)]), 'structs': pa.array([struct_(i) for i in range(n)], inner),
        'pairs': pa.array([some([i % 9, some(i % 7)]) for i in range(n)], pa.list_(pa.int16(), 2)),
        'lists': pa.array([some([struct_(i)] * r.randint(0, 3)) for i in range(n)], pa.list_(inner)),
        'lists_of_lists': pa.array([some([some([i] * r.randint(0, 2)), []]) for i in range(n)], pa.list_(pa.list_(pa.int32())))})


def check_legacy(table):
    with tempfile.TemporaryDirectory() as folder:
        lance.write_dataset(table, pathlib.Path(folder, 'table.lance'), data_storage_version='2.0')
        file, = pathlib.Path(folder).glob('table.lance/data/*.lance')
        data = file.read_bytes()
    columns = read_columns(data)
    for field, column in zip(table.schema, table.columns):
        want = [stored(item, field.type) for item in column.to_pylist()]
        assert read_legacy(data, field, columns) == want, f'{field.name}, 2.0: not what was written'


def main():
    lancekit = Lancekit(sys.argv[1])
    for version in ('2.1', '2.2'):
        for number, table in enumerate([*tables(), *nested_tables(version)]):
            for writer in ('lancekit', 'reference'):
                with tempfile.TemporaryDirectory() as folder:
                    path = pathlib.Path(folder, 'table.lance')
                    if writer == 'lancekit':
                        lancekit.write(path, table, version=version)
                    else:
                        lance.write_dataset(table, path, data_storage_version=version)
                    file, = path.glob('data/*.lance')
                    check_file(file.read_bytes(), table, f'table {number}, {version} of {writer}')
    check_legacy(legacy_table())
    missing = {('chunk', kind) for kind in (FLAT, VARIABLE, INLINE, FSST, RLE, SPLIT, GENERAL, LIST, PACKED)}
    missing |= {('block', kind) for kind in (FLAT, VARIABLE, OUT_OF_LINE, RLE, GENERAL)}
    missing |= {('value', kind) for kind in (VARIABLE, FSST, GENERAL, LIST, VARIABLE_PACKED)}
    missing |= {('constant', *form) for form in ((False, 0), (True, 0), (True, 2), (False, 1), (False, 2), (False, 3))}
    missing |= {('layers', *layers) for layers in ((3, 6), (1, 2), (3, 3), (3, 3, 6, 3, 6))}
    missing |= {('legacy', kind) for kind in (2, 4, 6, 7)}
    missing -= set(met)
    assert not missing, f'never met: {missing}'
    print(f'{sum(met.values())} pages, blocks, chunks and values read as the specification says')


if __name__ == '__main__':
    main()
