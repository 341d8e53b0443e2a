// diff --layout --html: two tables, their columns matched by path.
const sides = loaded.map(side => ({name: side.name, data: side.table, places: new Map(side.table.columns.map((column, place) => [column[0], place]))}));
const most = Math.max(1, ...sides.map(side => side.data.bytes));

/** Columns of either table, largest first: a column of a side is [path, type, pages, bytes, bytes in Arrow, encoding]. */
const pairs = [...new Set(sides.flatMap(side => side.data.columns.map(column => column[0])))].map(path => {
  const places = sides.map(side => side.places.get(path) ?? -1);
  const columns = sides.map((side, i) => side.data.columns[places[i]]);
  return {path, places, columns, bytes: Math.max(...columns.map(column => column?.[3] ?? 0))};
}).sort((a, b) => b.bytes - a.bytes);
// What is too small to see in the bars needs no colour of its own.
const ownColors = pairs.filter((pair, i) => i < 8 && pair.bytes >= most / 100).length;
pairs.forEach((pair, i) => {
  pair.shade = i < ownColors ? `c${i + 1}` : 'cx';
  const [a, b] = pair.columns;
  pair.differs = !a || !b || [1, 2, 3, 5].some(at => a[at] !== b[at]);
});

/** B against A. */
function change(a, b) {
  if (a === undefined || b === undefined) return a === b ? '—' : a === undefined ? 'only in B' : 'only in A';
  if (a === b) return 'same';
  const percents = Math.abs((b / a - 1) * 100);
  return a === 0 ? '—' : `${b > a ? '+' : '−'}${percents < 0.05 ? 'under 0.1' : percents.toFixed(1)}%`;
}

/** Two bars to one scale, A above B; pieces are [share, class]. */
function bars(...sidesOfPieces) {
  const cell = html('td', {class: 'gauge', 'aria-hidden': 'true'});
  for (const pieces of sidesOfPieces) cell.append(...gauge(...pieces).children);
  return cell;
}
const digitsOr = value => value === undefined ? '—' : digits(value);

function showTotals() {
  byId('name').replaceChildren('A ', name(sides[0].name), ' and B ', name(sides[1].name));
  for (const [i, side] of sides.entries()) {
    const pieces = pairs.map(pair => [(pair.columns[i]?.[3] ?? 0) / most, pair.shade]);
    const shown = pieces.slice(0, ownColors), others = pieces.slice(ownColors).reduce((sum, piece) => sum + piece[0], 0);
    const rest = Math.max(0, side.data.bytes / most - pieces.reduce((sum, piece) => sum + piece[0], 0));
    const bar = gauge(...shown, [others, 'cx'], [rest, 'meta']).firstElementChild;
    bar.classList.add('thick');
    byId('totals').append(html('p', {}, html('strong', {}, 'AB'[i]), ' ', name(side.data.headline)), bar);
  }
  byId('totals').append(html('p', {class: 'hint'}, ...pairs.slice(0, ownColors).map(pair => html('span', {class: 'legend'}, swatch(pair.shade), name(pair.path))),
                             pairs.length > ownColors ? html('span', {class: 'legend'}, swatch('cx'), 'other columns') : null, html('span', {class: 'legend'}, swatch('meta'), 'structure')));
}

/** What bytes are for, in both. */
function showKinds() {
  const kinds = new Map();
  sides.forEach(({data}, i) => {
    for (const file of data.files) {
      for (const part of file.parts) {
        const kind = data.kinds[part[1]];
        if (!kinds.has(kind)) kinds.set(kind, [0, 0]);
        kinds.get(kind)[i] += part[0];
      }
    }
  });
  const items = [...kinds].sort((a, b) => Math.max(...b[1]) - Math.max(...a[1]));
  const totals = sides.map(side => side.data.bytes);
  fill(byId('kinds'), 'Every byte is counted once.', [['what for'], ['bytes A', 'number'], ['bytes B', 'number'], ['change', 'number']], items,
       ([kind, [a, b]]) => html('tr', {}, html('th', {scope: 'row'}, kind), number(digits(a)), number(digits(b)), number(change(a, b))), () => '',
       html('tr', {}, html('th', {scope: 'row'}, 'all files'), number(digits(totals[0])), number(digits(totals[1])), number(change(...totals))));
}

function showColumns() {
  const wanted = byId('filter').value.toLowerCase(), different = byId('different').checked;
  const items = pairs.filter(pair => pair.path.toLowerCase().includes(wanted) && (pair.differs || !different));
  const largest = Math.max(pairs[0]?.bytes ?? 0, 1);
  const sum = (list, i) => list.reduce((total, pair) => total + (pair.columns[i]?.[3] ?? 0), 0);
  const lines = (a, b) => a === b ? [shown(a ?? '—')] : [html('div', {}, shown(a ?? '—')), html('div', {}, shown(b ?? '—'))];
  fill(byId('columns'), `${counted(items.length, 'column')}, largest first, A above B; a name shows the column's pages.`,
       [['column'], ['type'], ['bytes A', 'number'], ['bytes B', 'number'], [''], ['change', 'number'], ['pages', 'number'], ['encoding', 'text']], items,
       pair => {
         const [a, b] = pair.columns;
         return html('tr', {}, html('th', {scope: 'row', class: 'wide'}, link(pair.path, () => showPages(pair), pair.shade)), html('td', {class: 'name type'}, ...lines(a?.[1], b?.[1])),
                     number(digitsOr(a?.[3])), number(digitsOr(b?.[3])), bars([[(a?.[3] ?? 0) / largest, pair.shade]], [[(b?.[3] ?? 0) / largest, pair.shade]]), number(change(a?.[3], b?.[3])),
                     number(a?.[2] === b?.[2] ? digitsOr(a?.[2]) : `${digitsOr(a?.[2])} / ${digitsOr(b?.[2])}`), html('td', {class: 'text'}, ...lines(a?.[5], b?.[5])));
       },
       left => counted(left.length, 'column'),
       html('tr', {}, html('th', {scope: 'row', colspan: 2}, 'all of these'), number(digits(sum(items, 0))), number(digits(sum(items, 1))), html('td'), number(change(sum(items, 0), sum(items, 1))), html('td', {colspan: 2})));
}

/** The pages of a column in all files of a table, with their buffers. */
function allPages(data, place) {
  const pages = [];
  for (const file of place < 0 ? [] : data.files) {
    const buffers = buffersOf(data, file, place);
    (pagesOf(file, place) ?? []).forEach((page, i) => pages.push({page, buffers: buffers.get(i) ?? []}));
  }
  return pages;
}

const sizeOf = ({buffers}) => buffers.reduce((sum, buffer) => sum + buffer.size, 0);

function showSide(i, pair, pages, largest) {
  const {data} = sides[i];
  const caption = pair.places[i] < 0 ? `${'AB'[i]} has no such column.` : `${'AB'[i]}: ${counted(pages.length, 'page')}${pages.length < pair.columns[i][2] ? ` of ${digits(pair.columns[i][2])}; there is no room here for the others` : ''}`;
  fill(byId(`pages-${'ab'[i]}`), caption, [['page', 'number'], ['rows', 'number'], ['bytes', 'number'], [''], ['encoding', 'text']], pages,
       (item, at) => {
         const inner = html('tr', {hidden: at > 0 && ''}, html('td', {colspan: 5}));
         const open = () => inner.cells[0].childElementCount || inner.cells[0].append(pageDetails(data, item.page, item.buffers));
         if (at === 0) open();
         const button = html('button', {type: 'button', class: 'link', 'aria-expanded': String(at === 0), onclick: () => {
           open();
           inner.hidden = !inner.hidden;
           button.setAttribute('aria-expanded', !inner.hidden);
         }}, `page ${at}`);
         const row = document.createDocumentFragment();
         row.append(html('tr', {}, html('th', {scope: 'row', class: 'number'}, button), number(digits(item.page[1])), number(digits(sizeOf(item))), gauge([sizeOf(item) / largest, pair.shade]),
                         html('td', {class: 'text'}, data.encodings[item.page[3]][0])), inner);
         return row;
       }, left => counted(left.length, 'page'));
}

function showPages(pair) {
  byId('pages').hidden = false;
  byId('pages-title').replaceChildren('Pages of ', name(pair.path));
  const pages = sides.map((side, i) => allPages(side.data, pair.places[i]));
  const largest = Math.max(1, ...pages.flatMap(list => list.slice(0, 10000).map(sizeOf)));
  pages.forEach((list, i) => showSide(i, pair, list, largest));
  byId('pages-title').focus();
  byId('pages-title').scrollIntoView({block: 'start'});
}

showTotals();
showKinds();
showColumns();
byId('filter').addEventListener('input', showColumns);
byId('different').addEventListener('change', showColumns);
