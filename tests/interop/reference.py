"""The reference Lance behind the same few calls as the bridge, and the runner that the tests share."""
import os
import shutil
import sys
import tempfile
import time

import lance
import lance.file
import pyarrow as pa

from comparison import differences


class Reference:
    """pylance. A panic of its Rust side is no Exception, so everything it raises becomes a ReferenceError."""

    def write(self, path, table, version):
        """One .lance file."""
        try:
            with lance.file.LanceFileWriter(str(path), table.schema, version=version) as writer:
                writer.write_batch(table)
        except BaseException as error:
            raise self._as_exception(error) from None

    def read(self, path, columns=None):
        """A .lance file or a dataset folder."""
        try:
            if os.path.isdir(path):
                return lance.dataset(str(path)).to_table(columns=columns)
            return lance.file.LanceFileReader(str(path), columns=columns).read_all().to_table()
        except BaseException as error:
            raise self._as_exception(error) from None

    @staticmethod
    def _as_exception(error):
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            return error
        return ReferenceError(f'pylance: {type(error).__name__}: {str(error)[:300]}')


class Runner:
    """Counts checks and collects failures; the temporary folder goes away at the end."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='lancekit_interop_')
        self.passed = 0
        self.failures = []
        self.notes = []
        self.begin = time.monotonic()

    def path(self, name):
        return os.path.join(self.folder, name)

    def check(self, name, call):
        """`call` returns a list of texts, empty when all is well, or raises."""
        try:
            found = call()
        except Exception as error:
            found = [f'{type(error).__name__}: {str(error)[:400]}']
        if found:
            self.failures.append((name, found))
        else:
            self.passed += 1
        return not found

    def columns(self, name, columns, call):
        """Runs call(table) -> got table for all columns at once; where that fails, column by column, to name the culprits."""
        table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
        def attempt(part):
            try:
                return differences(part, call(part))
            except Exception as error:
                return [f'{type(error).__name__}: {str(error)[:400]}']
        if not attempt(table):
            self.passed += table.num_columns
            return
        single = 0
        for column in table.schema.names:
            if not self.check(f'{name}: {column}', lambda: attempt(table.select([column]))):
                single += 1
        if not single:
            self.failures.append((name, ['fails only with all columns together: ' + '; '.join(attempt(table))]))

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self):
        self.remove()
        shown = int(os.environ.get('LANCEKIT_INTEROP_SHOW', '40'))
        for name, found in self.failures[:shown]:
            print(f'FAILED {name}: ' + '; '.join(found[:5]))
        for note in self.notes:
            print(f'note: {note}')
        print(f'{self.passed} passed, {len(self.failures)} failed in {time.monotonic() - self.begin:.0f} s')
        sys.exit(1 if self.failures else 0)
