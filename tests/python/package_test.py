#!/usr/bin/env python3
"""Makes the wheel of a built tree, looks at it, installs it into a new virtual environment without anything else, and runs the tests of
the package: there those that need no other one, here, with the peers of .venv, the rest.

    package_test.py BUILD_FOLDER
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MAX_BYTES = 5_000_000


def run(*command, **options):
    subprocess.run([str(part) for part in command], check=True, **options)


def make_wheel(tree, folder):
    """By the same backend, settings and install rules as `pip install .`, but for what compiles."""
    run(sys.executable, '-m', 'pip', 'wheel', ROOT, '--quiet', '--disable-pip-version-check', '--no-deps', '--no-build-isolation', '-w', folder,
        '-C', 'cmake.source-dir=tests/python/prebuilt', '-C', f'cmake.define.LANCEKIT_TREE={tree}', '-C', 'build.targets=all')
    wheels = list(folder.glob('*.whl'))
    assert len(wheels) == 1, wheels
    return wheels[0]


def check_wheel(wheel):
    version = re.search(r'LANCEKIT_VERSION "(.*)"', (ROOT / 'include/lancekit/version.hpp').read_text())[1]
    assert re.fullmatch(rf'lancekit-{re.escape(version)}-py3-none-linux_\w+\.whl', wheel.name), wheel.name
    size = wheel.stat().st_size
    print(f'{wheel.name}: {size} bytes, at most {MAX_BYTES}')
    assert size <= MAX_BYTES
    names = [name for name in zipfile.ZipFile(wheel).namelist() if '.dist-info/' not in name]
    wanted = [f'lancekit/{file.name}' for file in (ROOT / 'python/lancekit').iterdir() if file.is_file()]
    wanted += ['lancekit/liblancekit_c.so'] + [f'lancekit-{version}.data/scripts/{name}' for name in ('lance-index', 'lance-inspect')]
    assert sorted(names) == sorted(wanted), sorted(names)


def main():
    tree = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        wheel = make_wheel(tree, folder)
        check_wheel(wheel)
        clean = folder / 'venv'
        run(sys.executable, '-m', 'venv', '--without-pip', clean)
        run(sys.executable, '-m', 'pip', '--python', clean / 'bin/python', 'install', '--quiet', '--disable-pip-version-check', '--no-index', wheel)
        run(clean / 'bin/python', HERE / 'clean_test.py', cwd=folder)

        [packages] = clean.glob('lib/python3*/site-packages')
        os.environ['PYTHONPATH'] = str(packages)
        for test in ('lifetime_test.py', 'peers_test.py'):
            run(sys.executable, HERE / test, cwd=folder)


if __name__ == '__main__':
    main()
