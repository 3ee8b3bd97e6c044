// The page of `gapcheck serve`: the transcript of one scenario while it is played. Lines come over
// a WebSocket as they stand in the file, and the verdict comes last.

import { html } from './dom.js';
import { createDrawing } from './draw.js';
import { createLanes } from './lanes.js';
import { formatCount, formatMs, plural, symbolOf } from './words.js';

const lanes = createLanes();
const counts = { open: 0, publish: 0, dispatch: 0 };
let isOver = false;

const title = html('h1', {}, 'gapcheck serve');
const status = html('p', { id: 'status', role: 'status' }, 'Waiting for a client …');
const told = html('p', { class: 'hint', id: 'counts' });
const findings = html('ul', { class: 'findings', id: 'findings' });
const details = html('pre', { class: 'frame', id: 'details', tabindex: '0', hidden: true });
const wire = html('div', { class: 'wire' });
document.getElementById('page').append(
  html('main', { id: 'content' }, title, status, told, findings, wire, details));

const drawing = createDrawing(wire, lanes, {
  isLive: true,
  onSelect(row) {
    const entry = row.item < 0 ? row.group.entry : lanes.itemOf(row.group, row.item).entry;
    details.hidden = false;
    details.textContent = `${row.spoken}\n${JSON.stringify(entry, null, 1)}`;
  },
});

/* The drawing follows what comes, unless somebody scrolled up to read. */
let isFollowing = true;
drawing.element.addEventListener('scroll', ({ target: box }) => {
  isFollowing = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
});

function showHeader({ scenario, wire_only: isWireOnly }) {
  title.textContent = scenario;
  document.title = `${scenario} – gapcheck serve`;
  status.textContent = isWireOnly
    ? 'The client is there. It posts no events: what the wire shows is judged.'
    : 'The client is there, and tells what its application gets.';
}

function count({ kind, count: many = 1 }) {
  if (kind in counts) counts[kind] += many;
  told.textContent = `${plural(counts.open, 'connection')}, ` +
    `${formatCount(counts.publish)} published, ${formatCount(counts.dispatch)} dispatched`;
}

function showVerdict({ verdict, reason, findings: found = [], duration_ms: ms }) {
  isOver = true;
  lanes.flush();
  status.replaceChildren(html('span', { class: `badge ${verdict}` },
    `${symbolOf(verdict)} ${verdict}`), ` after ${formatMs(ms)}${reason ? `: ${reason}` : ''}`);
  findings.replaceChildren(...found.map(({ rule, level, message, cause }) =>
    html('li', { class: `finding ${level}` },
      html('p', { class: 'message' }, html('strong', { class: 'rule' }, rule), ' ', message),
      cause ? html('p', { class: 'cause' }, `Cause: ${cause}`) : null)));
}

function take(line) {
  const value = JSON.parse(line);
  if (value.kind) {
    count(value);
    lanes.append([value]);
  } else if (value.transcript) showHeader(value);
  else if (value.scenario) showVerdict(value.scenario);
}

const address = new URL(`/gapcheck/live${location.search}`, location.href);
address.protocol = address.protocol.replace('http', 'ws');
const socket = new WebSocket(address);
socket.addEventListener('message', ({ data }) => {
  for (const line of data.split('\n')) if (line) take(line);
  drawing.refresh();
  if (isFollowing) drawing.reveal(lanes.rowCount - 1);
});
socket.addEventListener('close', () => {
  if (!isOver) status.textContent = 'gapcheck has ended, or cannot be reached any more.';
});
