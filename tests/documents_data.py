"""The files that the documents speak of: make(FOLDER, ENVIRONMENT) puts them into a folder. Small, the same ones each time.

2024.parquet, 2025.parquet, 2026.parquet   trips: id, day, fare, city, note
trips.lance                                versions 1 to 4, tag v1, branch cleaned; made in 2026, from February to June
flights.parquet, flights.lance             25,000 flights
a.lance, b.lance                           trips; in b a fare, a note and a row differ
photos.lance, more-photos.parquet, q.npy   vectors with names, URLs and years; vectors to search for
orders.csv, log.csv, events.jsonl          text; log.csv has German times and a line too short
logs/, more-logs/                          CSV by month, some of it compressed
cities.csv                                 cities and their heights
"""
import datetime
import gzip
import pathlib
import shutil
import subprocess

import lance
import numpy
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parent.parent
CITIES = ['Berlin', 'Hamburg', 'Munich', 'Cologne']
DIMENSIONS = 32


def trips(year, first, rows):
    numbers = numpy.arange(first, first + rows)
    random = numpy.random.default_rng(year)
    days = numpy.datetime64(f'{year}-01-01') + numpy.sort(random.integers(0, 365, rows))
    return pa.table({
        'id': numbers, 'day': pa.array(days, pa.date32()), 'fare': numpy.round(random.gamma(2, 12, rows), 2),
        'city': pa.array(random.choice(CITIES, rows).tolist()),
        'note': pa.array([None if number % 3 else f'note {number % 50}' for number in numbers.tolist()])})


def set_time(dataset, version, when):
    """Gives a version another time: its seconds stand in the manifest as a varint."""
    def varint(number):
        out = b''
        while number > 127:
            out, number = out + bytes([number & 127 | 128]), number >> 7
        return out + bytes([number])
    [manifest] = [path for path in dataset.glob('_versions/*.manifest') if str(version) == path.stem or str(2**64 - 1 - version) == path.stem]
    now = lance.dataset(str(dataset), version=version).versions()[version - 1]['timestamp']
    found = varint(int(now.replace(tzinfo=now.tzinfo or datetime.datetime.now().astimezone().tzinfo).timestamp()))
    wanted = varint(int(when.timestamp()))
    data = manifest.read_bytes()
    assert data.count(found) == 1 and len(found) == len(wanted), (manifest, data.count(found))
    manifest.write_bytes(data.replace(found, wanted))


def make(folder, environment):
    def convert(*arguments):
        subprocess.run(['lance-convert', '-q', *arguments], cwd=folder, env=environment, check=True)
    for year, first, rows in (2024, 0, 3000), (2025, 3000, 4000), (2026, 7000, 1000):
        pq.write_table(trips(year, first, rows), folder / f'{year}.parquet')
    convert('2024.parquet', 'trips.lance')
    convert('--append', '2025.parquet', 'trips.lance')
    made = lance.dataset(str(folder / 'trips.lance'))
    made.tags.create('v1', 1)
    made.delete('fare < 1')
    convert('--append', '2026.parquet', 'trips.lance')
    for version, month in (1, 2), (2, 3), (3, 4), (4, 6):
        set_time(folder / 'trips.lance', version, datetime.datetime(2026, month, 1, 12, tzinfo=datetime.timezone.utc))
    lance.dataset(str(folder / 'trips.lance')).create_branch('cleaned', 2)

    shutil.copy(ROOT / 'tests/data/flights-25k.parquet', folder / 'flights.parquet')
    convert('flights.parquet', 'flights.lance')
    convert('2026.parquet', 'a.lance')
    newest = trips(2026, 7000, 1000)
    columns = newest.slice(0, 999).to_pydict()
    columns['fare'][17], columns['note'][20] = columns['fare'][17] + 1, 'another'
    pq.write_table(pa.table(columns, schema=newest.schema), folder / 'b.parquet')
    convert('b.parquet', 'b.lance')
    (folder / 'b.parquet').unlink()

    random = numpy.random.default_rng(1)
    def photos(first, rows):
        vectors = random.normal(size=(rows, DIMENSIONS)).astype(numpy.float32)
        return pa.table({
            'name': [f'photo {number}' for number in range(first, first + rows)],
            'url': [f'https://example.org/{number}.jpg' for number in range(first, first + rows)],
            'year': pa.array(2015 + numpy.arange(first, first + rows) % 10, pa.int32()),
            'embedding': pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSIONS)})
    for name, first, rows in ('photos.parquet', 0, 2000), ('more-photos.parquet', 2000, 100):
        pq.write_table(photos(first, rows), folder / name)
    convert('photos.parquet', 'photos.lance')
    (folder / 'photos.parquet').unlink()
    numpy.save(folder / 'q.npy', random.normal(size=(20, DIMENSIONS)).astype(numpy.float32))

    orders = ['id,zip,price,rating,ordered']
    orders += [f'{number},{number * 37 % 9000:05},{number % 90}.{number % 100:02},{number % 5 + 1 if number % 11 else "good"},2026-03-{number % 28 + 1:02}'
               for number in range(300)]
    (folder / 'orders.csv').write_text('\n'.join(orders) + '\n')
    (folder / 'log.csv').write_text('when,level,text\n01.03.2026 12:30,info,started\n01.03.2026 12:31,warning\n02.03.2026 08:00,info,-\n')
    (folder / 'events.jsonl').write_text('{"id": 1, "tags": ["a", "b"], "place": {"city": "Bonn"}}\n{"id": 2, "tags": [], "place": null}\n')
    for path in 'logs/2026-01.csv.gz', 'logs/2026-02.csv.gz', 'more-logs/2026-03.csv':
        month = int(path.split('-')[-1][:2])
        text = 'time,host,bytes\n' + ''.join(f'2026-{month:02}-{day:02}T00:00:00,host{day % 3},{day * 100}\n' for day in range(1, 29))
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(gzip.compress(text.encode()) if path.endswith('.gz') else text.encode())
    (folder / 'cities.csv').write_text('city,height\nMunich,519\nBerlin,34\nJohannesburg,1753\nHamburg,6\n')
