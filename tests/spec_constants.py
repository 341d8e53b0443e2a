#!/usr/bin/env python3
"""Checks the specification against the sources and against itself.

    spec_constants.py [ROOT]        list differences; exit status 1 when there are any
    spec_constants.py --self-test   check that each rule catches what it is for

Rules: each row `| kName or Scope::name | value | source file | meaning |` below a heading "Constants" says what the source
file defines; each encoding in encodings/*.cc has its chapter in spec/encodings and each chapter its encoding; each chapter is
linked from spec/README.md; the ```python blocks of a chapter, its examples, run. A chapter may import an earlier one by name.
"""
import ast
import pathlib
import re
import sys
import tempfile
import traceback
import types

ROW = re.compile(r'^\| `([\w:]+)` \| ([^|]+) \| `([^|`]+)` \|')
ENCODING = re.compile(r'\bconst EncodingDef k\w+\{')
PYTHON = re.compile(r'^```python\n(.*?)^```', re.M | re.S)
NUMBER_SUFFIX = re.compile(r'\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b')


def initializer(source, name):
    """-> the C++ text that a constant, an enumerator or a member is initialized with, or None."""
    if '::' in name:
        scope, member = name.split('::')
        body = re.search(r'\b(?:struct|class)\s+' + scope + r'\b[^;{]*\{(.*?)^\s*\};', source, re.M | re.S)
        found = body and re.search(r'\b' + member + r'\s*=\s*([^,;}]+)', body[1])
        return found and found[1]
    found = re.search(r'\bconstexpr\b[^;=()]*?\b' + name + r'\s*(?:\[[^\]]*\])?\s*(?:=\s*([^;]+)|(\{[^;]*\}));', source)
    return found and (found[1] or found[2])


def evaluate(source, text, depth=0):
    """-> the value of a simple C++ constant expression: int, str or list. Raises ValueError for others."""
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", '', text.strip())
    text = re.sub(r'\bstd::u?int\d+_t\{([^}]*)\}', r'(\1)', text)
    text = NUMBER_SUFFIX.sub(r'\1', text)
    if text.startswith('{') and text.endswith('}'):
        items = ast.literal_eval('[' + text[1:-1] + ']')
        if len(items) == 1:
            return items[0]
        return ''.join(items) if all(isinstance(item, str) for item in items) else items
    if text.startswith('"'):
        return ast.literal_eval(text)

    def resolve(match):
        inner = initializer(source, match[0])
        if inner is None or depth > 8:
            raise ValueError(f'cannot evaluate {text}')
        return f'({evaluate(source, inner, depth + 1)})'
    text = re.sub(r'\bk[A-Z]\w*', resolve, text)
    if not re.fullmatch(r'[0-9a-fA-FxX\s()+*<>-]+', text):
        raise ValueError(f'cannot evaluate {text}')
    return eval(text)  # digits and operators only


def check_constants(root, name, text):
    """-> (number of constants, messages) of one chapter."""
    messages, count, inside = [], 0, False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('#'):
            inside = line.strip('# ') == 'Constants'
        row = ROW.match(line)
        if not inside or not line.startswith('| `'):
            continue
        place = f'{name}:{number}'
        count += 1
        if row is None:
            messages.append(f'{place}: not a row of name, value, file and meaning')
            continue
        constant, value, file = row[1], row[2].strip().strip('`'), root / row[3]
        source = file.read_text() if file.is_file() else ''
        init = initializer(source, constant)
        if init is None:
            messages.append(f'{place}: {row[3]} does not define {constant}')
            continue
        try:
            actual, stated = evaluate(source, init), ast.literal_eval(value)
        except (ValueError, SyntaxError) as error:
            messages.append(f'{place}: {constant}: {error}')
            continue
        if actual != stated:
            messages.append(f'{place}: {constant} is {actual}, not {stated}')
    return count, messages


def run_examples(name, stem, text):
    """-> (number of blocks, messages). The chapter becomes a module that later ones can import."""
    module = types.ModuleType(stem)
    blocks = list(PYTHON.finditer(text))
    for block in blocks:
        first_line = text.count('\n', 0, block.start()) + 1
        try:
            exec(compile('\n' * first_line + block[1], name, 'exec'), module.__dict__)
        except Exception as error:  # whatever an example does wrong
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            return len(blocks), [f'{name}:{line}: {type(error).__name__} in an example: {error}']
    sys.modules[stem] = module
    return len(blocks), []


def check_chapters(root, chapters):
    """-> messages about encodings without a chapter, chapters without an encoding, and chapters that the index forgets."""
    spec = root / 'spec'
    encodings = {file.stem for file in (root / 'encodings').glob('*.cc') if ENCODING.search(file.read_text())}
    described = {file.stem for file in (spec / 'encodings').glob('*.md')}
    index = (spec / 'README.md').read_text() if (spec / 'README.md').is_file() else ''
    messages = [f'encodings/{name}.cc has no chapter spec/encodings/{name}.md' for name in sorted(encodings - described)]
    messages += [f'spec/encodings/{name}.md describes no encoding of encodings/*.cc' for name in sorted(described - encodings)]
    for chapter in chapters:
        link = chapter.relative_to(spec).as_posix()
        if link != 'README.md' and f']({link})' not in index:
            messages.append(f'spec/README.md has no link to {link}')
    return messages


def check(root):
    """-> (summary, messages)."""
    chapters = sorted((root / 'spec').rglob('*.md'))
    messages = check_chapters(root, chapters)
    constants = examples = 0
    for chapter in chapters:
        name, text = chapter.relative_to(root).as_posix(), chapter.read_text()
        count, wrong = check_constants(root, name, text)
        if count == 0 and chapter.parent.name == 'encodings':
            wrong.append(f'{name}: no constants')
        constants, messages = constants + count, messages + wrong
        count, wrong = run_examples(name, chapter.stem, text)
        examples, messages = examples + count, messages + wrong
    if not chapters:
        messages.append('no specification found')
    return f'{len(chapters)} chapters, {constants} constants, {examples} examples', messages


SOURCE = '''
inline constexpr std::uint64_t kBytes = 64 << 10;
constexpr std::uint64_t kTwice = 2 * kBytes;
constexpr std::byte kPadding{0xFE};
constexpr char kMagic[4] = {'A', 'B'};
constexpr int kOrder[3] = {2, 0, 1};
constexpr auto kMany = std::uint64_t{1} << 40;
constexpr int kGrouped = 100'000;
enum class Id : std::uint32_t {
  kOne = 1,
};
const EncodingDef kThing{
'''
CHAPTER = '''# thing
## Constants
| `kBytes` | 65536 | `encodings/thing.cc` | size |
| `kTwice` | 131072 | `encodings/thing.cc` | size |
| `kPadding` | 0xFE | `encodings/thing.cc` | byte |
| `kMagic` | "AB" | `encodings/thing.cc` | magic |
| `kOrder` | [2, 0, 1] | `encodings/thing.cc` | order |
| `kMany` | 1099511627776 | `encodings/thing.cc` | limit |
| `kGrouped` | 100000 | `encodings/thing.cc` | limit |
| `Id::kOne` | 1 | `encodings/thing.cc` | number |
## Example
```python
assert 1 + 1 == 2
```
'''
TREE = {'encodings/thing.cc': SOURCE, 'encodings/registry.cc': 'no encoding', 'spec/README.md': '[t](encodings/thing.md)',
        'spec/encodings/thing.md': CHAPTER}
# (what is wrong, file, old text, new text); a file without new text is missing
DAMAGES = [
    ('value', 'spec/encodings/thing.md', '65536', '65537'), ('source', 'encodings/thing.cc', '64 << 10', '32 << 10'),
    ('derived value', 'encodings/thing.cc', '2 * kBytes', '3 * kBytes'), ('byte', 'encodings/thing.cc', '0xFE', '0xFF'),
    ('text', 'spec/encodings/thing.md', '"AB"', '"AC"'), ('list', 'spec/encodings/thing.md', '[2, 0, 1]', '[2, 1, 0]'),
    ('enumerator', 'encodings/thing.cc', 'kOne = 1', 'kOne = 2'), ('renamed', 'encodings/thing.cc', 'kGrouped', 'kGroup'),
    ('wrong file', 'spec/encodings/thing.md', '`encodings/thing.cc` | size', '`encodings/other.cc` | size'),
    ('damaged row', 'spec/encodings/thing.md', '| 0xFE |', '| 0xFE'), ('not simple', 'encodings/thing.cc', '100\'000', 'Size()'),
    ('example', 'spec/encodings/thing.md', '== 2', '== 3'),
    ('no constants', 'spec/encodings/thing.md', '## Constants', '## Numbers'),
    ('no chapter', 'spec/encodings/thing.md', None, None), ('no encoding', 'encodings/thing.cc', 'EncodingDef', 'Other'),
    ('no link', 'spec/README.md', 'thing.md', 'other.md'),
]


def self_test():
    wrong = 0
    for what, file, old, new in [(None, None, None, None), *DAMAGES]:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in TREE.items():
                if name == file and new is None:
                    continue
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text.replace(old, new) if name == file else text)
            messages = check(root)[1]
        if bool(messages) != (what is not None):
            print(f'self-test: {what or "a clean tree"}: {messages or "no message"}', file=sys.stderr)
            wrong += 1
    print(f'{len(DAMAGES) + 1} cases, {wrong} wrong')
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    summary, messages = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.'))
    for message in messages:
        print(message, file=sys.stderr)
    print(f'{summary}, {len(messages)} wrong')
    return 1 if messages else 0


if __name__ == '__main__':
    sys.exit(main())
