'use strict';
// What the pages of layout --html and diff --layout --html share.
// Names and other texts of the file get into the page as text nodes and attributes only.
const loaded = JSON.parse(document.getElementById('data').textContent);
const byId = id => document.getElementById(id);
const digits = n => Math.round(n).toLocaleString('en-US');
const counted = (n, what) => `${digits(n)} ${what}${n === 1 ? '' : 's'}`;
const percent = share => `${(share * 100).toFixed(1)}%`;

function bytes(n) {
  if (n < 1e7) return counted(n, 'byte');
  let unit = 0;
  for (n /= 1024; n >= 1000; ++unit) n /= 1024;
  return `${n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)} ${['KiB', 'MiB', 'GiB', 'TiB', 'PiB'][unit]}`;
}

function make(namespace, tag, attributes, children) {
  const element = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}
const html = (tag, attributes, ...children) => make(null, tag, attributes, children);
const svg = (tag, attributes, ...children) => make('http://www.w3.org/2000/svg', tag, attributes, children);
/** A text of the file: what would turn or end the line is spelled, what is long is cut. */
function shown(text) {
  const letters = [...text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)];
  return letters.length > 120 ? letters.slice(0, 119).join('') + '…' : letters.join('');
}
const name = text => html('span', {class: 'name'}, shown(text));
const number = text => html('td', {class: 'number'}, text);
const swatch = shade => html('span', {class: `swatch ${shade}`, 'aria-hidden': 'true'});
const link = (text, action, shade) => html('button', {type: 'button', class: 'link name', onclick: action}, shade && swatch(shade), shown(text));
/** A cell with a bar; pieces are [share, class]. */
function gauge(...pieces) {
  const spans = pieces.map(([share, style]) => {
    const span = html('span', {class: style});
    span.style.width = `${share * 100}%`;
    return span;
  });
  return html('td', {class: 'gauge', 'aria-hidden': 'true'}, html('div', {class: 'bar'}, ...spans));
}

/** Fills a table: titles are [text, class]; at most `step` rows at once, the rest on demand. `rest` tells of what is not shown. */
function fill(table, caption, titles, items, row, rest, foot) {
  const step = 100;
  let shown = 0;
  const body = html('tbody');
  const more = html('button', {type: 'button', onclick: () => grow()});
  const moreRow = html('tr', {}, html('td', {colspan: titles.length}, more));
  const grow = () => {
    const had = shown;
    for (; shown < Math.min(had + step, items.length); ++shown) body.append(row(items[shown], shown));
    moreRow.hidden = shown === items.length;
    if (shown < items.length) more.textContent = `Show ${digits(Math.min(step, items.length - shown))} more; left out: ${rest(items.slice(shown))}`;
    if (had !== 0) body.rows[had].querySelector('button')?.focus();
  };
  grow();
  table.replaceChildren(
    html('caption', {}, caption),
    html('thead', {}, html('tr', {}, ...titles.map(([text, style]) => text ? html('th', {scope: 'col', class: style}, text) : html('td')))),
    body, html('tfoot', {}, moreRow, foot));
}

// Parts: [size, kind, role, column, page, buffer, number of parts]; what is missing is -1. A file's parts follow each other.
const field = (part, at) => part[at] ?? -1;
const partColumn = part => field(part, 3), partPage = part => field(part, 4), partBuffer = part => field(part, 5);
const partCount = part => Math.max(1, field(part, 6));
const roleOf = (data, part) => field(part, 2) < 0 ? '' : data.roles[part[2]];

function offsetsOf(file) {
  if (!file.offsets) {
    let end = 0;
    file.offsets = file.parts.map(part => (end += part[0]) - part[0]);
  }
  return file.offsets;
}

/** Pages: [first row, rows, buffers, encoding]. Undefined where the page was left out for its size. */
const pagesOf = (file, place) => file.pages.find(entry => entry[0] === place)?.slice(1);
const rowsText = page => page[1] ? `rows ${digits(page[0])} to ${digits(page[0] + page[1] - 1)}` : 'no rows';

function buffersOf(data, file, place) {
  const buffers = new Map();
  file.parts.forEach((part, i) => {
    if (partColumn(part) !== place || data.kinds[part[1]] !== 'page buffer' || partCount(part) > 1) return;
    if (!buffers.has(partPage(part))) buffers.set(partPage(part), []);
    buffers.get(partPage(part)).push({buffer: partBuffer(part), role: roleOf(data, part), offset: offsetsOf(file)[i], size: part[0]});
  });
  return buffers;
}

function tree(node) {
  const text = [node.role, node.name?.replaceAll('_', ' '), node.parameters].filter(Boolean).join(' · ') + (node.buffer >= 0 ? ` (buffer ${node.buffer})` : '');
  return html('li', {}, text, node.children ? html('ul', {}, ...node.children.map(tree)) : null);
}

function pageDetails(data, page, buffers) {
  const table = html('table', {}, html('caption', {}, 'Buffers'), html('thead', {}, html('tr', {}, ...[['buffer', ''], ['role', ''], ['offset', 'number'], ['bytes', 'number']]
    .map(([text, style]) => html('th', {scope: 'col', class: style}, text)))),
    html('tbody', {}, ...buffers.map(buffer => html('tr', {}, html('th', {scope: 'row'}, String(buffer.buffer)), html('td', {}, buffer.role), number(digits(buffer.offset)), number(digits(buffer.size))))));
  return html('div', {class: 'inner'}, table, html('ul', {class: 'tree', 'aria-label': 'Encoding'}, tree(data.encodings[page[3]][1])));
}
