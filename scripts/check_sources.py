#!/usr/bin/env python3
"""Checks rules of the source tree that no compiler knows.

    check_sources.py [ROOT] [--build FOLDER]   list violations; exit status 1 when there are any
    check_sources.py --self-test               check that each rule catches what it is for

Rules: every .cc is compiled (with --build: it is in FOLDER/compile_commands.json); no file over 800 lines, a note over 500;
no TODO without an issue number, TODO(#12); Python files parse; reinterpret_cast to values only where buffers get types; no path of
one machine.
"""
import argparse
import ast
import json
import pathlib
import re
import sys
import tempfile

CODE = ('.c', '.cc', '.h', '.hpp')
TEXT = CODE + ('.py', '.sh', '.md', '.cmake', '.txt', '.json', '.fbs')
SKIPPED = {'.git', '.venv', '.cache', 'build', '__pycache__', 'generated'}
BUILT_ELSEWHERE = ('tests/consumer/',)  # a project of its own, built against the installed package
MAX_LINES, NOTE_LINES = 800, 500
# Looking at bytes as characters, or at an address, may happen anywhere; making values of bytes only where buffers get types.
REINTERPRET = re.compile(r'reinterpret_cast<(?!(const )?(char|std::byte|unsigned char|std::uint8_t)\*>|std::uintptr_t>)')
MAY_REINTERPRET = re.compile(r'(base|types|io|encodings|index/kernels|tests|fuzz)/|(structural/leaf\.cc|index/memory\.h)$|.*_test\.cc$')
TODO = re.compile(r'\bTODO\b(?!\(#\d+\))')
MACHINE_PATH = re.compile('(?<![\\w.}$])/' + '(home|root|work|Users)/[A-Za-z]')


def source_files(root):
    """-> all text files of the project, sorted."""
    for path in sorted(root.iterdir()):
        if path.is_dir():
            if path.name not in SKIPPED:
                yield from source_files(path)
        elif path.suffix in TEXT:
            yield path


def check_text(name, text):
    """-> messages about one file."""
    messages = []
    lines = text.splitlines()
    is_code = name.endswith(CODE)
    if is_code and len(lines) > MAX_LINES:
        messages.append(f'{name}: {len(lines)} lines, more than {MAX_LINES}')
    if name.endswith('.py'):
        try:
            ast.parse(text)
        except SyntaxError as error:
            messages.append(f'{name}:{error.lineno}: {error.msg}')
    for number, line in enumerate(lines, 1):
        if is_code and TODO.search(line):
            messages.append(f'{name}:{number}: TODO without an issue number')
        if is_code and REINTERPRET.search(line) and not MAY_REINTERPRET.match(name):
            messages.append(f'{name}:{number}: reinterpret_cast from bytes to values; base/ has the means')
        if MACHINE_PATH.search(line):
            messages.append(f'{name}:{number}: names a path of one machine')
    return messages


def orphans(root, names, build):
    """-> messages about .cc files that nothing compiles."""
    commands = json.loads((build / 'compile_commands.json').read_text())
    compiled = {(pathlib.Path(c['directory']) / c['file']).resolve() for c in commands}
    # The fuzz targets are built by other presets than the tests of the tree.
    listed = (root / 'fuzz/CMakeLists.txt').read_text() if (root / 'fuzz/CMakeLists.txt').exists() else ''
    def is_fuzz(name):
        file = name.removeprefix('fuzz/')
        return name.startswith('fuzz/') and (f' {file})' in listed or f"lancekit_fuzz({file.removesuffix('_fuzz.cc')})" in listed)
    return [f'{name}: in no CMakeLists.txt' for name in names
            if name.endswith('.cc') and not name.startswith(BUILT_ELSEWHERE) and (root / name).resolve() not in compiled and not is_fuzz(name)]


def check(root, build):
    """-> (number of files, notes, messages)."""
    names, notes, messages = [], [], []
    for path in source_files(root):
        name, text = path.relative_to(root).as_posix(), path.read_text(errors='replace')
        names.append(name)
        messages += check_text(name, text)
        if name.endswith(CODE) and NOTE_LINES < text.count('\n') <= MAX_LINES:
            notes.append(f'{name}: {text.count(chr(10))} lines, more than {NOTE_LINES}')
    return len(names), notes, messages + (orphans(root, names, build) if build else [])


def self_test():
    home = '/home' + '/somebody/x'
    bad = [('reader/a.cc', 'x\n' * 801), ('reader/a.cc', '// TODO: later'), ('reader/a.cc', 'reinterpret_cast<int*>(p)'),
           ('README.md', f'see {home}'), ('tools/a.cc', f'"{home}"'), ('bench/a.py', 'for i in x:\ny = 1')]
    good = [('reader/a.cc', 'x\n' * 800), ('reader/a.cc', '// TODO(#7): later'), ('base/a.h', 'reinterpret_cast<int*>(p)'),
            ('reader/a_test.cc', 'reinterpret_cast<int*>(p)'), ('reader/a.cc', 'reinterpret_cast<const char*>(p)'),
            ('reader/a.cc', 'reinterpret_cast<std::uintptr_t>(p)'), ('README.md', 'x\n' * 900), ('README.md', 'https://a.org/home/b'), ('bench/a.py', 'for i in x:\n    y = 1')]
    wrong = [case for case in bad if not check_text(*case)] + [case for case in good if check_text(*case)]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / 'a.cc').write_text('')
        (root / 'b.cc').write_text('')
        (root / 'compile_commands.json').write_text(json.dumps([{'directory': folder, 'file': 'a.cc'}]))
        if check(root, root)[2] != ['b.cc: in no CMakeLists.txt']:
            wrong.append(('orphan b.cc',))
    for case in wrong:
        print(f'self-test: wrong verdict for {case[0]}: {case[-1][:60]}', file=sys.stderr)
    print(f'{len(bad) + len(good) + 1} cases, {len(wrong)} wrong')
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', nargs='?', type=pathlib.Path, default=pathlib.Path('.'))
    parser.add_argument('--build', type=pathlib.Path)
    parser.add_argument('--self-test', action='store_true')
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    files, notes, messages = check(arguments.root, arguments.build)
    for note in notes:
        print(f'note: {note}')
    for message in messages:
        print(message, file=sys.stderr)
    print(f'{files} files, {len(messages)} violations')
    return 1 if messages or not files else 0


if __name__ == '__main__':
    sys.exit(main())
