#!/usr/bin/env python3
"""Compares two runs of compare.py, each a file of JSON lines: what became better or worse against the same peers.

    diff.py BEFORE AFTER [--all]

Times of different runs say nothing, so ratios are compared: one is worse, or better, when its interval lies wholly beyond the other's
and the ratio itself changed by 5 %. Sizes have no interval. Exit status 1 when anything is worse.
"""
import argparse
import json
import sys

LEAST = 1.05


def load(path):
    """-> {(data, metric, peer, format): the last measurement}."""
    with open(path) as file:
        lines = [json.loads(line) for line in file if line.strip()]
    return {(line['data'], line['metric'], line['peer'], line.get('format', '2.2')): line for line in lines if 'ratio' in line and 'peer' in line}


def verdict(before, after):
    """-> 'better', 'worse' or 'same'."""
    change = after['ratio'] / before['ratio']
    if after['low'] > before['high'] and change >= LEAST:
        return 'better'
    if after['high'] < before['low'] and change <= 1 / LEAST:
        return 'worse'
    return 'same'


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('before')
    parser.add_argument('after')
    parser.add_argument('--all', action='store_true', help='also what is the same')
    settings = parser.parse_args(arguments)
    before, after = load(settings.before), load(settings.after)
    both = [key for key in before if key in after]
    if not both:
        print('diff.py: the runs have no measurement in common', file=sys.stderr)
        return 2
    counts = {'better': 0, 'worse': 0, 'same': 0}
    for key in both:
        found = verdict(before[key], after[key])
        counts[found] += 1
        if found != 'same' or settings.all:
            was, now = before[key], after[key]
            print(f'{found:7} {key[0]:10} {key[1]:24} {key[2]:15} {key[3]:4} {was["ratio"]:8.2f} [{was["low"]:.2f}, {was["high"]:.2f}] -> '
                  f'{now["ratio"]:8.2f} [{now["low"]:.2f}, {now["high"]:.2f}]')
    print(f'{counts["worse"]} worse, {counts["better"]} better, {counts["same"]} the same; {len(before) - len(both)} were not measured again')
    return 1 if counts['worse'] else 0


if __name__ == '__main__':
    sys.exit(main())
