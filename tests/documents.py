#!/usr/bin/env python3
"""Runs what the documents say and checks what they say about the tree.

    documents.py BUILD_FOLDER CXX CC [DOCUMENT...]    README.md, CONTRIBUTING.md and docs/*.md, or these
    documents.py --self-test CXX CC

Each document gets a folder of its own with the files that documents_data.py makes and links to folders of the tree; the programs of
the build are in PATH, the Python package can be imported. Its blocks are run from top to bottom:

    ```sh                      by bash -euo pipefail
    ```python ```cpp ```c      all blocks of a language in a document are one program; each runs in its turn. A block with
                               `int main(` is a program of its own
    ```text                    right after one of these: its standard output; `...` stands for any text on a line, a line of
                               `...` for any lines

A line before a block may say otherwise:

    <!-- file: NAME -->        the block is written to a file, which a later block must name
    <!-- file scope -->        cpp and c: functions, which stand before main
    <!-- not run: REASON -->   counted and told; there may be MAX_NOT_RUN

A block of any other kind is an error. Besides, scripts that are named must exist, links must lead to files, and the README's table of
dependencies must have the packages of scripts/setup.sh.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_NOT_RUN = 16
SECONDS = 200  # for a block
END = '\x1e'   # what a program prints after each block
BLOCK = re.compile(r'(?:^<!-- ([^\n]*) -->\n)?^```(\w*)\n(.*?)^```$(\n+(?=```text\n))?', re.DOTALL | re.MULTILINE)
PYTHON = '''import sys
def turn():
    print(end=%r, flush=True)
    sys.stdin.readline()
names = {'__name__': '__main__'}
for name in sys.argv[1:]:
    sys.stdin.readline() if name == sys.argv[1] else turn()
    line, path, document = name.split(':')
    exec(compile('\\n' * int(line) + open(path).read(), document, 'exec'), names)
print(end=%r, flush=True)
sys.stdin.readline()
''' % (END, END)
TURN = '''#include <stdio.h>
static void document_turn(int print_end) {
  int c;
  if (print_end) putchar(%d), fflush(stdout);
  while ((c = getchar()) != '\\n' && c != EOF) {}
}
''' % ord(END)


class Failure(Exception):
    pass


class Block:
    def __init__(self, mark, language, text, line, expected):
        self.language, self.text, self.line, self.expected = language, text, line, expected
        kind, _, self.argument = (mark or '').partition(': ')
        self.file = self.argument if kind == 'file' else None
        self.skipped = self.argument if kind == 'not run' else None
        self.file_scope = mark == 'file scope'
        self.whole = language in ('c', 'cpp') and 'int main(' in text
        if kind not in ('', 'file', 'not run', 'file scope') or (kind in ('file', 'not run')) != bool(self.argument):
            raise Failure(f'line {line}: what is <!-- {mark} -->?')


def blocks(text):
    found, after = [], None
    for match in BLOCK.finditer(text):
        mark, language, body, before_text = match.groups()
        line = text.count('\n', 0, match.start(3))
        if language == 'text' and after is not None and mark is None:
            after.expected = body
        else:
            found.append(Block(mark, language, body, line, None))
        after = found[-1] if before_text is not None and language != 'text' else None
    return found


def matches(expected, output):
    strip = lambda s: '\n'.join(line.rstrip() for line in s.strip('\n').splitlines())
    pattern = ''.join('(?:.*\n)*?' if line == '...' else re.escape(line).replace(re.escape('...'), '[^\n]*') + '\n'
                      for line in strip(expected).splitlines())
    return re.fullmatch(pattern, strip(output) + '\n') is not None


class Tools:
    """How code of a build is compiled and run."""

    def __init__(self, build, cxx, cc, packages=None):
        programs = [] if build is None else [str(build / 'tools' / name) for name in ('lance-inspect', 'lance-convert', 'lance-index')]
        path = [*programs, str(pathlib.Path(sys.executable).parent), os.environ['PATH']]
        self.environment = dict(os.environ, NO_COLOR='1', PATH=os.pathsep.join(path), PYTHONDONTWRITEBYTECODE='1',
                                XDG_CONFIG_HOME='/nonexistent', CMAKE_GENERATOR='Ninja')  # make need not be there
        if packages:
            self.environment['PYTHONPATH'] = str(packages)
        link = [] if build is None else [f'-I{ROOT}/include'] + [
            option for folder, name in ((build, 'lancekit'), (build / 'index', 'lancekit_index'), (build / 'c_api', 'lancekit_c'))
            for option in (f'-L{folder}', f'-Wl,-rpath,{folder}', f'-l{name}')]
        warnings = ['-Wall', '-Wextra', '-Werror', *(f'-Wno-{name}' for name in ('unused-variable', 'unused-but-set-variable', 'missing-field-initializers'))]
        self.compilers = {'cpp': ([cxx, '-std=c++17', *warnings], link), 'c': ([cc, '-std=c99', '-D_GNU_SOURCE', *warnings], link)}

    def compile(self, language, source, folder):
        path = folder / f'block.{"cc" if language == "cpp" else "c"}'
        path.write_text(source)
        before, after = self.compilers[language]
        program = folder / f'program-{language}'
        done = subprocess.run([*before, path, '-o', program, *after], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f'does not compile:\n{done.stderr}')
        return program


def assemble(members, document):
    """-> the source of a program of these blocks of C or C++."""
    def include(line):
        return line.startswith('#include')
    def marked(block):
        return f'#line {block.line + 1} "{document}"\n' + ''.join('\n' if include(line) else line for line in block.text.splitlines(True))
    includes = [line for block in members for line in block.text.splitlines(True) if include(line)]
    body = [block for block in members if not block.file_scope]
    turns = [f'document_turn({int(number > 0)});\n{marked(block)}' for number, block in enumerate(body)]
    return TURN + ''.join(includes) + ''.join(marked(block) for block in members if block.file_scope) + \
        'int main(void) {\n' + ''.join(turns) + '\ndocument_turn(1);\nreturn 0;\n}\n'


class Program:
    """The blocks of one language in a document, as a process that waits before each."""

    def __init__(self, members, document, folder, work, tools):
        self.errors = open(work / 'errors', 'w+')
        if members[0].language == 'python':
            command = [sys.executable, '-c', PYTHON]
            for number, block in enumerate(members):
                (work / f'block{number}.py').write_text(block.text)
                command.append(f'{block.line}:{work}/block{number}.py:{document}')
        else:
            command = [tools.compile(members[0].language, assemble(members, document), work)]
        self.process = subprocess.Popen(command, cwd=folder, env=tools.environment, text=True, errors='backslashreplace', stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)

    def turn(self):
        """Runs the next block. -> its output"""
        timer = threading.Timer(SECONDS, self.process.kill)
        timer.start()
        output = ''
        try:
            os.write(self.process.stdin.fileno(), b'\n')
            while (character := self.process.stdout.read(1)) not in (END, ''):
                output += character
        except BrokenPipeError:
            character = ''
        finally:
            timer.cancel()
        if character != END:
            self.errors.seek(0)
            raise Failure(f'ended with status {self.process.wait()}: {output}{self.errors.read()}')
        return output

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.errors.close()


class Document:
    def __init__(self, name, text, folder, tools):
        """`folder`: where its commands run."""
        self.name, self.text, self.blocks, self.folder, self.tools = name, text, [], folder, tools
        self.run_count = self.compared = 0
        self.not_run, self.failures, self.programs = [], [], {}

    def run(self):
        with tempfile.TemporaryDirectory() as work:
            self.work = pathlib.Path(work)
            try:
                self.blocks = blocks(self.text)
            except Failure as failure:
                self.failures.append(f'{self.name}: {failure}')
            for number, block in enumerate(self.blocks):
                try:
                    self.run_block(block, self.blocks[number + 1:])
                except Failure as failure:
                    self.failures.append(f'{self.name}:{block.line}: {failure}')
                except subprocess.TimeoutExpired:
                    self.failures.append(f'{self.name}:{block.line}: took more than {SECONDS} s')
            for program in filter(None, self.programs.values()):
                program.close()
        return self

    def run_block(self, block, later):
        if block.skipped:
            self.not_run.append((block.line, block.skipped))
            return
        if block.file:
            if not any(block.file in other.text for other in later if not other.skipped):
                raise Failure(f'no later block uses {block.file}')
            (self.folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / block.file).write_text(block.text)
            return
        self.run_count += 1
        if block.file_scope:  # compiled with the others of its language
            if all(other.file_scope for other in self.members(block.language)):
                raise Failure('no block uses these functions')
            return
        output = self.output(block)
        if block.expected is not None:
            self.compared += 1
            if not matches(block.expected, output):
                raise Failure(f'another output of:\n{block.text}--- {self.name}\n{block.expected}--- now\n{output}')

    def members(self, language):
        return [block for block in self.blocks if block.language == language and not (block.skipped or block.file or block.whole)]

    def output(self, block):
        if block.language == 'sh':
            return self.command(['bash', '-euo', 'pipefail', '-c', block.text])
        if block.language not in ('python', 'cpp', 'c'):
            raise Failure(f'a block of kind "{block.language}" is not run, and no mark says why')
        if block.whole:
            return self.command([self.tools.compile(block.language, block.text, self.work)])
        if block.language not in self.programs:
            work = self.work / block.language
            work.mkdir()
            self.programs[block.language] = None  # where it does not compile, its other blocks are not tried
            self.programs[block.language] = Program(self.members(block.language), self.name, self.folder, work, self.tools)
        if self.programs[block.language] is None:
            raise Failure('not run: the program did not compile')
        return self.programs[block.language].turn()

    def command(self, command):
        done = subprocess.run(command, cwd=self.folder, env=self.tools.environment, text=True, errors='backslashreplace', stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SECONDS)
        if done.returncode != 0:
            raise Failure(f'exit status {done.returncode}:\n{command[-1]}\n{done.stdout}{done.stderr}')
        return done.stdout


def setup_packages(script):
    """-> names in the bash arrays packages and bench_packages."""
    arrays = re.findall(r'^(?:bench_)?packages=\(([^)]*)\)', script, re.MULTILINE)
    return set(' '.join(arrays).split())


def check_dependencies(text):
    table = text.partition('## Dependencies')[2].partition('\n## ')[0]
    named = set(re.findall(r'`([^`]+)`', ' '.join(line.split('|')[1] for line in table.splitlines() if line.startswith('| `'))))
    wanted = setup_packages((ROOT / 'scripts/setup.sh').read_text())
    for path in ('scripts/requirements.txt', 'scripts/requirements-bench.txt'):
        wanted |= {line.split('==')[0] for line in (ROOT / path).read_text().splitlines() if '==' in line}
    return [f'the table of dependencies lacks {name}' for name in sorted(wanted - named)] + \
        [f'the table of dependencies has {name}, which nothing installs' for name in sorted(named - wanted)]


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')


def check_claims(name, text):
    failures = []
    for script in sorted(set(re.findall(r'\b(?:scripts|tests|bench)/[\w/-]+\.(?:sh|py)\b', text))):
        if not os.access(ROOT / script, os.X_OK if script.startswith('scripts/') else os.R_OK):
            failures.append(f'{name}: {script} is missing or cannot be run')
    prose = BLOCK.sub('', text)
    for link in re.findall(r'\]\((?!https?:)([^)\s]+)\)', prose):
        path, _, part = link.partition('#')
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists():
            failures.append(f'{name}: a link leads to {link}, which is not there')
        elif part and part not in map(anchor, re.findall(r'^#+ (.*)', target.read_text() if path else text, re.MULTILINE)):
            failures.append(f'{name}: there is no heading for the link {link}')
    return failures


def run_documents(names, tools, texts=None, make_data=None):
    """-> [Document], each run in a folder of its own, two at a time."""
    texts = texts or {name: (ROOT / name).read_text() for name in names}
    with tempfile.TemporaryDirectory() as temporary:
        data = pathlib.Path(temporary) / 'data'
        data.mkdir()
        if make_data:
            make_data(data, tools.environment)
        documents = []
        for name in names:
            folder = pathlib.Path(temporary) / name.replace('/', '_')
            shutil.copytree(data, folder)
            for link in ('examples', 'scripts', 'spec', 'tests', 'build'):
                (folder / link).symlink_to(ROOT / link)
            documents.append(Document(name, texts[name], folder, tools))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(Document.run, documents))


def report(documents, claims):
    failures = [failure for document in documents for failure in document.failures] + claims
    for document in documents:
        print(f'{document.name}: {document.run_count} blocks run, {document.compared} outputs compared, {len(document.failures)} failures')
    not_run = [(document.name, *one) for document in documents for one in document.not_run]
    for name, line, reason in not_run:
        print(f'not run: {name}:{line}: {reason}')
    if len(not_run) > MAX_NOT_RUN:
        failures.append(f'{len(not_run)} blocks are not run; there may be {MAX_NOT_RUN}')
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f'{sum(document.run_count for document in documents)} blocks run, {len(not_run)} not run, {len(failures)} failures')
    return 1 if failures or not any(document.run_count for document in documents) else 0


def self_test(cxx, cc):
    tools = Tools(None, cxx, cc)

    def run(text):
        """-> what failed."""
        [document] = run_documents(['x.md'], tools, {'x.md': text})
        return document.failures

    def fenced(language, body, expected=None, mark=None):
        return (f'<!-- {mark} -->\n' if mark else '') + f'```{language}\n{body}\n```\n' + (f'\n```text\n{expected}\n```\n' if expected is not None else '')
    good = {
        'output': fenced('sh', 'echo one two', 'one ...'),
        'lines': fenced('sh', 'seq 9', '1\n...\n9'),
        'not run': fenced('sh', 'false', mark='not run: a reason'),
        'python goes on': fenced('python', 'x = 1') + fenced('sh', 'touch y') + fenced('python', 'import os\nprint(x, os.path.exists("y"))', '1 True'),
        'c++ goes on': fenced('cpp', 'int x = 1;') + fenced('sh', 'touch y') + fenced('cpp', '#include <cstdio>\nif (FILE* y = std::fopen("y", "r")) std::printf("%d\\n", f(x)), std::fclose(y);', '2') +
            fenced('cpp', 'static int f(int x) { return x + 1; }', mark='file scope'),
        'c': fenced('c', 'puts("c");', 'c'),
        'program': fenced('cpp', '#include <cstdio>\nint main() { std::puts("whole"); }', 'whole'),
        'file': fenced('toml', 'a = 1', mark='file: a.toml') + fenced('sh', 'cat a.toml', 'a = 1'),
    }
    bad = {
        'status': (fenced('sh', 'false'), 'exit status 1'),
        'pipe': (fenced('sh', 'false | true'), 'exit status 1'),
        'output': (fenced('sh', 'echo one', 'two'), 'another output'),
        'more output': (fenced('sh', 'seq 2', '1'), 'another output'),
        'python': (fenced('python', 'x = 1\nraise KeyError(x)'), 'line 3, in <module>'),  # of the document
        'python output': (fenced('python', 'print(1)', '2'), 'another output'),
        'python ends': (fenced('python', 'raise SystemExit(0)') + fenced('python', 'print(1)', '1'), 'ended with status 0'),
        'c++ that does not compile': (fenced('cpp', 'int x = y;'), 'x.md:2'),
        'c++ output': (fenced('cpp', '#include <cstdio>\nstd::puts("1");', '2'), 'another output'),
        'c++ that ends': (fenced('cpp', 'return 3;'), 'status 3'),
        'c': (fenced('c', 'undeclared();'), 'does not compile'),
        'functions': (fenced('c', 'static int f(void) { return x; }', mark='file scope') + fenced('c', 'f();'), 'does not compile'),
        'functions alone': (fenced('c', 'static int f(void) { return x; }', mark='file scope'), 'no block uses'),
        'unused file': (fenced('toml', 'a = 1', mark='file: a.toml'), 'no later block'),
        'unknown kind': (fenced('toml', 'a = 1'), 'kind "toml"'),
        'text of nothing': (fenced('text', 'a'), 'kind "text"'),
        'text after prose': (fenced('sh', 'echo a') + 'prose\n' + fenced('text', 'b'), 'kind "text"'),
        'no reason': (fenced('sh', 'true', mark='not run'), 'what is'),
        'unknown mark': (fenced('sh', 'true', mark='run'), 'what is'),
    }
    wrong = [f'good {name}: {failures}' for name, text in good.items() if (failures := run(text))]
    wrong += [f'bad {name}: {failures}' for name, (text, said) in bad.items() if not ((failures := run(text)) and said in failures[0])]
    skipped = Document('x.md', fenced('sh', 'false', mark='not run: a reason') * (MAX_NOT_RUN + 1) + fenced('sh', 'true'), pathlib.Path('.'), tools).run()
    few = Document('x.md', fenced('sh', 'false', mark='not run: a reason') + fenced('sh', 'true'), pathlib.Path('.'), tools).run()
    with open(os.devnull, 'w') as nowhere:
        kept = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = nowhere
        statuses = report([skipped], []), report([few], []), report([few], ['a claim']), report([], [])
        sys.stdout, sys.stderr = kept
    claims = {
        'too many not run': statuses == (1, 0, 1, 1),
        'missing script': 'scripts/none.sh' in ''.join(check_claims('README.md', 'scripts/none.sh')),
        'missing link': 'none.md' in ''.join(check_claims('README.md', '[a](none.md)')),
        'missing heading': 'no heading' in ''.join(check_claims('README.md', '# Some thing\n[a](#something)')),
        'good link': not check_claims('README.md', '# Some `thing`, else\n[a](#some-thing-else) [b](spec/README.md) scripts/setup.sh'),
        'missing package': 'lacks cmake' in ''.join(check_dependencies('')),
        'surplus package': 'has gnat' in ''.join(check_dependencies('## Dependencies\n| `gnat` | x |\n')),
    }
    wrong += [name for name, right in claims.items() if not right]
    for one in wrong:
        print(one)
    print(f'{len(good) + len(bad) + len(claims)} cases, {len(wrong)} wrong')
    return 1 if wrong else 0


def main():
    if sys.argv[1:2] == ['--self-test']:
        return self_test(*sys.argv[2:])
    build, cxx, cc, *names = sys.argv[1:]
    build = pathlib.Path(build).resolve()
    names = names or ['README.md', 'CONTRIBUTING.md', *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob('docs/*.md'))]
    import documents_data  # needs the packages of .venv
    with tempfile.TemporaryDirectory() as packages:
        package = pathlib.Path(packages) / 'lancekit'
        package.mkdir()
        for file in [*(ROOT / 'python/lancekit').iterdir(), build / 'python/liblancekit_c.so']:
            (package / file.name).symlink_to(file)
        documents = run_documents(names, Tools(build, cxx, cc, packages), make_data=documents_data.make)
    claims = [failure for name in names for failure in check_claims(name, (ROOT / name).read_text())]
    return report(documents, claims + check_dependencies((ROOT / 'README.md').read_text()))


if __name__ == '__main__':
    sys.exit(main())
