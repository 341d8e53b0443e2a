#!/usr/bin/env python3
"""Checks of what all programs share: man pages, completion, defaults from the environment and from a file.

    cli_e2e.py FOLDER_OF_MAN_PAGES PROGRAM...
    cli_e2e.py --update FOLDER_OF_MAN_PAGES PROGRAM...   writes the man pages

Shells are driven where they are installed.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).parent / 'data'
STRINGS = DATA / 'strings-2.1.lance'
NESTED = DATA / 'x1-nested.lance'


def check(condition, message):
    if not condition:
        raise SystemExit(f'FAILED: {message}')


def run(*command, code=0, env=None, folder=None):
    """-> stdout; the user's own defaults do not count."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(('LANCEKIT_', 'XDG_CONFIG'))}
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                          cwd=folder, env={**clean, 'HOME': '/nonexistent', **(env or {})})
    check(done.returncode == code, f'{command}: exit code {done.returncode}, not {code}: {done.stderr[:500]}')
    return done.stdout if code == 0 else done.stderr


def update(pages, programs):
    pages.mkdir(exist_ok=True)
    for program in programs:
        (pages / f'{program.name}.1').write_text(run(program, '--help-man'))


def check_man_pages(pages, programs):
    for program in programs:
        page = run(program, '--help-man')
        check((pages / f'{program.name}.1').read_text() == page, f'man/{program.name}.1 is not what the program says; tests/cli_e2e.py --update makes it')
        plain = page.replace('\\-', '-')
        for code in re.findall(r'^ *(\d+)  ', run(program, 'help', 'exit-codes'), re.MULTILINE):
            check(f'\\fB{code}\\fR' in page, f'{program.name}: exit code {code}')
        for name in re.findall(r'^  (?:-\w, )? *(--[\w-]+)', run(program, '--help'), re.MULTILINE):
            check(f'\\fB{name}\\fR' in plain, f'{program.name}: {name}')
        for name in ('LANCEKIT_THREADS', 'LANCEKIT_MEMORY_LIMIT', 'LANCEKIT_IO', 'NO_COLOR', 'config.toml', 'SEE ALSO'):
            check(name in page, f'{program.name}: {name}')
        if shutil.which('man'):
            done = subprocess.run(['man', '--warnings', '-l', pages / f'{program.name}.1'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env={**os.environ, 'MANWIDTH': '100', 'LC_ALL': 'C.UTF-8'})
            check(done.returncode == 0 and not done.stderr and b'SYNOPSIS' in done.stdout, f'{program.name}: {done.stderr}')


def answer(program, *words, at=None):
    """-> (words that may stand for the last one, whether files may)"""
    first, *lines = run(program, '__complete', len(words) - 1 if at is None else at, *words).split('\n')
    check(first in ('files', 'words') and lines.pop() == '', f'{program.name} {words}')
    return [line.split('\t')[0] for line in lines], first == 'files'


def check_answers(inspect, convert, index):
    def is_answer(expected, *words, program=inspect, **options):
        check(answer(program, *words, **options) == expected, f'{words}: {answer(program, *words, **options)}')
    is_answer((['diff'], True), 'di')
    check(set(answer(inspect, 'head', '--ve')[0]) == {'--version', '--verbose', '--vertical'}, 'options of the command')
    check('--vertical' not in answer(inspect, 'schema', '--ve')[0], 'and of no other')
    check(sorted(answer(inspect, 'head', '--color', 'a')[0]) == ['always', 'auto'], 'values of options')
    is_answer((['--color=never'], False), 'head', '--color=n')
    is_answer((['never'], False), 'head', '--color', '=', 'n')
    check(sorted(answer(inspect, 'head', '--color', '=')[0]) == ['always', 'auto', 'never'], 'as bash cuts words')
    is_answer((['bash', 'zsh', 'fish'], False), 'completion', '')
    check('exit-codes' in answer(inspect, 'help', '')[0] and 'head' in answer(inspect, 'help', '')[0], 'topics of help')
    is_answer(([], True), 'head', str(STRINGS)[:-3])
    is_answer(([], True), 'layout', '--html', '')
    is_answer(([], False), 'head', '-n', '')
    is_answer((['strlow'], False), 'head', '-c', 'strl', STRINGS, at=2)
    is_answer((['strlow'], False), 'head', STRINGS, '-c', 'strl')
    is_answer((['x,strlow'], False), 'head', STRINGS, '-c', 'x,strl')
    is_answer((['--key=strlow'], False), 'diff', STRINGS, STRINGS, '--key=strl')
    is_answer(([], False), 'head', '-c', 's', at=2)
    is_answer(([], False), 'head', '-c', '', 'missing.lance', at=2)
    names = [field['name'] for field in json.loads(run(inspect, 'schema', NESTED, '--json'))['fields']]
    check(set(names) == set(answer(inspect, 'head', NESTED, '-c', '')[0]), 'columns, their parts on demand')
    if convert:
        is_answer((['small'], False), '--preset', 's', program=convert)
        is_answer((['--where'], False), '--wh', program=convert)
        is_answer((['strlow'], False), STRINGS, '-c', 'strl', program=convert)
    is_answer((['--metric'], False), 'build', '--met', program=index)
    is_answer((['cosine'], False), 'build', '--metric', 'c', program=index)
    run(inspect, '__complete', '99999999999999999999', 'head')
    run(inspect, 'completion', 'tcsh', code=2)


def check_shells(programs, folder):
    for program in programs:
        for shell in ('bash', 'zsh', 'fish'):
            script = folder / f'{program.name}.{shell}'
            script.write_text(run(program, 'completion', shell))
            check('PROGRAM' not in script.read_text() and 'FUNCTION' not in script.read_text(), 'names are filled in')
            if shutil.which(shell):
                run(shell, '-n', script)
    inspect = programs[0]
    shutil.copy(STRINGS, folder / 'a b.lance')
    (folder / 'trips').mkdir()

    def bash(*words, at=None):
        drive = f'source {folder}/{inspect.name}.bash; COMP_WORDS=("$@"); COMP_CWORD={len(words) if at is None else at}; _lance_inspect; printf "%s\\n" "${{COMPREPLY[@]}}"'
        return run('bash', '-c', drive, 'bash', inspect, *words, folder=folder).splitlines()
    check(bash('versio') == ['versions'], f'{bash("versio")}')
    check(bash('head', 'a') == ['a b.lance'], f'files: {bash("head", "a")}')
    check(bash('tri') == ['trips'], 'a path without a command')
    check(bash('head', '--color', '=', 'n') == ['never'], f'{bash("head", "--color", "=", "n")}')
    check(bash('head', '-c', 'strl', STRINGS, at=3) == ['strlow'], f'columns: {bash("head", "-c", "strl", STRINGS, at=3)}')


def check_defaults(inspect, convert, folder):
    """Command line, environment, the program's section, what is there for all."""
    home = folder / 'config' / 'lancekit'
    home.mkdir(parents=True)
    env = {'XDG_CONFIG_HOME': str(home.parent)}
    file = home / 'config.toml'

    def is_refused(*arguments, env=env, config=None, said=''):
        if config is not None:
            file.write_text(config)
        error = run(inspect, 'count', STRINGS, *arguments, env=env, code=2)
        check(said in error, f'{config} {arguments}: {error}')

    is_refused(env={'LANCEKIT_THREADS': 'many'}, said='--threads')
    is_refused(env={'LANCEKIT_MEMORY_LIMIT': 'much'}, said='--memory-limit')
    run(inspect, 'count', STRINGS, '--threads', '1', '--memory-limit', '1MiB', env={'LANCEKIT_THREADS': 'many', 'LANCEKIT_MEMORY_LIMIT': 'much'})
    run(inspect, 'count', STRINGS, env={'LANCEKIT_THREADS': '2', 'LANCEKIT_MEMORY_LIMIT': '64MiB'})
    is_refused(config='threads = "many"', said='--threads')
    run(inspect, 'count', STRINGS, env={**env, 'LANCEKIT_THREADS': '2'})
    run(inspect, 'count', STRINGS, '-j', '2', env=env)
    run(inspect, 'count', STRINGS, '--config', '', env=env)
    is_refused(config='color = "sometimes"', said='--color')
    is_refused(config='rows = 3', said=str(file))
    is_refused(config='[lance-inspect]\nrows = 3', said='rows')
    is_refused(config='[lance-browse]\nthreads = 3', said='lance-browse')
    is_refused('--config', folder / 'none.toml', said='none.toml')
    is_refused(env={'HOME': str(folder), 'LANCEKIT_MEMORY_LIMIT': 'x'}, said='--memory-limit')

    def is_colored(config, *arguments, **more):
        file.write_text(config)
        return '\x1b' in run(inspect, 'head', '-f', 'table', STRINGS, *arguments, env={**env, **more})
    check(is_colored('color = "always"') and not is_colored('color = "always"', '--color', 'never'), 'the command line goes first')
    check(is_colored('color = "never"\n[lance-inspect]\ncolor = "always"\n[lance-index]\ncolor = "never"'), "a program's section goes before the rest")
    check(is_colored('color = "always"\n[lance-convert]\ncolor = "never"\nprogress = "never"'), 'sections of other programs do not count')
    file.write_text('io = "read"\n[lance-inspect]\nbytes = true\n')
    def reads(**more):
        stats = subprocess.run([inspect, 'head', STRINGS, '--stats'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **env, **more}).stderr
        return int(re.search(r'^lancekit_io_calls_total (\d+)', stats, re.MULTILINE)[1])
    check(reads() > 0 and reads(LANCEKIT_IO='map') == 0, 'the environment goes before the file')
    if convert:
        file.write_text('[lance-convert]\nprogress = "never"\n')
        run(convert, DATA / 'flights-25k.parquet', '--limit', '3', '--to', 'csv', '-', env=env)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != '--update']
    pages, *programs = (pathlib.Path(argument).resolve() for argument in arguments)
    if '--update' in sys.argv:
        return update(pages, programs)
    by_name = {program.name: program for program in programs}
    convert = by_name.get('lance-convert')
    check_man_pages(pages, programs)
    check_answers(by_name['lance-inspect'], convert, by_name['lance-index'])
    folder = pathlib.Path(tempfile.mkdtemp(prefix='lancekit_cli_'))
    try:
        check_shells([by_name['lance-inspect'], *programs], folder)
        check_defaults(by_name['lance-inspect'], convert, folder)
    finally:
        shutil.rmtree(folder)
    print('programs tell about themselves')


if __name__ == '__main__':
    sys.exit(main())
