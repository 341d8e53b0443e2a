// layout --html: the strip of the bytes, columns, pages and fragments.
const data = loaded;
const kPad = data.kinds.indexOf('padding');
/** The colour of a column by its place. */
const columnShade = place => place >= 0 && place < data.own_colors ? `c${place + 1}` : 'cx';


function shadeOf(group) {
  switch (data.kinds[group.kind]) {
    case 'page buffer':
    case 'column buffer':
      return columnShade(group.column);
    case 'global buffer': return {schema: 'schema', statistics: 'stats'}[group.role] ?? 'other';
    case 'column metadata': return 'meta';
    case 'column table':
    case 'global buffer table': return 'tables';
    case 'footer': return 'footer';
    case 'padding': return 'pad';
    case 'blob payloads': return 'blobs';
    default: return 'bad';
  }
}

/** The parts of a file within [from, to); neighbours smaller than `least` are joined, as GroupParts() does it. */
function groupsOf(file, from, to, least) {
  const offsets = offsetsOf(file), groups = [];
  let low = 0, high = offsets.length;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (offsets[middle] <= from) low = middle; else high = middle;
  }
  let open = null;
  for (let i = low; i < offsets.length && offsets[i] < to; ++i) {
    const part = file.parts[i], narrow = part[0] < least, weight = part[1] === kPad ? 0 : part[0];
    const own = {kind: part[1], role: roleOf(data, part), column: partColumn(part), page: partPage(part), buffer: partBuffer(part)};
    if (open && narrow) {
      if (open.largest === 0) {
        Object.assign(open, own);
      } else if (weight > 0) {
        if (own.column !== open.column || own.page !== open.page) open.page = -1;
        if (own.column !== open.column) open.column = -1;
        open.buffer = -1;
        if (weight > open.largest) Object.assign(open, {kind: own.kind, role: own.role});
      }
      open.largest = Math.max(open.largest, weight);
      open.size += part[0];
      open.count += partCount(part);
    } else {
      groups.push(open = {offset: offsets[i], size: part[0], count: partCount(part), largest: weight, ...own});
    }
    if (!narrow || open.size >= least) open = null;
  }
  return groups;
}

function labelOf(group) {
  const shade = shadeOf(group);
  if (shade === 'cx') return group.column >= 0 ? data.columns[group.column][0] : 'several columns';
  if (shade.startsWith('c')) return data.columns[group.column][0];
  return shade === 'schema' || shade === 'stats' ? group.role : shade === 'tables' ? 'tables' : data.kinds[group.kind];
}

function describe(group) {
  const what = group.count > 1 ? `${counted(group.count, 'part')}, mostly ${data.kinds[group.kind]}` : data.kinds[group.kind] + (group.role ? ` (${group.role})` : '');
  const page = group.page >= 0 ? `, page ${group.page}` : '';
  return `${what}, ${bytes(group.size)} at ${digits(group.offset)}${page}${group.column >= 0 ? `, column ${shown(data.columns[group.column][0])}` : ''}`;
}

// What is shown: a file, a range of its bytes, and the part of the strip that keys act on.
const view = {file: data.files[0], from: 0, to: data.files[0]?.bytes ?? 0, groups: [], at: 0};

function zoom(from, to) {
  const size = view.file.bytes, width = Math.min(Math.max(to - from, Math.min(64, size)), size);
  const begin = Math.min(Math.max(from, 0), size - width);
  const hadFocus = byId('strip').contains(document.activeElement);
  Object.assign(view, {from: begin, to: begin + width, at: 0});
  drawStrip();
  if (hadFocus) focusPart(0);
}
const zoomBy = (factor, around = (view.from + view.to) / 2) => zoom(around - (around - view.from) * factor, around + (view.to - around) * factor);

function tailOf(file) {
  const last = file.parts.findLastIndex(part => ['page buffer', 'column buffer', 'blob payloads'].includes(data.kinds[part[1]]));
  return last < 0 ? 0 : offsetsOf(file)[last] + file.parts[last][0];
}

const moves = {
  whole: () => zoom(0, view.file.bytes),
  tail: () => zoom(tailOf(view.file), view.file.bytes),
  in: () => zoomBy(0.5),
  out: () => zoomBy(2),
  left: () => zoom(view.from - (view.to - view.from) / 2, view.to - (view.to - view.from) / 2),
  right: () => zoom(view.from + (view.to - view.from) / 2, view.to + (view.to - view.from) / 2),
};

const strip = {margin: 2, top: 20, height: 52, width: 0};
const xOf = offset => strip.margin + (offset - view.from) / (view.to - view.from) * strip.width;
const offsetOf = x => view.from + (x - strip.margin) / strip.width * (view.to - view.from);

function drawStrip() {
  const full = Math.max(300, byId('strip').clientWidth);
  strip.width = full - 2 * strip.margin;
  const scale = (view.to - view.from) / strip.width;
  view.groups = groupsOf(view.file, view.from, view.to, Math.floor(2 * scale) + 1);
  const bottom = strip.top + strip.height;
  const parts = view.groups.map((group, i) => {
    const x = Math.max(xOf(group.offset), strip.margin), end = Math.min(xOf(group.offset + group.size), full - strip.margin);
    const width = Math.max(end - x, 0);
    return svg('rect', {class: `part ${shadeOf(group)}`, x, y: strip.top, width: width > 3 ? width - 0.8 : i + 1 < view.groups.length ? width + 1 : width, height: strip.height, role: 'button',
                        tabindex: i === view.at ? 0 : -1, 'aria-label': describe(group), 'data-index': i}, svg('title', {}, describe(group)));
  });
  const picture = svg('svg', {viewBox: `0 0 ${full} 110`, role: 'group', 'aria-label': `Bytes ${digits(view.from)} to ${digits(view.to)}, ${counted(view.groups.length, 'part')} drawn`},
                      ...names(full), ...axis(full, bottom), ...parts, svg('rect', {class: 'focus', visibility: 'hidden'}),
                      svg('rect', {class: 'drag', visibility: 'hidden', y: strip.top, height: strip.height}), ...overview(full));
  byId('strip').replaceChildren(picture);
  const joined = view.groups.filter(group => group.count > 1);
  const hidden = joined.reduce((sum, group) => sum + group.count, 0);
  byId('range').textContent = `Bytes ${digits(view.from)} to ${digits(view.to)} of ${digits(view.file.bytes)}.` +
    (joined.length ? ` ${digits(hidden)} parts too small to see are drawn as ${digits(joined.length)}; come closer to tell them apart.` : '');
}

/** Names above what is wide enough. */
function names(full) {
  const texts = [];
  for (let i = 0, end = 0; i < view.groups.length; i = end) {
    const label = labelOf(view.groups[i]);
    for (end = i + 1; end < view.groups.length && (view.groups[end].kind === kPad || labelOf(view.groups[end]) === label);) ++end;
    const x = Math.max(xOf(view.groups[i].offset), strip.margin), last = view.groups[end - 1];
    const room = Math.floor((Math.min(xOf(last.offset + last.size), full) - x - 5) / 7), letters = [...shown(label)];
    if (room >= Math.min(letters.length, 4)) texts.push(svg('text', {x, y: 14, 'aria-hidden': 'true'}, letters.length <= room ? letters.join('') : letters.slice(0, room - 1).join('') + '…'));
  }
  return texts;
}

function axis(full, bottom) {
  const size = view.to - view.from;
  let step = 10 ** Math.floor(Math.log10(Math.max(size / 4, 1)));
  step *= [5, 2].find(factor => size / (step * factor) >= 3) ?? 1;
  const marks = [];
  for (let at = Math.ceil(view.from / step) * step; at < view.to; at += step) {
    const x = xOf(at), label = digits(at);
    if (x + label.length * 7 > full) break;
    marks.push(svg('path', {class: 'tick', d: `M${x} ${bottom + 1}v4`}), svg('text', {class: 'axis', x, y: bottom + 17, 'aria-hidden': 'true'}, label));
  }
  return marks;
}

/** Where the shown range lies in the file. */
function overview(full) {
  if (view.from === 0 && view.to === view.file.bytes) return [];
  const at = offset => strip.margin + offset / view.file.bytes * strip.width;
  return [svg('rect', {class: 'whole', x: strip.margin, y: 100, width: strip.width, height: 6, rx: 3}),
          svg('rect', {class: 'window', x: Math.min(at(view.from), full - 5), y: 100, width: Math.max(at(view.to) - at(view.from), 3), height: 6, rx: 1.5})];
}

function focusPart(index) {
  const rects = byId('strip').querySelectorAll('.part');
  if (!rects.length) return;
  rects[view.at]?.setAttribute('tabindex', -1);
  view.at = Math.min(Math.max(index, 0), rects.length - 1);
  rects[view.at].setAttribute('tabindex', 0);
  rects[view.at].focus();
}

function showPart(group) {
  const facts = [];
  const add = (term, ...values) => facts.push(html('dt', {}, term), html('dd', {}, ...values));
  add('what', describe({...group, column: -1, page: -1}));
  add('bytes', `${digits(group.offset)} to ${digits(group.offset + group.size - 1)}, ${percent(group.size / view.file.bytes)} of the file`);
  if (group.column >= 0) {
    const column = data.columns[group.column];
    add('column', link(column[0], () => showPages(group.column)), ' ', name(column[1]));
    const page = pagesOf(view.file, group.column)?.[group.page];
    if (page) {
      add('page', `${group.page}, ${rowsText(page)}`);
      add('encoding', data.encodings[page[3]][0]);
    }
  }
  byId('part').hidden = false;
  byId('part').replaceChildren(html('dl', {}, ...facts));
}

function openPart(group) {
  showPart(group);
  if (group.count > 1 && group.size < view.to - view.from) zoom(group.offset, group.offset + group.size);
  else if (group.column >= 0) showPages(group.column);
}

function listenToStrip() {
  const area = byId('strip');
  const groupAt = event => view.groups[event.target.closest?.('.part')?.dataset.index];
  const localX = event => {
    const box = area.firstElementChild.getBoundingClientRect();
    return (event.clientX - box.left) / box.width * area.firstElementChild.viewBox.baseVal.width;
  };
  let start = null;
  area.addEventListener('pointerdown', event => { start = event.button === 0 ? localX(event) : null; });
  window.addEventListener('pointermove', event => {
    if (start === null || event.buttons !== 1) return;
    const x = localX(event), mark = area.querySelector('.drag');
    mark.setAttribute('x', Math.min(start, x));
    mark.setAttribute('width', Math.abs(x - start));
    mark.setAttribute('visibility', 'visible');
  });
  window.addEventListener('pointerup', event => {
    if (start === null) return;
    const [from, to] = [start, localX(event)].sort((a, b) => a - b).map(offsetOf);
    const dragged = Math.abs(localX(event) - start) > 4;
    start = null;
    if (dragged) zoom(from, to);
  });
  area.addEventListener('dblclick', event => zoomBy(0.25, offsetOf(localX(event))));
  area.addEventListener('click', event => { if (groupAt(event)) showPart(groupAt(event)); });
  area.addEventListener('focusin', event => {
    const group = groupAt(event), mark = area.querySelector('.focus');
    if (!group) return;
    view.at = view.groups.indexOf(group);
    if (!event.target.matches(':focus-visible')) return;
    for (const key of ['x', 'y', 'height']) mark.setAttribute(key, event.target.getAttribute(key));
    mark.setAttribute('width', Math.max(event.target.getAttribute('width'), 2));
    mark.setAttribute('visibility', 'visible');
    showPart(group);
  });
  area.addEventListener('focusout', () => area.querySelector('.focus')?.setAttribute('visibility', 'hidden'));
  area.addEventListener('keydown', event => {
    const keys = {
      ArrowLeft: () => focusPart(view.at - 1), ArrowRight: () => focusPart(view.at + 1), Home: () => focusPart(0), End: () => focusPart(Infinity),
      Enter: () => openPart(view.groups[view.at]), ' ': () => openPart(view.groups[view.at]),
      '+': moves.in, '=': moves.in, '-': moves.out, Escape: moves.whole,
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
}

/** What the file's bytes are for, and that they add up. */
function showKinds() {
  const kinds = new Map();
  for (const part of view.file.parts) {
    const group = {kind: part[1], role: roleOf(data, part), column: partColumn(part)};
    const shade = shadeOf(group), is_data = shade === 'cx' || /^c\d/.test(shade);
    const key = is_data ? 'pages of columns' : labelOf(group);
    const kind = kinds.get(key) ?? {shade: is_data ? 'plain' : shade, parts: 0, size: 0};
    kinds.set(key, kind);
    kind.parts += partCount(part);
    kind.size += part[0];
  }
  const items = [...kinds].sort((a, b) => b[1].size - a[1].size), total = view.file.bytes;
  const caption = view.file.parts.length < view.file.num_parts
    ? `${digits(view.file.num_parts)} parts are told in ${digits(view.file.parts.length)} groups, each counted by its largest part.` : 'Every byte is counted once.';
  fill(byId('kinds'), caption, [['what for'], ['parts', 'number'], ['bytes', 'number'], ['share', 'number'], ['']], items,
       ([key, kind]) => html('tr', {}, html('th', {scope: 'row'}, swatch(kind.shade), name(key)), number(digits(kind.parts)), number(digits(kind.size)),
                             number(percent(kind.size / total)), gauge([kind.size / total, kind.shade])), () => '',
       html('tr', {}, html('th', {scope: 'row'}, 'the file'), number(digits(view.file.num_parts)), number(digits(items.reduce((sum, item) => sum + item[1].size, 0))), number('100%'), html('td')));
}

function showColumns() {
  const wanted = byId('filter').value.toLowerCase();
  const items = data.columns.map((column, place) => ({column, place})).filter(item => item.column[0].toLowerCase().includes(wanted));
  const largest = Math.max(data.columns[0]?.[3] ?? 0, 1);
  const sum = list => list.reduce((total, item) => total + item.column[3], 0);
  fill(byId('columns'), `${counted(items.length, 'column')}, largest first; a name shows the column's pages.`,
       [['column'], ['type'], ['bytes', 'number'], ['share', 'number'], [''], ['per row', 'number'], ['of Arrow', 'number'], ['pages', 'number'], ['encoding', 'text']], items,
       ({column, place}) => {
         const [path, type, pages, size, arrow, encoding] = column;
         const shade = columnShade(place);
         return html('tr', {}, html('th', {scope: 'row', class: 'wide'}, link(path, () => showPages(place), shade)), html('td', {class: 'name type'}, shown(type)), number(digits(size)),
                     number(percent(size / data.bytes)), gauge([size / largest, shade]), number(data.rows ? (size / data.rows).toFixed(2) : '—'),
                     number(arrow ? percent(size / arrow) : '—'), number(digits(pages)), html('td', {class: 'text'}, encoding));
       },
       left => `${counted(left.length, 'column')} of ${bytes(sum(left))}`,
       html('tr', {}, html('th', {scope: 'row', colspan: 2}, 'all of these'), number(digits(sum(items))), number(percent(sum(items) / Math.max(data.bytes, 1))), html('td', {colspan: 5})));
}

function showPages(place) {
  const section = byId('pages'), [path, type] = data.columns[place], pages = pagesOf(view.file, place), all = buffersOf(data, view.file, place);
  byId('pages-title').replaceChildren('Pages of ', name(path), html('small', {class: 'name'}, shown(type)));
  section.hidden = false;
  const sizeOf = i => (all.get(i) ?? []).reduce((sum, buffer) => sum + buffer.size, 0);
  const whole = view.file.parts.length === view.file.num_parts;
  const largest = Math.max(1, ...(pages ?? []).slice(0, 10000).map((page, i) => sizeOf(i)));
  const caption = pages ? `${counted(pages.length, 'page')} in ${shown(view.file.path)}${whole ? '' : '; the file has too many parts to list, so sizes are missing'}`
    : 'There is no room here for the pages of this column, or the file has none; lance-inspect pages -c lists them.';
  fill(section.querySelector('table'), caption, [['page', 'number'], ['rows'], ['bytes', 'number'], [''], ['per row', 'number'], ['buffers', 'number'], ['encoding', 'text']], pages ?? [],
       (page, i) => {
         const inner = html('tr', {hidden: i > 0 && ''}, html('td', {colspan: 7}));
         const open = () => inner.cells[0].childElementCount || inner.cells[0].append(pageDetails(data, page, all.get(i) ?? []));
         if (i === 0) open();
         const button = html('button', {type: 'button', class: 'link', 'aria-expanded': String(i === 0), onclick: () => {
           open();
           inner.hidden = !inner.hidden;
           button.setAttribute('aria-expanded', !inner.hidden);
         }}, `page ${i}`);
         const size = sizeOf(i), row = document.createDocumentFragment();
         row.append(html('tr', {}, html('th', {scope: 'row', class: 'number'}, button), html('td', {class: 'line'}, rowsText(page)), number(digits(size)), gauge([size / largest, columnShade(place)]),
                         number(page[1] ? (size / page[1]).toFixed(2) : '—'), number(String(page[2])), html('td', {class: 'text'}, data.encodings[page[3]][0])), inner);
         return row;
       }, left => counted(left.length, 'page'));
  byId('pages-title').focus();
  byId('pages-title').scrollIntoView({block: 'start'});
}

function showFragments() {
  if (!data.fragments.length) return;
  byId('fragments').hidden = false;
  const files = new Map();
  for (const file of data.files) files.set(file.fragment, [...(files.get(file.fragment) ?? []), file]);
  const most = Math.max(1, ...data.fragments.slice(0, 10000).map(fragment => fragment.rows));
  fill(byId('fragments').querySelector('table'), 'A file name shows its bytes below; deleted rows are hatched.',
       [['fragment'], ['rows', 'number'], [''], ['deleted', 'number'], ['deletion file'], ['bytes', 'number'], ['files']], data.fragments,
       fragment => {
         const own = files.get(fragment.id) ?? [];
         return html('tr', {}, html('th', {scope: 'row'}, String(fragment.id)), number(digits(fragment.rows)),
                     gauge([(fragment.rows - fragment.deleted) / most, 'plain'], [fragment.deleted / most, 'deleted']), number(digits(fragment.deleted)),
                     html('td', {}, fragment.deletion_file || '—'), number(digits(own.reduce((sum, file) => sum + file.bytes, 0))),
                     html('td', {}, ...own.map(file => html('div', {}, html('button', {type: 'button', class: 'name', 'aria-pressed': String(file === view.file), onclick: () => showFile(file), 'data-file': data.files.indexOf(file)}, shown(file.path))))));
       }, left => counted(left.length, 'fragment'));
  showGrid();
}

/** The history as dots on a line, the version that is shown filled. */
function showVersions() {
  if (!data.versions.length) return;
  const section = byId('versions');
  section.hidden = false;
  section.querySelector('p').textContent = data.older_versions ? `The newest ${counted(data.versions.length, 'version')}; ${digits(data.older_versions)} older ones are left out.` : '';
  let before = null;
  for (const version of data.versions) {
    const more = before === null ? 0 : version.rows - before;
    before = version.rows;
    const shown_here = version.version === data.version;
    section.querySelector('ol').append(html('li', {class: shown_here ? 'shown' : '', 'aria-current': shown_here && 'true'},
      html('strong', {}, String(version.version)), html('div', {}, version.operation || '—'), html('div', {}, counted(version.rows, 'row')),
      more ? html('div', {}, `${more > 0 ? '+' : '−'}${digits(Math.abs(more))}`) : null, html('div', {class: 'time'}, version.time.slice(0, 16).replace('T', ' ')),
      ...version.tags.map(tag => html('div', {class: 'tag'}, name(tag)))));
  }
  section.querySelector('.shown')?.scrollIntoView({block: 'nearest', inline: 'center'});
}

/** Fragments x columns: the darker, the more bytes; what is deleted of the rows is hatched. */
function showGrid() {
  const columns = data.columns.slice(0, 24), bytesOf = new Map(data.fragments.map(fragment => [fragment.id, new Map()]));
  for (const file of data.files) {
    const sums = bytesOf.get(file.fragment);
    for (const part of file.parts) {
      if (partColumn(part) >= 0 && data.kinds[part[1]] === 'page buffer') sums.set(partColumn(part), (sums.get(partColumn(part)) ?? 0) + part[0]);
    }
  }
  let most = 1;
  for (const sums of bytesOf.values()) for (const [place, size] of sums) if (place < columns.length) most = Math.max(most, size);
  const cell = (fragment, place) => {
    const size = bytesOf.get(fragment.id).get(place);
    const text = size === undefined ? 'nothing' : bytes(size);
    const filled = html('div', {class: `cell ${columnShade(place)}`}), deleted = html('div', {class: 'deleted'});
    filled.style.opacity = size === undefined ? 0 : 0.25 + 0.75 * size / most;
    deleted.style.width = `${fragment.rows ? fragment.deleted / fragment.rows * 100 : 0}%`;
    return html('td', {title: `fragment ${fragment.id}, ${shown(data.columns[place][0])}: ${text}${fragment.deleted ? `, ${digits(fragment.deleted)} rows deleted` : ''}`}, filled, deleted, html('span', {class: 'unseen'}, text));
  };
  fill(byId('grid'), `Bytes of the ${columns.length < data.columns.length ? `${columns.length} largest columns` : 'columns'} in each fragment: the stronger, the more; deleted rows are hatched.`,
       [['fragment'], ...columns.map((column, place) => [column[0], 'slanted'])], data.fragments,
       fragment => html('tr', {}, html('th', {scope: 'row'}, String(fragment.id)), ...columns.map((column, place) => cell(fragment, place))), left => counted(left.length, 'fragment'));
  for (const head of byId('grid').querySelectorAll('.slanted')) head.replaceChildren(name(head.textContent));
}

function showFile(file) {
  Object.assign(view, {file, from: 0, to: file.bytes, at: 0});
  for (const button of byId('fragments').querySelectorAll('button[aria-pressed]')) button.setAttribute('aria-pressed', button.dataset.file === String(data.files.indexOf(file)));
  byId('file-name').replaceChildren(name(file.path), ` · Lance ${file.version} · ${counted(file.rows, 'row')} · ${bytes(file.bytes)}`);
  byId('part').hidden = byId('pages').hidden = true;
  drawStrip();
  showKinds();
}

byId('name').replaceChildren(name(data.name));
byId('headline').textContent = data.headline;
showVersions();
showFragments();
byId('all-columns').hidden = false;
showColumns();
byId('filter').addEventListener('input', showColumns);
if (view.file) {
  byId('strip-tools').hidden = false;
  for (const button of document.querySelectorAll('[data-move]')) button.addEventListener('click', moves[button.dataset.move]);
  listenToStrip();
  showFile(view.file);
  new ResizeObserver(drawStrip).observe(byId('strip'));
}
