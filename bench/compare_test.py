#!/usr/bin/env python3
"""compare_test.py DRIVER: the parts of compare.py, and a whole run on a small generated table. Ends with 77 without the peers."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import lance  # noqa: F401
    import pyarrow as pa
    import vortex  # noqa: F401

    import checksum
    import compare
    import diff
    import goals
    import plots
except ImportError as missing:
    print(f'skipped: {missing}', file=sys.stderr)
    sys.exit(77)

DRIVER = None
FIELDS = {'goal', 'data', 'metric', 'ours', 'peer', 'theirs', 'ratio', 'low', 'high'}


def hashes(*batches):
    total = checksum.TableChecksum()
    for batch in batches:
        total.add(batch)
    return total.columns()


def column(values, kind):
    return pa.table({'x': pa.array(values, kind)})


class Checksums(unittest.TestCase):
    def test_form_does_not_matter(self):
        texts = column(['a', None, 'long enough not to be inlined', 'a', ''], pa.string())
        expected = hashes(texts)
        for kind in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
            self.assertEqual(hashes(texts.cast(pa.schema({'x': kind}))), expected, kind)
        self.assertEqual(hashes(texts.slice(0, 2), texts.slice(2)), expected)
        lists = column([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2))
        self.assertEqual(hashes(lists.slice(0, 1), lists.slice(1)), hashes(lists))
        nested = column([[{'a': [1], 'b': 'x'}, None], None, [], [{'a': None, 'b': 'y'}]], pa.list_(pa.struct({'a': pa.list_(pa.int8()), 'b': pa.string()})))
        self.assertEqual(hashes(nested.slice(0, 1), nested.slice(1)), hashes(nested))

    def test_values_matter(self):
        for kind, values, others in [(pa.int32(), [1, 2, 3], [[1, 3, 2], [1, 2, 4], [1, 2], [1, None, 3]]),
                                     (pa.int8(), [0], [[None]]),
                                     (pa.string(), ['ab', 'c'], [['a', 'bc'], ['ba', 'c'], ['ab', ''], ['ab', None]]),
                                     (pa.string(), [''], [[None]]), (pa.bool_(), [True, False], [[False, True]]),
                                     (pa.decimal128(21, 0), [1, 2], [[2, 1], [1 << 64, 2]]),
                                     (pa.list_(pa.int32()), [[1, 2], [3]], [[[1], [2, 3]], [[2, 1], [3]], [[1, 2], None], [[1, None], [3]]]),
                                     (pa.struct({'a': pa.int32(), 'b': pa.string()}), [{'a': 1, 'b': 'x'}], [[{'a': 1, 'b': None}], [None], [{'a': 2, 'b': 'x'}]]),
                                     (pa.list_(pa.float32(), 2), [[1, 2], [3, 4]], [[[1, 2], [4, 3]], [[1, 2], None]])]:
            for other in others:
                self.assertNotEqual(hashes(column(values, kind)), hashes(column(other, kind)), (kind, other))


class Statistics(unittest.TestCase):
    def test_bootstrap_encloses_the_median(self):
        ratios = [2.0, 2.1, 1.9, 2.0, 2.2, 1.8, 2.0, 2.1, 1.9, 2.0, 9.0]
        low, high = compare.bootstrap(ratios)
        self.assertTrue(1.8 <= low <= compare.median(ratios) == 2.0 <= high <= 2.2, (low, high))

    def test_pairs_with_a_moving_core_are_dropped(self):
        class Settings:
            pairs, budget = 6, 100
        times = iter([1.0, 1.0, 1.0, 1.5] + [1.0] * 100)
        figures = compare.paired(lambda number: 1.0, lambda number: 3.0, lambda: next(times), Settings)
        self.assertEqual((figures['pairs'], figures['dropped'], figures['ratio'], figures['noisy']), (6, 1, 3.0, False))

    def test_verdict_looks_at_the_bad_end(self):
        line = {'goal': 'G10', 'data': 't', 'metric': 'scan', 'peer': 'vortex', 'ratio': 1.5, 'low': 1.2}
        self.assertIn('not met', goals.verdicts([line])[0])
        self.assertNotIn('not met', goals.verdicts([{**line, 'low': 1.4}])[0])


class Verdicts(unittest.TestCase):
    def line(self, ratio, low, high, **more):
        return {'data': 'd', 'metric': 'scan', 'peer': 'p', 'goal': None, 'ratio': ratio, 'low': low, 'high': high, **more}

    def test_verdict(self):
        before = self.line(2.0, 1.9, 2.1)
        for after, expected in [((3.0, 2.8, 3.2), 'better'), ((1.5, 1.4, 1.6), 'worse'), ((2.5, 2.0, 3.0), 'same'), ((2.05, 2.11, 2.2), 'same'),
                                ((1.0, 0.5, 1.95), 'same')]:
            self.assertEqual(diff.verdict(before, self.line(*after)), expected, after)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder) / name for name in ('a', 'b')]
            for path, ratio in zip(paths, (2.0, 1.0)):
                path.write_text('\n'.join(json.dumps(self.line(r, r, r, format=f)) for r, f in ((9.0, '2.2'), (ratio, '2.2'), (5.0, 'x1'))) + '\n')
            self.assertEqual(diff.main([str(paths[0]), str(paths[1])]), 1)
            self.assertEqual(diff.main([str(paths[1]), str(paths[0])]), 0)
            self.assertEqual(diff.main([str(paths[0]), str(paths[0])]), 0)

    def test_picture(self):
        lines = [self.line(2.0, 1.5, 3.0), {**self.line(0.5, 0.4, 0.6), 'metric': 'take & co', 'peer': 'q'}]
        picture = plots.picture('d<', lines, lambda line: 4)
        for text in ('d&lt;', 'take &amp; co', '<circle', '</svg>'):
            self.assertIn(text, picture)


class Run(unittest.TestCase):
    def compare(self, folder, *options):
        program = pathlib.Path(__file__).with_name('compare.py')
        return subprocess.run([sys.executable, program, '--driver', DRIVER, '--tables', 'tiny', '--pairs', '2', '--budget', '1',
                               '--cache', folder, *options], capture_output=True, text=True)

    def test_small_table(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / 'out.json'
            done = self.compare(folder, '--peers', 'pylance-2.2,vortex,parquet-zstd', '--quick', '--json', out)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = [json.loads(line) for line in out.read_text().splitlines()]
            for peer in ('pylance-2.2', 'vortex', 'parquet-zstd'):
                metrics = {line['metric'].split(':')[0] for line in lines if line['peer'] == peer}
                self.assertLessEqual({'size', 'scan', 'column', 'take1000', 'take5', 'takecol', 'take1', 'take1col', 'open', 'write'},
                                     metrics)
            for line in lines:
                self.assertLessEqual(FIELDS, line.keys())
                self.assertTrue(0 < line['low'] <= line['ratio'] <= line['high'], line)
            self.assertIn('commit', done.stdout)

            done = self.compare(folder, '--format', 'x1', '--peers', 'pylance-2.2,vortex', '--quick', '--metrics', 'size*,scan', '--json', out)
            self.assertEqual(done.returncode, 0, done.stderr)
            of_x1 = [json.loads(line) for line in out.read_text().splitlines()][len(lines):]   # the file is a history
            self.assertEqual({line['format'] for line in lines}, {'2.2'})
            self.assertEqual({(line['format'], line['commit'], line['machine']) for line in of_x1}, {('x1', lines[0]['commit'], lines[0]['machine'])})
            self.assertEqual({line['metric'].split(':')[0] for line in of_x1}, {'size', 'scan'})
            ours = {(line['metric'], line['peer']): line['ours'] for line in lines}
            for line in of_x1:
                # Both peers see the same bytes of ours, and they are not those of the default version.
                if line['metric'] == 'size':
                    self.assertNotEqual(line['ours'], ours['size', line['peer']])
            self.assertIn('tiny      smallest peer: size', done.stdout)
            self.assertIn('size:id', {line['metric'] for line in of_x1})

            one = self.compare(folder, '--peers', 'vortex', '--goals', 'G10', '--json', out)
            found = [json.loads(line)['metric'] for line in out.read_text().splitlines()][len(lines) + len(of_x1):]
            self.assertEqual(found, ['scan'], one.stderr)

            kept = pathlib.Path(folder) / 'tiny/source.checksums.json'
            kept.write_text(kept.read_text().replace('"id": "', '"id": "f'))
            wrong = self.compare(folder, '--peers', 'vortex')
            self.assertEqual(wrong.returncode, 1)
            self.assertIn('reads other values than the source has (id)', wrong.stderr)


if __name__ == '__main__':
    DRIVER = sys.argv.pop(1)
    unittest.main()
