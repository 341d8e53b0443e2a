#!/usr/bin/env python3
"""Counts the instructions of the main kernels, and of scans, takes, opens and writes of a fixed table, under callgrind, and compares
them with what was recorded:

    instructions.py PROGRAM [--record]

Exit status 1 when anything takes 5 % more than recorded; 77 without valgrind. --record writes instructions.json anew: to be done with
the change that makes something cheaper, or dearer for a reason. Callgrind shows programs a CPU with AVX2 at most.
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

RECORDED = pathlib.Path(__file__).resolve().parent / 'instructions.json'
MOST = 1.05


def count(program):
    """-> {scenario: instructions}."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith('LANCEKIT_')}
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
    except subprocess.CalledProcessError as error:
        print(error.stderr, file=sys.stderr)
        return 1
    if arguments.record:
        RECORDED.write_text(json.dumps(dict(sorted(found.items())), indent=1) + '\n')
    recorded = json.loads(RECORDED.read_text())
    failed = sorted(set(recorded) ^ set(found))
    for name in failed:
        print(f'{name}: {"not recorded" if name in found else "not counted"}')
    for name in sorted(set(recorded) & set(found)):
        ratio = found[name] / recorded[name]
        print(f'{name:16} {found[name]:>13,} instructions, {ratio:.3f} of {recorded[name]:,}{"  TOO MANY" if ratio > MOST else ""}')
        if ratio > MOST:
            failed.append(name)
    return 1 if failed or not found else 0


if __name__ == '__main__':
    sys.exit(main())
