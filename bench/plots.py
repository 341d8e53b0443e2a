"""Pictures of what compare.py measured: for each table the ratio of each metric to each peer, with its interval, on a logarithmic
scale; the goal's floor as a stroke."""
import html
import math
import pathlib

COLOURS = ('#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf', '#8c564b', '#e377c2')
LEFT, WIDTH, ROW, TOP = 190, 560, 22, 46


def ticks(low, high):
    """-> numbers 1, 2, 5, 10, ... between."""
    found = []
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        found += [digit * 10.0**power for digit in (1, 2, 5)]
    return [tick for tick in found if low <= tick <= high]


def picture(data, lines, floor_of):
    """-> an SVG document."""
    peers = sorted({line['peer'] for line in lines})
    metrics = list(dict.fromkeys(line['metric'] for line in lines))
    low = min(0.5, *(line['low'] for line in lines)) / 1.1
    high = max(2.0, *(line['high'] for line in lines)) * 1.1
    scale = WIDTH / math.log(high / low)

    def x(value):
        return LEFT + math.log(min(max(value, low), high) / low) * scale
    height = TOP + ROW * len(metrics) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="10" y="18" font-size="14">{html.escape(data)}: times faster or smaller than the peer</text>']
    for i, peer in enumerate(peers):
        at = 10 + i * 120
        out.append(f'<circle cx="{at + 4}" cy="32" r="4" fill="{COLOURS[i % len(COLOURS)]}"/><text x="{at + 12}" y="36">{html.escape(peer)}</text>')
    for tick in ticks(low, high):
        out.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{height - 30}" stroke="{"#444" if tick == 1 else "#ddd"}"/>'
                   f'<text x="{x(tick):.1f}" y="{height - 14}" text-anchor="middle">{tick:g}</text>')
    for row, metric in enumerate(metrics):
        y = TOP + ROW * row + ROW / 2
        out.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{html.escape(metric)}</text>')
        for line in (line for line in lines if line['metric'] == metric):
            number = peers.index(line['peer'])
            colour, at = COLOURS[number % len(COLOURS)], y + (number - (len(peers) - 1) / 2) * 2
            out.append(f'<line x1="{x(line["low"]):.1f}" x2="{x(line["high"]):.1f}" y1="{at:.1f}" y2="{at:.1f}" stroke="{colour}" stroke-width="2"/>'
                       f'<circle cx="{x(line["ratio"]):.1f}" cy="{at:.1f}" r="4" fill="{colour}"><title>{html.escape(line["peer"])} {line["ratio"]:.2f}</title></circle>')
            floor = floor_of(line)
            if floor:
                out.append(f'<line x1="{x(floor):.1f}" x2="{x(floor):.1f}" y1="{at - 6:.1f}" y2="{at + 6:.1f}" stroke="{colour}" stroke-width="2"/>')
    return '\n'.join(out + ['</svg>', ''])


def draw_ratios(measurements, folder, goals):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line for line in measurements if 'ratio' in line and 'metric' in line]
    for data in dict.fromkeys(line['data'] for line in lines):
        own = [line for line in lines if line['data'] == data]
        (folder / f'{data}.svg').write_text(picture(data, own, lambda line: line['goal'] and goals.floor(line['goal'], line['peer'])))
