#!/usr/bin/env python3
"""End-to-end checks of lance-inspect layout --svg and --html and diff --layout --html: all are well-formed whatever names the file has, load nothing, tell
what layout --json tells, and stay small for files of many parts.

    inspect_pictures_e2e.py PROGRAM [--large]

Needs the small files of tests/data; hostile names, deletions and, with --large, 10,000 columns are written with pylance where it is installed.
"""
import html.parser
import json
import pathlib
import random
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree

from inspect_e2e import FIXTURES, GOLDEN, STRINGS, Tool, check

SVG = '{http://www.w3.org/2000/svg}'
HOSTILE = ['<script>alert(1)</script>', '\u202egnp-exe', '"><img src=x onerror=alert(1)>', "' onclick='alert(1)", 'a&b&amp;c', '</script><!--', ']]>', '<!--data-->', '<!--picture-->',
           'line\nbreak\x01\x7f', '\ufffe\uffff', '\u4e2d\u6587 \U0001f41f', 'x' * 3000, '@layout_page_js@', '\\u003c', '{{}}', '$&']
KINDS = ['page buffer', 'column buffer', 'global buffer', 'column metadata', 'column table', 'global buffer table', 'footer', 'padding', 'blob payloads', 'unexplained']


class Page(html.parser.HTMLParser):
    """What matters of a page: its elements, and the text of some."""
    VOID = {'meta', 'input', 'br', 'link', 'img'}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts, self.ids = [], [], {}, []
        self.feed(text)
        self.close()
        check(not self.open, f'elements are closed: {self.open}')

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == 'id']
        if tag not in self.VOID:
            self.open.append((tag, dict(attributes).get('id')))

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        check(self.open and self.open[-1][0] == tag, f'</{tag}> closes {self.open[-1:]}')
        self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], '') + data


def check_svg(text):
    """-> root"""
    check(not re.search(rb'[\x00-\x08\x0b-\x1f]', text), 'no control characters')
    root = xml.etree.ElementTree.fromstring(text)
    for element in root.iter():
        check(element.tag in {SVG + tag for tag in ('svg', 'title', 'style', 'rect', 'text', 'path')}, f'an element of the picture: {element.tag}')
        check(set(element.attrib) <= {'x', 'y', 'width', 'height', 'rx', 'class', 'd', 'viewBox', 'role'}, f'harmless attributes: {element.attrib}')
    check(root.get('role') == 'img' and root[0].tag == SVG + 'title' and root[0].text, 'the picture has a title')
    style = root.find(SVG + 'style').text
    check('prefers-color-scheme: dark' in style and '@import' not in style and 'url(' not in style, 'light and dark, nothing loaded')
    known = set(re.findall(r'\.([a-z]\w*)', style))
    for element in root.iter(SVG + 'rect'):
        check(element.get('class') in known, f'a known colour: {element.attrib}')
        check(float(element.get('width').rstrip('%')) >= 0, 'widths')
    return root


def drawn_bytes(root):
    """-> bytes of the parts that the first strip draws."""
    titled = [(rect.get('y'), rect.find(SVG + 'title').text) for rect in root.iter(SVG + 'rect') if rect.find(SVG + 'title') is not None]
    sizes = [re.search(r', ([\d,]+) bytes? at ([\d,]+)', title) for y, title in titled if y == titled[0][0]]
    end = 0
    for size in sizes:
        check(int(size[2].replace(',', '')) == end, f'parts follow each other: {size[0]}')
        end += int(size[1].replace(',', ''))
    return end


def check_page(text, sections=('strip', 'kinds', 'columns', 'pages', 'fragments', 'grid', 'versions')):
    """-> the data in the page"""
    page = Page(text.decode())
    check(text.startswith(b'<!doctype html>') and len(page.ids) == len(set(page.ids)), 'a document whose ids are unique')
    allowed = ('html head meta title style body header h1 p main noscript section h2 div ol table button label input footer script '
               'svg rect text path').split()
    check({tag for tag, _ in page.tags} <= set(allowed), f'elements of the page: {({tag for tag, _ in page.tags} - set(allowed))}')
    for tag, attributes in page.tags:
        check(not any(name.startswith('on') or name in ('src', 'href', 'srcset', 'style') for name in attributes), f'<{tag} {attributes}> runs and loads nothing')
    check(sum(tag == 'script' for tag, _ in page.tags) == 2, 'the data and the script')
    policy = next(a['content'] for tag, a in page.tags if a.get('http-equiv') == 'Content-Security-Policy')
    check("default-src 'none'" in policy, 'nothing may be loaded')
    check(b'://' not in text.replace(b'http://www.w3.org/2000/svg', b''), 'no addresses')
    script = page.texts['script', None]
    check('innerHTML' not in script and 'insertAdjacentHTML' not in script and 'document.write' not in script and 'eval(' not in script, 'texts stay texts')
    check(all(f"byId('{name}')" in script for name in sections), 'the script knows the sections')
    check(set(re.findall(r"byId\('([\w-]+)'\)", script)) <= set(page.ids), 'ids of the script are there')
    check(b'prefers-color-scheme: dark' in text and b':focus-visible' in text, 'dark, and focus is seen')
    check(not re.search(r'@\w+_(css|js|html)@', text.decode().replace('@layout_page_js@', '')), 'all parts are filled in')
    return json.loads(page.texts['script', 'data'])


def check_diff(tool, a, b, folder, same=False):
    """The page of two tables has what the pages of each have."""
    page = folder / 'diff.html'
    result = tool('diff', '--layout', '--html', page, '--force', a, b, code=0 if same else 1)
    check(result.stdout.decode() == f'{page}\n', 'what was written is told')
    data = check_page(page.read_bytes(), ('totals', 'kinds', 'columns', 'pages'))
    check([side['name'] for side in data] == [str(a), str(b)], 'names as they were given')
    for side, path in zip(data, (a, b)):
        own = check_page(tool('layout', str(path).partition('@')[0], '--html', '-', *(['--version', str(path).partition('@')[2]] if '@' in str(path) else []), code=0).stdout)
        for key in ('columns', 'files', 'bytes', 'roles', 'encodings', 'headline'):
            check(side['table'][key] == own[key], f'{path}: {key}')
    page.unlink()


def parts_of(data, file):
    """-> parts as layout --json has them, and the number of those that were joined."""
    parts, end, joined = [], 0, 0
    for part in file['parts']:
        size, kind, role, column, page, buffer, count = part + [-1] * (7 - len(part))
        joined += count if count > 1 else 0
        parts.append({'offset': end, 'size': size, 'what': data['kinds'][kind], 'role': data['roles'][role] if role >= 0 else '',
                      'column': data['columns'][column][0] if column >= 0 else None, 'page': page if page >= 0 else None, 'buffer': buffer if buffer >= 0 else None})
        end += size
    check(end == file['bytes'], f'{file["path"]}: the bytes of the page add up')
    return parts, joined


def check_table(tool, path, folder, *options):
    """Both pictures of a table against the texts. -> page data, root of the SVG"""
    document = tool.json('layout', path, *options)
    pages = tool.json('pages', path, *options)['pages']
    totals = tool.json('columns', path, *options)['columns']
    svg, page = folder / 'out.svg', folder / 'out.html'
    result = tool('layout', path, *options, '--svg', svg, '--html', page, '--force', code=0)
    check(result.stdout.decode() == f'{svg}\n{page}\n', 'what was written is told')
    root, data = check_svg(svg.read_bytes()), check_page(page.read_bytes())
    check(data['kinds'] == KINDS and data['bytes'] == document['bytes'] == sum(file['bytes'] for file in data['files']), f'{path}: bytes of all files')
    check([(c['path'], c['type'], c['pages'], c['bytes'], c['arrow_bytes'], c['encoding']) for c in totals] == [tuple(c) for c in data['columns']], f'{path}: columns')
    if len(data['files']) == 1:
        check(drawn_bytes(root) == document['bytes'], f'{path}: the strip has all bytes')
    all_parts, listed = [], 0
    for file, told in zip(data['files'], document['files'], strict=True):
        parts, joined = parts_of(data, file)
        check(joined == 0 and len(parts) == file['num_parts'], f'{path}: each part is listed')
        all_parts += [{'file': told['path'], **part} for part in parts]
        of_file = {(row['column'], row['page']): row for row in pages if row['file'] == told['path']}
        for column, *rows in file['pages']:
            for number, (first, count, buffers, encoding) in enumerate(rows):
                row = of_file[data['columns'][column][0], number]
                check((first + file['first_row'], count, buffers, data['encodings'][encoding][0]) == (row['first_row'], row['rows'], row['num_buffers'], row['encoding']), f'{path}: {row}')
                listed += 1
    check(all_parts == document['parts'], f'{path}: the parts of the page are those of layout --json')
    check(listed == len(pages), f'{path}: all pages are listed')
    return data, root


def check_output(tool, folder):
    svg, page = folder / 'a.svg', folder / 'a.html'
    tool('layout', STRINGS, '--svg', svg, code=0)
    picture = svg.read_bytes()
    check(tool('layout', STRINGS, '--svg', '-', code=0).stdout == picture, '- is stdout')
    check_page(tool('layout', STRINGS, '--html', '-', code=0).stdout)
    svg.write_text('mine')
    result = tool('layout', STRINGS, '--svg', svg, code=6)
    check(b'already exists' in result.stderr and b'--force' in result.stderr and svg.read_text() == 'mine', 'nothing is replaced unasked')
    tool('layout', STRINGS, '--html', page, '--svg', svg, code=6)
    check(not page.exists(), 'nor is the other written')
    tool('layout', STRINGS, '--svg', svg, '--force', code=0)
    check(svg.read_bytes() == picture, '--force replaces it')
    document = tool.json('layout', STRINGS, '--html', page)
    check(document['html'] == str(page) and 'svg' not in document, f'{document}')
    copy = folder / 'copy.lance'
    shutil.copy(STRINGS, copy)
    check(b'looked at' in tool('layout', copy, '--html', copy, '--force', code=2).stderr, 'the table is not replaced')
    check(copy.read_bytes() == STRINGS.read_bytes(), 'the table is as it was')
    tool('layout', STRINGS, '--svg', '-', '--html', '-', code=2)
    tool('columns', STRINGS, '--svg', svg, code=2)
    tool('layout', STRINGS, '--svg', folder / 'no' / 'such' / 'folder', code=6)
    copy.write_bytes(STRINGS.read_bytes()[:-1])
    tool('layout', copy, '--svg', folder / 'b.svg', code=4)
    check(sorted(p.name for p in folder.iterdir()) == ['a.html', 'a.svg', 'copy.lance'], f'failures leave nothing: {sorted(folder.iterdir())}')
    for option in (b'--svg', b'--html', b'--force'):
        check(option in tool('help', 'layout', code=0).stdout, 'help tells of it')
    for path in (svg, page, copy):
        path.unlink()


def check_hostile(tool, folder, lance, pa):
    path = folder / '<b>&"\'<!--picture-->.lance'
    table = pa.table({name: pa.array([f'{i}' * (50 - at) for i in range(1000)]) for at, name in enumerate(HOSTILE)}, schema=pa.schema([pa.field(name, pa.string()) for name in HOSTILE], metadata={'</script>': '<b>'}))
    lance.write_dataset(table, path, max_rows_per_file=600)
    data, root = check_table(tool, path, folder)
    check({column[0] for column in data['columns']} == set(HOSTILE), 'names as they are')
    texts = [text.text or '' for text in root.iter(SVG + 'text')]
    check(any(text.startswith('<script>alert(1)') for text in texts), 'a name in the picture')
    check('\\u202egnp-exe' in texts and not any('\u202e' in text for text in texts), 'names do not turn around')
    check_diff(tool, path, STRINGS, folder)
    check(path.name in root[0].text and data['name'] == path.name and data['name'].encode() not in (folder / 'out.html').read_bytes(), 'the name of the table')


def check_dataset(tool, folder, lance, pa):
    path = folder / 'deleted.lance'
    ds = lance.write_dataset(pa.table({'id': pa.array(range(100)), 's': pa.array([f'row {i}' for i in range(100)])}), path, max_rows_per_file=40)
    ds.delete('id % 10 = 3')
    ds.add_columns({'twice': 'id * 2'})
    data, root = check_table(tool, str(path) + '/', folder)
    rows = tool.json('fragments', path)['fragments']
    check([(f['id'], f['rows'], f['deleted'], f['deletion_file']) for f in data['fragments']] ==
          [(r['fragment'], r['physical_rows'], r['deleted_rows'], r['deletion_file']) for r in rows] and len(rows) == 3, f'{data["fragments"]}')
    for row in rows:
        check([f['path'] for f in data['files'] if f['fragment'] == row['fragment']] == ['data/' + f['path'] for f in row['data_files']], 'files of the fragments')
    check(check_table(tool, path, folder, '--version', '1')[0]['fragments'][0]['deleted'] == 0, 'an older version')
    ds.tags.create('good', 2)
    data, root = check_table(tool, path, folder, '--tag', 'good')
    versions = tool.json('versions', path)['versions']
    check(data['version'] == 2 and data['older_versions'] == 0, f'{data["version"]}')
    check([(v['version'], v['time'], v['operation'], v['rows'], v['deleted'], v['tags']) for v in data['versions']] ==
          [(v['version'], v['time'], v['operation'], v['rows'], v['deleted_rows'], v['tags']) for v in versions] and len(versions) == 3, f'{data["versions"]}')
    check_diff(tool, f'{path}@1', path, folder)
    check_diff(tool, path, path, folder, same=True)


def check_damage(tool, folder):
    """Damaged files give sound pictures or an error, and no file then."""
    rng, path, svg, page = random.Random(3), folder / 'damaged.lance', folder / 'damaged.svg', folder / 'damaged.html'
    drawn = 0
    for _ in range(150):
        data = bytearray(rng.choice(FIXTURES + GOLDEN).read_bytes())
        for _ in range(rng.choice((1, 1, 4))):
            data[rng.randrange(max(0, len(data) - 900), len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        result = tool('layout', path, '--svg', svg, '--html', page)
        check(result.returncode in (0, 4, 5, 7), f'{result.returncode}, {result.stderr!r}')
        check(svg.exists() == page.exists() == (result.returncode == 0), 'both or none')
        if result.returncode == 0:
            drawn += 1
            check(drawn_bytes(check_svg(svg.read_bytes())) == len(data), 'all bytes are drawn')
            for file in check_page(page.read_bytes())['files']:
                check(file['bytes'] == len(data), 'the size of the file')
            svg.unlink()
            page.unlink()
    check(20 < drawn < 140, f'{drawn} of 150 damaged files are drawn')


def check_large(tool, folder, lance, pa):
    """Many columns, and many parts: the page stays small and says what it joins."""
    wide = folder / 'wide.lance'
    lance.write_dataset(pa.table({f'a_rather_long_column_name_{i}': pa.array([i, 1, 2, None]) for i in range(10_000)}), wide)
    data, root = check_table(tool, wide, folder)
    sizes = (folder / 'out.html').stat().st_size, (folder / 'out.svg').stat().st_size
    check(sizes[0] < 4_000_000 and sizes[1] < 400_000, f'10,000 columns: {sizes} bytes')
    check(len(root) < 2000 and data['own_colors'] == 0, f'{len(root)} elements')
    check(any('10,000 columns' in (text.text or '') for text in root.iter(SVG + 'text')), 'what was joined is told')
    lance.write_dataset(pa.table({f'a_rather_long_column_name_{i}': pa.array([i, 1, 2, None] * 6) for i in range(10_000)}), wide, mode='append', max_rows_per_file=4)
    svg, page = folder / 'out.svg', folder / 'out.html'
    tool('layout', wide, '--svg', svg, '--html', page, '--force', code=0)
    data = check_page(page.read_bytes())
    check_svg(svg.read_bytes())
    for file in data['files']:
        parts, joined = parts_of(data, file)
        check(len(parts) < file['num_parts'] == joined + sum(len(part) < 7 for part in file['parts']), 'parts were joined, and none is lost')
    check(page.stat().st_size < 8_000_000, f'{page.stat().st_size} bytes')
    check(50_000 < sum(len(column) - 1 for file in data['files'] for column in file['pages']) <= 60_000 < 10_000 * len(data['files']) + 20_000, 'pages as far as there is room')


def main():
    tool = Tool(sys.argv[1])
    folder = pathlib.Path(tempfile.mkdtemp(prefix='lancekit_pictures_'))
    try:
        check_output(tool, folder)
        for path in FIXTURES + GOLDEN:
            check_table(tool, path, folder)
            check_diff(tool, STRINGS, path, folder, same=path == STRINGS)
        check_damage(tool, folder)
        try:
            import lance
            import pyarrow as pa
        except ImportError:
            print('pylance is not installed: fixtures only')
            return
        check_hostile(tool, folder, lance, pa)
        check_dataset(tool, folder, lance, pa)
        if '--large' in sys.argv:
            check_large(tool, folder, lance, pa)
    finally:
        shutil.rmtree(folder)
    print('pictures are sound')


if __name__ == '__main__':
    sys.exit(main())
