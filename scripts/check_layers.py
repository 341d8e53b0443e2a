#!/usr/bin/env python3
"""Checks that every #include points to the same or a lower layer.

    check_layers.py [ROOT]        list violations; exit status 1 when there are any
    check_layers.py --self-test   check that the rules catch what they are for

The public headers (include/lancekit) see only themselves and may be seen by all. Reader and writer do not see each other.
Arrow C++ and protobuf stay out of the library and of lance-inspect; examples use the public API only.
"""
import pathlib
import re
import sys

# Lower layers first; the layers of one tuple do not see each other.
LAYERS = [('base',), ('types',), ('io',), ('format',), ('encodings',), ('structural',), ('legacy',), ('filter',), ('reader', 'writer'), ('index', 'c_api'), ('tools',)]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FOLDERS = list(RANK) + ['include', 'examples', 'fuzz', 'bench', 'tests']
PUBLIC = 'lancekit'
FOREIGN = re.compile(r'(arrow|parquet|google/protobuf)/')
FOREIGN_ALLOWED = ('tools/lance-convert/', 'tests/', 'bench/')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def violation(path, quote, target):
    """-> why the file at `path` must not include `target`, or None."""
    folder, head = path.split('/')[0], target.split('/')[0]
    is_test = path.endswith('_test.cc')
    if FOREIGN.match(target) and not path.startswith(FOREIGN_ALLOWED):
        return 'Arrow C++, Parquet C++ and protobuf stay out of the core'
    if head == PUBLIC:
        return None
    if folder == 'include':
        return 'a public header includes only public and system headers' if quote == '"' or head in RANK else None
    if folder == 'examples':
        return 'an example uses the public API only' if quote == '"' or head in RANK else None
    if folder not in RANK:
        return None
    if head == 'tests':
        return None if is_test else 'only tests include tests/'
    if head not in RANK:
        return f'{head}/ is not a layer' if head in ('fuzz', 'bench', 'examples') else None
    if RANK[head] > RANK[folder]:
        return f'{folder}/ is below {head}/'
    if RANK[head] == RANK[folder] and head != folder:
        return f'{folder}/ and {head}/ do not see each other'
    return None


def check(root):
    """-> (number of files, list of messages)."""
    messages, files = [], 0
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob('*')):
            if file.suffix not in ('.h', '.hpp', '.cc'):
                continue
            files += 1
            path = file.relative_to(root).as_posix()
            for number, line in enumerate(file.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                why = match and violation(path, *match.groups())
                if why:
                    messages.append(f'{path}:{number}: includes {match[2]}: {why}')
    return files, messages


def self_test():
    bad = [('base/a.cc', '"', 'types/b.h'), ('reader/a.cc', '"', 'writer/b.h'), ('writer/a.h', '"', 'reader/b.h'),
           ('format/a.h', '"', 'encodings/b.h'), ('structural/a.cc', '"', 'tools/b.h'), ('io/a.cc', '<', 'arrow/api.h'),
           ('tools/lance-inspect/a.cc', '<', 'parquet/file_reader.h'), ('format/a.cc', '<', 'google/protobuf/message.h'),
           ('include/lancekit/a.hpp', '"', 'base/status.h'), ('include/lancekit/a.hpp', '<', 'base/status.h'),
           ('examples/a.cc', '"', 'reader/b.h'), ('base/a.cc', '"', 'tests/b.h'), ('base/a.cc', '"', 'fuzz/b.h')]
    good = [('types/a.cc', '"', 'base/b.h'), ('reader/a.cc', '"', 'structural/b.h'), ('tools/a.cc', '"', 'writer/b.h'),
            ('base/a.cc', '"', 'lancekit/result.hpp'), ('base/a.cc', '<', 'vector'), ('base/a_test.cc', '"', 'tests/b.h'),
            ('tools/lance-convert/a.cc', '<', 'arrow/api.h'), ('include/lancekit/a.hpp', '"', 'lancekit/b.hpp'),
            ('examples/a.cc', '<', 'lancekit/b.hpp'), ('fuzz/a.cc', '"', 'reader/b.h'), ('index/a.cc', '"', 'reader/b.h'), ('c_api/a.cc', '"', 'types/b.h')]
    wrong = [case for case in bad if not violation(*case)] + [case for case in good if violation(*case)]
    for case in wrong:
        print(f'self-test: wrong verdict for {case}', file=sys.stderr)
    print(f'{len(bad) + len(good)} cases, {len(wrong)} wrong')
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    files, messages = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.'))
    for message in messages:
        print(message, file=sys.stderr)
    print(f'{files} files, {len(messages)} includes that break the layers')
    return 1 if messages or not files else 0


if __name__ == '__main__':
    sys.exit(main())
