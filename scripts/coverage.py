#!/usr/bin/env python3
"""Tells which lines of the library ran, after the tests of a build with LANCEKIT_COVERAGE (preset dev), and keeps the badge.

    coverage.py [--build FOLDER] [--least PERCENT] [--files N]

FOLDER is build/dev. Prints lines and percentage of each folder; --files also the N files with the most lines that never ran. Counts
every run of the build's programs since FOLDER/coverage was removed. Rewrites docs/coverage.svg when it tells another percentage.
Exit status 1 when the library is under PERCENT (85).

Headers of others and generated ones do not count; the programs (tools) are told apart, tests not at all. Lines are those that
llvm-cov counts: of a template or a header that was compiled several times, those of the copy that ran most.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BADGE = ROOT / 'docs/coverage.svg'
LIBRARY = ('base', 'types', 'io', 'format', 'encodings', 'structural', 'legacy', 'filter', 'reader', 'writer', 'index', 'c_api')
# What is compiled of it and of the programs: all of it, whether a test links it or not.
OBJECTS = ('CMakeFiles/lancekit_objects.dir', 'CMakeFiles/lancekit_small_objects.dir', 'index/CMakeFiles/lancekit_index_objects.dir',
           'c_api/CMakeFiles/lancekit_c_objects.dir', 'tools')


def measure(build):
    """-> {file below ROOT: (lines, of these not run)}"""
    profiles = sorted((build / 'coverage').glob('*.profraw'))
    if not profiles:
        sys.exit(f'coverage: nothing in {build}/coverage; run the tests first (ctest --preset dev)')
    merged = build / 'coverage.profdata'
    subprocess.run(['llvm-profdata-19', 'merge', '-sparse', '-failure-mode=all', '-o', merged, *profiles], check=True)
    command = ['llvm-cov-19', 'export', '-summary-only', f'-instr-profile={merged}']
    for folder in OBJECTS:
        for path in sorted((build / folder).rglob('*.o')):
            command += ['-object', path]
    exported = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    lines = {}
    for file in exported['data'][0]['files']:
        path = pathlib.Path(file['filename'])
        if not path.is_relative_to(ROOT) or path.is_relative_to(build) or 'test' in path.stem.split('_'):
            continue
        counts = file['summary']['lines']
        lines[path.relative_to(ROOT).as_posix()] = (counts['count'], counts['count'] - counts['covered'])
    return lines


def percent(pairs):
    count = sum(lines for lines, _ in pairs)
    return 100 * (1 - sum(missed for _, missed in pairs) / count) if count else 0


def badge(number):
    """-> the text of the badge for a percentage."""
    color = '#2e7d32' if number >= 85 else '#c62828'
    return f'''<svg xmlns="http://www.w3.org/2000/svg" width="96" height="20" role="img" aria-label="coverage: {number} %">
<rect width="60" height="20" fill="#555"/><rect x="60" width="36" height="20" fill="{color}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="30" y="14">coverage</text><text x="78" y="14">{number} %</text></g></svg>
'''


def refresh_badge(measured):
    """Rewrites the badge when it is not what was measured, give or take what differs from run to run."""
    shown = next((n for n in range(101) if BADGE.exists() and badge(n) == BADGE.read_text()), None)
    if shown is not None and abs(measured - shown) <= 0.6:
        return
    BADGE.write_text(badge(round(measured)))
    print(f'{BADGE.relative_to(ROOT)} is rewritten: {round(measured)} %, before {"nothing" if shown is None else f"{shown} %"}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build/dev')
    parser.add_argument('--least', type=float, default=85)
    parser.add_argument('--files', type=int, default=0, metavar='N')
    arguments = parser.parse_args()
    lines = measure(arguments.build.resolve())
    folders = collections.defaultdict(list)
    for name, pair in lines.items():
        folders[name.partition('/')[0]].append(pair)
    library = [pair for folder in LIBRARY for pair in folders[folder]]
    print(f'{"folder":12}{"lines":>8}{"run":>8}')
    for name, pairs in [*((folder, folders[folder]) for folder in LIBRARY), ('library', library), ('tools', folders['tools'])]:
        print(f'{name:12}{sum(count for count, _ in pairs):8}{percent(pairs):7.1f}%')
    worst = sorted(lines.items(), key=lambda item: -item[1][1])
    for name, (count, missed) in worst[:arguments.files]:
        print(f'{missed:6} of {count:5} lines never ran  {name}')
    measured = percent(library)
    refresh_badge(measured)
    if measured < arguments.least:
        print(f'the library is under {arguments.least:g} %')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
