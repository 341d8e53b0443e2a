"""What the tests of lance-convert share: they run it as a user does and look at exit codes, outputs and what is left behind."""
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

import pyarrow as pa

HERE = pathlib.Path(__file__).resolve().parent
FLIGHTS = HERE / 'data' / 'flights-25k.parquet'
BIRDS = HERE / 'data' / 'birdstrikes-1k.csv'
PROGRAM = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def run(*args, stdin=None, env=None, **more):
    """-> CompletedProcess with bytes; a hang is a failure."""
    environment = {**os.environ, **(env or {})}
    return subprocess.run([PROGRAM, *map(str, args)], input=stdin, capture_output=True, env=environment, timeout=120, **more)


def expect(code, *args, **more):
    done = run(*args, **more)
    assert done.returncode == code, f'{args}: exit {done.returncode}, wanted {code}\n{done.stderr.decode()}'
    return done


def nothing_left(folder, *expected):
    left = sorted(p.name for p in folder.iterdir())
    assert left == sorted(expected), f'left behind: {left}'


def zoo():
    """A table with most flat types and nulls in each."""
    def column(values, type_):
        return pa.array(values, type_)
    import datetime
    import decimal
    moment = datetime.datetime(2026, 11, 21, 10, 0, 1, 250000)
    return pa.table({
        'b': column([True, None, False], pa.bool_()),
        'i8': column([-128, None, 127], pa.int8()),
        'u64': column([0, None, 2**64 - 1], pa.uint64()),
        'f16': column([1.5, None, -0.0], pa.float16()),
        'f32': column([0.1, None, float('nan')], pa.float32()),
        'f64': column([0.1, None, float('inf')], pa.float64()),
        'dec': column([decimal.Decimal('12.34'), None, decimal.Decimal('-0.01')], pa.decimal128(10, 2)),
        'day': column([datetime.date(1969, 12, 31), None, datetime.date(2026, 2, 28)], pa.date32()),
        'ts': column([moment, None, moment], pa.timestamp('ns')),
        'tz': column([moment, None, moment], pa.timestamp('us', 'UTC')),
        'time': column([moment.time(), None, moment.time()], pa.time64('us')),
        'dur': column([datetime.timedelta(seconds=1.5), None, datetime.timedelta(0)], pa.duration('ms')),
        's': column(['', None, 'a,"b"\n\u00e9'], pa.string()),
        'ls': column(['x', None, ''], pa.large_string()),
        'bin': column([b'\x00\xff', None, b''], pa.binary()),
        'fsb': column([b'abc', None, b'def'], pa.binary(3)),
        'vec': column([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2)),
        'dict': column(['p', None, 'q'], pa.string()).dictionary_encode(),
    })


def same(a, b):
    assert a.schema.equals(b.schema), f'{a.schema}\n--\n{b.schema}'
    # Table.equals says NaN != NaN
    for name in a.schema.names:
        x, y = a[name].to_pylist(), b[name].to_pylist()
        assert len(x) == len(y), name
        assert all(repr(p) == repr(q) for p, q in zip(x, y)), name


def read_ipc(path):
    with open(path, 'rb') as file:
        head = file.read(6)
    return (pa.ipc.open_file if head == b'ARROW1' else pa.ipc.open_stream)(pa.memory_map(str(path))).read_all()


def main():
    wanted = sys.argv[3] if len(sys.argv) == 4 and sys.argv[2] == '-k' else ''
    failed = 0
    for function in TESTS:
        if wanted not in function.__name__:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(pathlib.Path(folder))
                print(f'ok    {function.__name__}')
            except Exception:
                failed += 1
                print(f'FAIL  {function.__name__}')
                traceback.print_exc(file=sys.stdout)
    print(f'{failed} of {len(TESTS)} failed')
    return 1 if failed else 0
