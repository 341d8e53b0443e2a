#!/usr/bin/env python3
"""Every flat type x null rate x length x data pattern x version: written by us and read by us and by pylance, and the reverse.

usage: types_test.py BRIDGE_LIBRARY [--all]    --all: all patterns at the largest length too (many minutes)
"""
import sys

import numpy as np

from columns import LENGTHS, NULL_RATES, VERSIONS, all_columns, grouped, patterns, width
from comparison import self_test
from lancekit_bridge import Lancekit
from reference import Reference, Runner


def pick(turn):
    """Of long columns one pattern per type, another one at each turn; of wide ones none but in the first turns."""
    def choose(t):
        if width(t) > 100 and turn % 4 != 1:
            return ()
        every = patterns(t)
        return (every[turn % len(every)],)
    return choose


def main():
    lancekit, reference, run = Lancekit(sys.argv[1]), Reference(), Runner()
    run.check('the comparison itself', self_test)
    every = '--all' in sys.argv
    ours, theirs = run.path('ours.lance'), run.path('theirs.lance')
    turn = 0
    for length in LENGTHS:
        for rate in NULL_RATES:
            for version in VERSIONS:
                turn += 1
                rng = np.random.default_rng(turn)
                columns = all_columns(rng, length, rate, patterns if every or length < 10_000 else pick(turn))
                for group in grouped(columns):
                    case = f'{length} rows, nulls {rate}, {version}'

                    def write_ours(table):
                        lancekit.write(ours, table, version=version, single_file=True)
                        return lancekit.read(ours)

                    def read_theirs(table):
                        lancekit.write(ours, table, version=version, single_file=True)
                        return reference.read(ours)

                    def write_theirs(table):
                        reference.write(theirs, table, version)
                        return lancekit.read(theirs)

                    run.columns(f'ours to ours, {case}', group, write_ours)
                    run.columns(f'ours to pylance, {case}', group, read_theirs)
                    run.columns(f'pylance to ours, {case}', group, write_theirs)
                    print(f'{case}: {len(group)} columns, {len(run.failures)} failures', flush=True)
    run.finish()


if __name__ == '__main__':
    main()
