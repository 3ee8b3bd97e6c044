// The swimlane drawing: rows of lanes.js as SVG in a box that scrolls. Only the rows in sight are
// in the document, so its cost does not grow with the transcript.

import { html, svg } from './dom.js';
import { describeRow } from './rows.js';
import { formatUs } from './words.js';

const ROW_PX = 26;
const MARGIN_ROWS = 12; // drawn above and below what is in sight
const STEP_ROWS = 6; // so far one scrolls until other rows are drawn
const HEIGHT_PX_MAX = 12000000; // browsers clip taller boxes: beyond it, scrolling is scaled
const PRINTED_ROWS_MAX = 2000;
const WIDTH_PX_MIN = 700;
const NARROW_PX = 560; // below it all four lanes are in sight, with less text
const NARROW_PX_MIN = 320;
const WHOLE_HEIGHT_PX_MAX = 1500; // a drawing up to here needs no scrolling of its own
const COLUMN_PX = 13;
const BAR_PX = 8;

let drawingCount = 0;

/** Where the lanes stand in a drawing so wide. On a phone what the application gets is told before
 *  its lane: there the wire has nothing to tell. */
function layOut(width) {
  if (width < NARROW_PX) {
    const [server, sdk] = [64, width - 62];
    return { time: 44, server, sdk, app: width - 16, side: sdk - 8,
      bars: server + (sdk - server) * 0.8, gap: 8, isNarrow: true, width };
  }
  const server = 92;
  const side = Math.min(260, Math.max(170, width * 0.22));
  const app = width - side;
  const sdk = app - Math.min(130, Math.max(76, width * 0.1));
  return { time: 70, server, sdk, app, side: app + 12, bars: server + (sdk - server) * 0.66,
    gap: 18, isNarrow: false, width };
}

const laneX = (places, lane) => (lane === 'wire' ? places.bars : places[lane]);

/* ---- what stands on a lane ---- */

const MARKS = {
  dot: (x, y) => svg('circle', { class: 'dot', cx: x, cy: y, r: 4 }),
  open: (x, y) => svg('circle', { class: 'open lost', cx: x, cy: y, r: 5 }),
  void: (x, y) => svg('circle', { class: 'open void', cx: x, cy: y, r: 5 }),
  fence: (x, y) => svg('rect', { class: 'fence', x: x - 3, y: y - 3, width: 6, height: 6 }),
  note: (x, y) => svg('rect', {
    class: 'note', x: x - 4, y: y - 4, width: 8, height: 8, transform: `rotate(45 ${x} ${y})`,
  }),
  twice: (x, y) => svg('g', { class: 'twice' },
    svg('circle', { cx: x, cy: y, r: 7 }), svg('circle', { class: 'core', cx: x, cy: y, r: 3.5 })),
  cross: (x, y) => svg('path', { class: 'cross', d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` }),
  break: (x, y) => svg('path', {
    class: 'break', d: `M${x - 11} ${y + 4}l6 -8l5 8l6 -8l5 8`,
  }),
  end: (x, y) => svg('path', { class: 'end', d: `M${x - 6} ${y}h12` }),
  none: () => null,
};

function drawArrow({ from, to, style }, places, y) {
  const start = laneX(places, from);
  const end = laneX(places, to);
  const sign = Math.sign(end - start);
  const tip = end - sign * 6;
  return svg('g', { class: `arrow ${style}` },
    svg('path', { class: 'shaft', d: `M${start + sign * 6} ${y}H${tip - sign * 6}` }),
    svg('path', { class: 'head', d: `M${tip} ${y}l${-8 * sign} -4v8z` }));
}

/** Text is cut by its length, not measured: what is cut can be read in the details. */
function drawText(x, y, text, room, attributes = {}) {
  const longest = Math.max(4, Math.floor(room / 6.1));
  const shown = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  return svg('text', { x, y, ...attributes }, shown);
}

/** Which column of bars the row speaks of. */
function barX(places, row, bars) {
  const bar = bars.find((one) => one.number === row.connections[0]);
  return places.bars + (bar ? bar.column : 0) * COLUMN_PX;
}

function wireText(row, places, y, bars) {
  if (!row.text) return null;
  if (row.isStep || row.isWide)
    return drawText(places.server + places.gap, y + 4, row.text,
      places.width - places.server - 28);
  if (row.at === 'wire')
    return drawText(barX(places, row, bars) + (places.isNarrow ? -14 : 18), y + 4, row.text,
      places.isNarrow ? places.bars - places.server : places.sdk - places.bars - 20,
      { class: 'halo', 'text-anchor': places.isNarrow ? 'end' : null });
  if (row.at === 'sdk')
    return drawText(places.sdk + 12, y + 4, row.text, places.width - places.sdk);
  const tag = row.tag
    ? svg('tspan', { class: row.tag.includes('lost') ? 'tag bad' : 'tag' }, `  ${row.tag}`) : null;
  const room = places.isNarrow ? (row.arrow ? places.sdk : places.width) - places.server - 12
    : places.bars - places.server + 60;
  const text = drawText(places.server + places.gap, row.arrow ? y - 5 : y + 4,
    places.isNarrow ? row.brief ?? row.text : row.text, room - 7 * (row.tag && row.tag.length + 2),
    { class: 'halo' });
  text.append(...[tag].filter(Boolean));
  return text;
}

function drawFold(row, places, y) {
  return svg('path', {
    class: 'fold', d: row.group.isOpen ? `M${places.server - 16} ${y - 3}h8l-4 6z`
      : `M${places.server - 14} ${y - 4}v8l6 -4z`,
  });
}

/** A row at the top of its own place: it is moved by its transform, kept while it is in sight. */
function drawRow(row, index, places, bars, options) {
  const y = ROW_PX / 2 + (row.arrow && row.text ? 6 : 0);
  const stepText = row.isStep ? options.describeStep?.(row.group.entry.step) : '';
  const shown = stepText ? { ...row, text: `${row.text}  ${stepText}` } : row;
  const classes = ['row', row.isStep && 'step', row.isBand && 'band', row.isInBand && 'inner',
    row.isBad && 'bad', row.isQuiet && 'quiet', options.isMarked(row.group) && 'marked']
    .filter(Boolean).join(' ');
  return svg('g', {
    class: classes, id: options.idOf(index), role: 'listitem', 'data-row': index,
    'data-kind': row.group.kind, 'aria-label': row.spoken,
    'aria-expanded': row.isBand ? String(row.group.isOpen) : null,
  },
  svg('rect', { class: 'back', x: 0, y: 0, width: places.width, height: ROW_PX }),
  drawText(places.time, ROW_PX / 2 + 4, formatUs(row.us), 70, {
    class: 'time', 'text-anchor': 'end',
  }),
  options.isMarked(row.group)
    ? svg('path', { class: 'pointer', d: `M0 0v${ROW_PX}l7 ${-ROW_PX / 2}z` }) : null,
  row.arrow ? drawArrow(row.arrow, places, y) : null,
  row.isBand ? drawFold(row, places, y) : null,
  row.marks.map(({ lane, shape }) =>
    MARKS[shape](lane === 'wire' ? barX(places, row, bars) : laneX(places, lane), y)),
  wireText(shown, places, y, bars),
  row.side ? drawText(places.side, y + 4, row.side,
    places.isNarrow ? places.side - places.server : places.width - places.side, {
      class: row.marks.some(({ shape }) => shape === 'twice') ? 'side bad' : 'side',
      'text-anchor': places.isNarrow ? 'end' : null,
    }) : null);
}

/* ---- lanes and connections ---- */

function drawLanes(places, height) {
  return ['server', 'sdk', 'app'].map((lane) => svg('line', {
    class: 'lane', x1: places[lane], x2: places[lane], y1: 0, y2: height,
  }));
}

/** A bar from row to row: thin until it is open, dashed once the server has dropped it. */
function drawBar(lanes, connection, first, count, places) {
  const middle = (group) => (lanes.rowOf(lanes.groups[group]) - first + 0.5) * ROW_PX;
  const bottom = count * ROW_PX;
  const begin = middle(connection.begin);
  const opened = connection.open === null ? null : middle(connection.open);
  const dropped = connection.drop === null ? null : middle(connection.drop);
  const ended = connection.end === null ? bottom : middle(connection.end);
  const x = places.bars + connection.column * COLUMN_PX;
  const parts = [];
  const part = (kind, from, to, width) => {
    const top = Math.max(from, -ROW_PX);
    const height = Math.min(to, bottom + ROW_PX) - top;
    if (height > 0)
      parts.push(svg('rect', { class: `bar ${kind}`, x: x - width / 2, y: top, width, height }));
  };
  part('waiting', begin, opened ?? ended, 2);
  if (opened !== null) part('open', opened, Math.min(dropped ?? ended, ended), BAR_PX);
  if (dropped !== null && opened !== null) part('waiting', dropped, ended, 2);
  return svg('g', { class: 'connection', 'data-connection': connection.number }, parts);
}

function barsInSight(lanes, first, last) {
  const rowOf = (index) => lanes.rowOf(lanes.groups[index]);
  return lanes.connections.filter((one) => rowOf(one.begin) <= last &&
    (one.end === null || rowOf(one.end) >= first));
}

/* ---- the box ---- */

const KEYS = {
  ArrowDown: (row) => row + 1, ArrowUp: (row) => row - 1,
  PageDown: (row) => row + 20, PageUp: (row) => row - 20,
  Home: () => 0, End: () => Infinity,
};

/**
 * Puts the drawing of `lanes` into `parent`.
 *   onSelect(row)           a row was chosen (see describeRow)
 *   describeStep(number)    what stands in the scenario file, or ''
 *   marked                  groups to point at, a Set
 *   isLive                  it grows, and always scrolls in its own box
 * Gives `{ element, refresh, reveal, select, destroy }`; refresh() after lanes.append().
 */
export function createDrawing(parent, lanes, options = {}) {
  const { onSelect, describeStep, marked = new Set(), isLive = false } = options;
  const prefix = `drawing-${++drawingCount}`;
  let current = -1;
  let frame = 0;
  let isPrinting = false;
  let changeCount = 0; // of what the rows show; scrolling changes nothing
  let drawn = { key: '', first: -1, count: 0 };
  let kept = new Map(); // rows in sight: index → element
  const ground = svg('g', {}); // lanes and connections
  const rowLayer = svg('g', {});
  const canvas = svg('svg', { role: 'presentation' }, ground, rowLayer);
  const sizer = html('div', { class: 'sizer' }, canvas);
  const head = html('div', { class: 'lane-names', 'aria-hidden': 'true' });
  const body = html('div', { class: 'body' }, head, sizer);
  const box = html('div', {
    class: 'drawing', tabindex: '0', role: 'list',
    'aria-label': 'What happened, in order of time. Arrow keys move, Enter opens a band.',
  }, body);
  const rowOptions = {
    describeStep,
    isMarked: (group) => marked.has(group),
    idOf: (index) => `${prefix}-${index}`,
  };

  const nameLanes = (places) => {
    const names = [['ms', 20], ['server', places.server], ['wire', places.bars],
      ['SDK', places.sdk], [places.isNarrow ? 'app' : 'application', places.app]];
    head.replaceChildren(...names.map(([name, x]) =>
      html('span', { style: `left:${Math.round(x)}px` }, name)));
    head.style.width = `${places.width}px`;
  };

  /** How many pixels of the whole stand above the box, given that it may be too tall to be true. */
  const scrollTop = (height) => {
    const shownHeight = Math.min(height, HEIGHT_PX_MAX);
    if (shownHeight === height) return box.scrollTop;
    return box.scrollTop * (height - box.clientHeight) / (shownHeight - box.clientHeight);
  };

  const drawRows = (first, count, width, key) => {
    const places = layOut(width);
    const bars = barsInSight(lanes, first, first + count);
    for (const [index, element] of kept) {
      if (key === drawn.key && index >= first && index < first + count) continue;
      element.remove();
      kept.delete(index);
    }
    const rows = new Map();
    const top = rowLayer.firstChild; // rows above it are new, and those below the last
    let isAbove = kept.size > 0;
    for (let index = first; index < first + count; index++) {
      const element = kept.get(index) ??
        drawRow(describeRow(lanes, index), index, places, bars, rowOptions);
      if (kept.has(index)) isAbove = false;
      else rowLayer.insertBefore(element, isAbove ? top : null);
      element.setAttribute('transform', `translate(0 ${(index - first) * ROW_PX})`);
      rows.set(index, element);
    }
    kept = rows;
    drawn = { key, first, count };
    nameLanes(places);
    canvas.setAttribute('width', width);
    canvas.setAttribute('height', count * ROW_PX);
    ground.replaceChildren(...drawLanes(places, count * ROW_PX),
      ...bars.map((bar) => drawBar(lanes, bar, first, count, places)));
  };

  const draw = () => {
    frame = 0;
    box.classList.toggle('whole', !isLive && lanes.rowCount * ROW_PX <= WHOLE_HEIGHT_PX_MAX);
    const width = Math.max(box.clientWidth < NARROW_PX ? NARROW_PX_MIN : WIDTH_PX_MIN,
      box.clientWidth);
    const rowCount = lanes.rowCount;
    const height = rowCount * ROW_PX;
    const top = scrollTop(height);
    const seen = Math.ceil((box.clientHeight || 600) / ROW_PX);
    const wanted = Math.floor(top / ROW_PX / STEP_ROWS) * STEP_ROWS - MARGIN_ROWS;
    const first = isPrinting ? 0 : Math.max(0, wanted);
    const count = Math.max(0, Math.min(rowCount - first,
      isPrinting ? PRINTED_ROWS_MAX : seen + STEP_ROWS + 2 * MARGIN_ROWS));
    sizer.style.height = `${Math.min(height, HEIGHT_PX_MAX)}px`;
    sizer.style.width = `${width}px`;
    canvas.style.top = `${Math.round(box.scrollTop - top + first * ROW_PX)}px`;
    const key = `${width} ${changeCount}`;
    if (key !== drawn.key || first !== drawn.first || count !== drawn.count)
      drawRows(first, count, width, key);
    canvas.querySelector('.current')?.classList.remove('current');
    kept.get(current)?.classList.add('current');
    if (kept.has(current)) box.setAttribute('aria-activedescendant', rowOptions.idOf(current));
    else box.removeAttribute('aria-activedescendant');
  };

  const redraw = () => { frame ||= requestAnimationFrame(draw); };

  const refresh = () => {
    changeCount++;
    redraw();
  };

  const reveal = (row) => {
    const height = lanes.rowCount * ROW_PX;
    const shownHeight = Math.min(height, HEIGHT_PX_MAX);
    sizer.style.height = `${shownHeight}px`;
    const room = box.clientHeight - head.offsetHeight - ROW_PX;
    const wanted = row * ROW_PX;
    const top = scrollTop(height);
    if (wanted >= top && wanted <= top + room - ROW_PX) return;
    const target = Math.max(0, wanted - room / 3);
    box.scrollTop = shownHeight === height ? target
      : target * (shownHeight - box.clientHeight) / (height - box.clientHeight);
  };

  const select = (row) => {
    current = Math.max(0, Math.min(row, lanes.rowCount - 1));
    reveal(current);
    redraw();
    if (lanes.rowCount > 0) onSelect?.(describeRow(lanes, current));
  };

  const toggle = () => {
    const { group, item } = lanes.rowAt(current);
    if (item < 0 && lanes.isBand(group)) lanes.toggle(group);
    refresh();
  };

  box.addEventListener('scroll', redraw, { passive: true });
  box.addEventListener('click', (event) => {
    const row = event.target.closest?.('[data-row]');
    if (!row || String(getSelection()) !== '') return;
    select(Number(row.dataset.row));
    toggle();
  });
  box.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]) select(KEYS[event.key](current));
    else if (event.key === 'Enter' || event.key === ' ') {
      if (current >= 0) toggle();
    } else return;
    event.preventDefault();
  });
  const observer = new ResizeObserver(redraw);
  const print = () => { isPrinting = true; draw(); };
  const printed = () => { isPrinting = false; redraw(); };
  addEventListener('beforeprint', print);
  addEventListener('afterprint', printed);
  observer.observe(box);
  parent.append(box);
  draw();
  return {
    element: box,
    refresh,
    select,
    reveal(row) { reveal(row); redraw(); },
    destroy() {
      cancelAnimationFrame(frame);
      observer.disconnect();
      removeEventListener('beforeprint', print);
      removeEventListener('afterprint', printed);
      box.remove();
    },
  };
}
