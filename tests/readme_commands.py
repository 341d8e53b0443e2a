#!/usr/bin/env python3
"""Runs the commands of the README and checks what it says about the tree.

    readme_commands.py ROOT PROGRAM_FOLDER...   the folders go in front of PATH
    readme_commands.py --self-test

A ```sh block after a line `<!-- run -->` is run by bash, all of them in one temporary folder in which tests/ and scripts/ are
those of the tree. A ```text block right after it is its expected standard output; `...` in it stands for any text on a line.
Besides, every script named must exist, and the table of dependencies must have the packages of scripts/setup.sh.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r'^<!-- run -->\n```sh\n(.*?)^```\n(?:\n?```text\n(.*?)^```\n)?', re.DOTALL | re.MULTILINE)


def blocks(text):
    """-> [(commands, expected output or None)]; a match gives None or text for the second."""
    return [(match[1], match[2]) for match in BLOCK.finditer(text)]


def matches(expected, output):
    strip = lambda s: '\n'.join(line.rstrip() for line in s.strip('\n').splitlines())
    pattern = re.escape(strip(expected)).replace(re.escape('...'), '[^\n]*')
    return re.fullmatch(pattern, strip(output)) is not None


def run_blocks(text, root, program_folders):
    """-> list of failures, in words."""
    failures = []
    environment = dict(os.environ, NO_COLOR='1', PATH=os.pathsep.join([*program_folders, os.environ['PATH']]))
    with tempfile.TemporaryDirectory() as folder:
        for name in ('tests', 'scripts'):
            (pathlib.Path(folder) / name).symlink_to(root / name)
        for commands, expected in blocks(text):
            done = subprocess.run(['bash', '-euo', 'pipefail', '-c', commands], cwd=folder, env=environment, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
            if done.returncode != 0:
                failures.append(f'exit status {done.returncode} of:\n{commands}{done.stderr}')
            elif expected is not None and not matches(expected, done.stdout):
                failures.append(f'another output of:\n{commands}--- README\n{expected}--- now\n{done.stdout}')
    return failures


def setup_packages(script):
    """-> names in the bash arrays packages and bench_packages."""
    arrays = re.findall(r'^(?:bench_)?packages=\(([^)]*)\)', script, re.MULTILINE)
    return set(' '.join(arrays).split())


def check_claims(text, root):
    failures = []
    for script in sorted(set(re.findall(r'\b(?:scripts|tests|bench)/[\w/-]+\.(?:sh|py)\b', text))):
        if not os.access(root / script, os.X_OK):
            failures.append(f'{script} is missing or cannot be run')
    table = text.partition('## Dependencies')[2].partition('\n## ')[0]
    named = set(re.findall(r'`([^`]+)`', ' '.join(line.split('|')[1] for line in table.splitlines() if line.startswith('| `'))))
    wanted = setup_packages((root / 'scripts/setup.sh').read_text())
    for path in ('scripts/requirements.txt', 'scripts/requirements-bench.txt'):
        wanted |= {line.split('==')[0] for line in (root / path).read_text().splitlines() if '==' in line}
    failures += [f'the table of dependencies lacks {name}' for name in sorted(wanted - named)]
    failures += [f'the table of dependencies has {name}, which nothing installs' for name in sorted(named - wanted)]
    return failures


def self_test():
    root = pathlib.Path(__file__).resolve().parent.parent
    run = lambda text: run_blocks(text, root, [])
    cases = {
        'good': not run('<!-- run -->\n```sh\necho one two\n```\n```text\none ...\n```\n'),
        'bad status': run('<!-- run -->\n```sh\nfalse\n```\n'),
        'bad output': run('<!-- run -->\n```sh\necho one\n```\n\n```text\ntwo\n```\n'),
        'not marked': not run('```sh\nfalse\n```\n'),
        'missing script': any('scripts/none.sh' in f for f in check_claims('scripts/none.sh', root)),
        'missing package': any('lacks cmake' in f for f in check_claims('', root)),
        'surplus package': any('has gnat' in f for f in check_claims('## Dependencies\n| `gnat` | x |\n', root)),
    }
    wrong = [name for name, right in cases.items() if not right]
    print(f'{len(cases)} cases, wrong: {wrong or "none"}')
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    root = pathlib.Path(sys.argv[1]).resolve()
    text = (root / 'README.md').read_text()
    failures = check_claims(text, root) + run_blocks(text, root, sys.argv[2:])
    for failure in failures:
        print(f'README.md: {failure}', file=sys.stderr)
    print(f'{len(blocks(text))} blocks run, {len(failures)} failures')
    return 1 if failures or not blocks(text) else 0


if __name__ == '__main__':
    sys.exit(main())
