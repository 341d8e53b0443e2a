#!/usr/bin/env python3
"""Runs doxygen over the public headers: a comment that it does not understand is an error, and so is a class, an enumeration or a
function without one.

    reference.py                 exit status 1 with what it found
    reference.py --self-test     needs doxygen, too

Without a comment may be what its name and type tell: fields, enumerators, constructors, operators, functions without parameters, and
the overload for lvalues beside that for rvalues.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNDOCUMENTED = re.compile(r'warning: (Compound|Member) (.*) is not documented\.')
PLAIN = re.compile(r'\((variable|enumvalue)\) of |operator|[\w~]\(\)[^()]* \(function\) of |\) & \(function\) of ')
TYPE = re.compile(r'^(?!.*///)(.*)\n *(?:typedef )?((?:struct|class|enum) [^;()]*\{)', re.MULTILINE)  # with the line before it
CONSTRUCTOR = re.compile(r'(\w+)\(.*\(function\) of \w+ [\w:]*?\b(\w+)(<.*)?$')


def may_lack_comment(what):
    constructor = CONSTRUCTOR.match(what)
    return bool(PLAIN.search(what)) or (constructor is not None and constructor[1] == constructor[2])


def warnings_of(text):
    """What doxygen said -> what is wrong."""
    found = []
    for line in text.splitlines():
        undocumented = UNDOCUMENTED.search(line)
        if line.strip() and not (undocumented and undocumented[1] == 'Member' and may_lack_comment(undocumented[2])):
            found.append(line)
    return found


def types_without_comment(headers):
    """Those in which nothing has one: doxygen passes over them."""
    return [f'{header.name}: {match[2]} has no comment' for header in sorted(headers.glob('*.h*')) for match in TYPE.finditer(header.read_text())
            if not match[1].startswith('template')]


def check(headers):
    """-> (number of pages, warnings)."""
    with tempfile.TemporaryDirectory() as folder:
        settings = (ROOT / 'docs/Doxyfile').read_text() + f'INPUT="{headers}"\nOUTPUT_DIRECTORY="{folder}"\nWARN_IF_UNDOCUMENTED=YES\nWARN_AS_ERROR=NO\n'
        done = subprocess.run(['doxygen', '-'], input=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        pages = len(list(pathlib.Path(folder).glob('html/*.html')))
        return pages, types_without_comment(headers) + warnings_of(done.stderr) + ([] if done.returncode == 0 else [f'doxygen: exit status {done.returncode}'])


def self_test():
    cases = {  # header: whether something is wrong
        '/// A.\nclass A {\n public:\n  A();\n  explicit A(int x);\n  int size() const noexcept;\n  bool operator==(const A& other) const;\n  int field;\n};': False,
        '/// A.\nclass A {\n public:\n  /// Cuts.\n  A cut(int at) &&;\n  A& cut(int at) &;\n};': False,
        '/// A.\nenum class A { kOne, kTwo };\n/// B.\nstruct B { int x; };': False,
        'class A {};': True,
        'enum class A { kOne };': True,
        '/// A.\nclass A {\n public:\n  void cut(int at);\n};': True,
        'int cut(int at);': True,
        '/// Cuts.\n/// @param where it is not called that\nint cut(int at);': True,
        '/// See @ref nowhere.\nint cut(int at);': True,
    }
    wrong = []
    for text, is_wrong in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / 'a.hpp').write_text(f'/// N.\nnamespace n {{\n{text}\n}}\n')
            found = check(pathlib.Path(folder))[1]
            if bool(found) != is_wrong:
                wrong.append(f'{text}\n{found}')
    print('\n'.join([*wrong, f'{len(cases)} cases, {len(wrong)} wrong']))
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    pages, warnings = check(ROOT / 'include/lancekit')
    print('\n'.join([*warnings, f'{pages} pages, {len(warnings)} warnings']))
    return 1 if warnings or not pages else 0


if __name__ == '__main__':
    sys.exit(main())
