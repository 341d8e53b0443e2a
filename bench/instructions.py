#!/usr/bin/env python3
"""Counts the instructions of the main kernels, and of scans, takes, opens and writes of a fixed table, under callgrind, and how often
such a table asks for memory, and compares both with what was recorded:

    instructions.py PROGRAM [--record]

Exit status 1 when anything takes 5 % more than recorded; 77 without valgrind. --record writes instructions.json and allocations.json
anew: to be done with the change that makes something cheaper, or dearer for a reason. Callgrind shows programs a CPU with AVX2 at most.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
MOST = 1.05


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith('LANCEKIT_')}


def count_allocations(program):
    """-> {scenario: allocations}, {scenario: pages that they are of}."""
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run([program, '--allocations', folder], check=True, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return {name: int(count) for name, count, _ in rows}, {name: int(pages) for name, _, pages in rows}


def compare(what, found, record, describe=lambda name: ''):
    """-> how many scenarios take too much, or are not both counted and recorded."""
    path = FOLDER / f'{what}.json'
    if record:
        path.write_text(json.dumps(dict(sorted(found.items())), indent=1) + '\n')
    recorded = json.loads(path.read_text())
    failed = sorted(set(recorded) ^ set(found))
    for name in failed:
        print(f'{name}: {"not recorded" if name in found else "not counted"}')
    for name in sorted(set(recorded) & set(found)):
        ratio = found[name] / recorded[name]
        print(f'{name:16} {found[name]:>13,} {what}, {ratio:.3f} of {recorded[name]:,}{describe(name)}{"  TOO MANY" if ratio > MOST else ""}')
        failed += [name] if ratio > MOST else []
    return len(failed) + (not found)


def count(program):
    """-> {scenario: instructions}."""
    with tempfile.TemporaryDirectory() as folder:
        environment = clean_environment()
        subprocess.run(['valgrind', '--tool=callgrind', '--collect-atstart=no', '--instr-atstart=no', f'--callgrind-out-file={folder}/out',
                        program, folder], check=True, env=environment, stderr=subprocess.PIPE, text=True)
        found = {}
        for file in pathlib.Path(folder).glob('out.*'):
            text = file.read_text()
            name = re.search(r'^desc: Trigger: Client Request: (\S+)$', text, re.M)
            total = re.search(r'^totals: (\d+)', text, re.M)
            if name and total:
                found[name[1]] = int(total[1])
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('--record', action='store_true')
    arguments = parser.parse_args()
    if not shutil.which('valgrind'):
        print('skipped: there is no valgrind', file=sys.stderr)
        return 77
    try:
        found = count(os.path.abspath(arguments.program))
        allocations, pages = count_allocations(os.path.abspath(arguments.program))
    except subprocess.CalledProcessError as error:
        print(error.stderr, file=sys.stderr)
        return 1
    failed = compare('instructions', found, arguments.record)
    failed += compare('allocations', allocations, arguments.record, lambda name: f'; {allocations[name] / pages[name]:.1f} a page')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
