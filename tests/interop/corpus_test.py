#!/usr/bin/env python3
"""The files of ../shared/corpus: flat columns equal to the expected values, nested ones refused by name.

usage: corpus_test.py BRIDGE_LIBRARY
"""
import os
import sys

import pyarrow as pa

from columns import difference
from lancekit_bridge import Lancekit, LancekitError
from reference import Runner

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'shared', 'corpus')


def is_flat(t):
    if pa.types.is_fixed_size_list(t):
        return is_flat(t.value_type) and not is_variable(t.value_type)
    if pa.types.is_dictionary(t):
        return is_flat(t.value_type)
    return not pa.types.is_nested(t)


def is_variable(t):
    return pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_binary(t) or pa.types.is_large_binary(t)


def blob_columns(schema):
    return {f.name for f in schema if (f.metadata or {}).get(b'lance-encoding:blob') == b'true'}


def expected_table(path):
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()


def refused(call, name):
    """kUnsupported that names the column, or kUnsupported of a part of the format."""
    try:
        call()
    except LancekitError as error:
        if error.code != 'unsupported':
            return [f'{error.code}: {error}']
        return [] if name in str(error) else [f'does not name the column {name}: {error}']
    return ['was read']


def check_file(lancekit, run, path, expected, label):
    """-> number of flat columns."""
    flat = [f.name for f in expected.schema if is_flat(f.type) and f.name not in blob_columns(expected.schema)]
    for name in expected.schema.names:
        if name in flat:
            def equal():
                got = lancekit.read(path, columns=[name])
                text = difference(expected[name], got[name])
                return [text] if text else []
            run.check(f'{label}: {name}', equal)
        else:
            run.check(f'{label}: {name} ({expected.schema.field(name).type})', lambda: refused(lambda: lancekit.read(path, columns=[name]), name))
    return len(flat)


def main():
    lancekit, run = Lancekit(sys.argv[1]), Runner()
    if not os.path.isdir(CORPUS):
        print('skipped: no ../shared/corpus')
        run.finish()
    for folder, at in (('lance-2.1', ''), ('lance-2.2', ''), ('random', 'r2')):
        base = os.path.join(CORPUS, folder)
        values = os.path.join(base, 'expected') if folder == 'random' else os.path.join(CORPUS, 'expected', folder)
        files = flat = 0
        for name in sorted(os.listdir(base)):
            stem, ext = os.path.splitext(name)
            arrow = os.path.join(values, stem + '.arrow')
            if ext != '.lance' or not name.startswith(at) or name.startswith('r20') or not os.path.exists(arrow):
                continue
            files += 1
            flat += check_file(lancekit, run, os.path.join(base, name), expected_table(arrow), f'{folder}/{name}')
        print(f'{folder}: {files} tables, {flat} flat columns', flush=True)
    run.finish()


if __name__ == '__main__':
    main()
