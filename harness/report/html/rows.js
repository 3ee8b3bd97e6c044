// What a row of the drawing shows and says, without a browser: which lanes an arrow joins, what
// stands on a lane, and the words. One function a kind of entry.
//
//   arrow   { from, to, style }: lanes 'server', 'sdk', 'app'; style live, ring, row (of the
//           database), again, plain, control
//   marks   [{ lane, shape }]: dot, open (lost), void (unrecoverable), twice, note, cross, fence
//   text    over the wire; brief: the same where there is little room; side: beside the
//           application's lane; tag: a short word on the arrow
//   spoken  the whole row in words, for a screen reader

import { formatClock, formatMarkers, formatNumbers, plural } from './words.js';

const SOURCES = {
  live: { style: 'live', tag: '', said: 'sends' },
  ring: { style: 'ring', tag: 'ring', said: 'replays from the ring' },
  row: { style: 'row', tag: 'DB', said: 'replays from the database' },
  again: { style: 'again', tag: 'again', said: 'sends again' },
  queue: { style: 'ring', tag: 'queue', said: 'delivers from the queue' },
};

const SHAPES = { lost: 'open', unrecoverable: 'void', '': 'dot' };

const FATES = {
  lost: ', lost: the application never got it',
  unrecoverable: ', unrecoverable: no client could have got it',
  '': '',
};

/** Which events the row stands for: those of a band, or one. */
function eventsOf(lanes, group, item) {
  const first = lanes.itemOf(group, Math.max(item, 0));
  const last = item < 0 ? lanes.itemOf(group, group.count - 1) : first;
  const isRun = last.marker - first.marker === (item < 0 ? group.count - 1 : 0);
  const count = item < 0 ? group.count : 1;
  return {
    entry: first.entry, piece: first.piece, count,
    markers: first.marker ? `${formatMarkers(first.marker, last.marker)}${isRun ? '' : ' …'}` : '',
    numbers: formatNumbers(first.seq, last.seq),
    times: count > 1 ? `${count} × ` : '',
  };
}

function eventText({ entry, piece, markers, numbers, times }) {
  const what = piece.isFence ? 'fence' : entry.type ?? 'event';
  return [`${times}${what}`, markers, piece.isFence ? '' : numbers].filter(Boolean).join('  ');
}

/** Without the type, which the details tell. */
const briefOf = (events) =>
  (events.piece.isFence || !events.markers ? eventText(events)
    : `${events.times}${events.markers}  ${events.numbers}`);

function publishRow(events) {
  const { entry, piece } = events;
  const isSent = piece.sent.length > 0;
  const nobody = isSent ? '' : '  (to nobody)';
  return {
    arrow: isSent ? { from: 'server', to: 'sdk', style: piece.isFence ? 'control' : 'live' } : null,
    marks: [{ lane: 'server', shape: piece.isFence ? 'fence' : SHAPES[piece.fate] }],
    text: `${eventText(events)}${entry.as ? `  “${entry.as}”` : ''}${nobody}`,
    brief: briefOf(events),
    tag: piece.fate,
    spoken: `the server publishes ${eventText(events)}` +
      `${isSent ? ` to connection ${piece.sent.join(' and ')}` : ' while nobody is connected'}` +
      FATES[piece.fate],
    connections: piece.sent,
  };
}

function sentRow(events) {
  const { entry, piece } = events;
  const source = SOURCES[entry.from] ?? SOURCES.live;
  const fate = piece.fate === 'lost' ? 'lost' : '';
  return {
    arrow: { from: 'server', to: 'sdk', style: piece.isFence ? 'control' : source.style },
    marks: [{ lane: 'server', shape: fate ? 'open' : 'none' }],
    text: eventText(events),
    brief: briefOf(events),
    tag: [source.tag, fate].filter(Boolean).join(', '),
    spoken: `the server ${source.said} ${eventText(events)} on connection ${entry.connection}` +
      FATES[fate],
    connections: [entry.connection],
  };
}

function dispatchRow(events) {
  const { entry, piece, markers, times } = events;
  const what = piece.isFence ? 'fence' : entry.type ?? 'event';
  const again = piece.isAgain ? '  again' : '';
  const handler = (entry.handler ?? 1) > 1 ? `  handler ${entry.handler}` : '';
  const mangled = entry.mangled ? '  text changed' : '';
  const side = `${times}${markers || what}${again}${handler}${mangled}`;
  return {
    arrow: { from: 'sdk', to: 'app', style: piece.isFence ? 'control' : 'live' },
    marks: [{ lane: 'app', shape: piece.isFence ? 'fence' : piece.isAgain ? 'twice' : 'dot' }],
    side: piece.isFence ? `${side}  fence` : side,
    spoken: `the application gets ${times}${what} ${markers}` +
      `${piece.isAgain ? ', which it had already' : ''}${handler}${mangled}`,
  };
}

const arrowIn = (text, spoken, { entry }, style = 'plain') => ({
  arrow: { from: 'sdk', to: 'server', style }, marks: [], text, spoken,
  connections: [entry.connection],
});

const arrowOut = (text, spoken, { entry }, style = 'plain') => ({
  arrow: { from: 'server', to: 'sdk', style }, marks: [], text, spoken,
  connections: [entry.connection],
});

const note = (lane, text, spoken = text) => ({
  arrow: null, marks: [{ lane, shape: 'note' }],
  [lane === 'app' ? 'side' : 'text']: text, spoken, at: lane,
});

function ackText({ last_seen_seq: asked, current_seq: current, replayed, gap_detected: gap }) {
  return `resync_ack  asked ${asked ?? '?'}, now ${current ?? '?'}, replayed ${replayed ?? '?'}` +
    `${gap ? ', gap' : ''}`;
}

function requestText({ type, last_seen_seq: asked, since_ms: since, up_to_seq: upTo, text }) {
  if (type === 'delivery.ack') return `delivery.ack  up to ${upTo ?? '?'}`;
  if (type !== 'resync') return type ?? (text ? text.slice(0, 60) : 'a frame');
  const clock = formatClock(since);
  return `resync  last_seen_seq ${asked ?? '?'}${clock ? `, since ${clock}` : ''}`;
}

const ENDS = { server: 'gone', fin: 'closed by the client (FIN)', reset: 'reset by the client' };

const HANDLERS = {
  publish: publishRow,
  sent: sentRow,
  dispatch: dispatchRow,
  step: ({ entry }) => ({
    marks: [], isStep: true, text: `step ${entry.step}  ${entry.verb}`,
    spoken: `step ${entry.step}, ${entry.verb}, begins`,
  }),
  'step-end': ({ entry }) => ({
    marks: [], isBad: entry.result === 'unmet', isWide: true,
    text: `step ${entry.step} ${entry.result}${entry.why ? `: ${entry.why}` : ''}`,
    spoken: `step ${entry.step} is ${entry.result}: ${entry.why ?? ''}`,
  }),
  connect: (events) => arrowIn(`connects  (${events.entry.connection})`,
    `the client opens connection ${events.entry.connection}`, events, 'control'),
  request: (events) => arrowIn(events.entry.request ?? 'request',
    `the client asks for ${events.entry.request ?? 'the upgrade'}`, events, 'control'),
  open: (events) => arrowOut('101 upgraded',
    `connection ${events.entry.connection} is open`, events, 'control'),
  refused: (events) => ({
    ...arrowOut(`refused  ${events.entry.how ?? ''} ${events.entry.status ?? ''}`,
      `the server refuses connection ${events.entry.connection}: ${events.entry.how ?? ''} ` +
      `${events.entry.status ?? ''}`, events, 'control'),
    marks: [{ lane: 'wire', shape: 'cross' }],
  }),
  http: (events) => arrowIn(`${events.entry.request ?? 'HTTP'}  ${events.entry.how ?? ''} ` +
    `${events.entry.status ?? ''}`,
    `the client asks by HTTP for ${events.entry.request ?? 'something'}: ` +
    `${events.entry.how ?? ''} ${events.entry.status ?? ''}`, events, 'control'),
  'frame-out': (events) => arrowOut(
    `${events.times}${events.entry.type ?? events.entry.text?.slice(0, 60) ?? 'a frame'}`,
    `the server sends ${events.entry.type ?? 'a frame'}`, events,
    events.entry.control ? 'control' : 'plain'),
  replay: ({ entry }) => note('server',
    `${entry.row_count === undefined ? `delivers ${entry.ring_count ?? 0} of the queue`
      : `replay  ${entry.ring_count ?? 0} of the ring, ${entry.row_count} of the database`}` +
    `${entry.cut ? ', will be cut' : ''}`),
  ack: (events) => arrowOut(ackText(events.entry), `the server answers ${ackText(events.entry)}`,
    events),
  'ws-out': (events) => arrowOut(
    `${events.times}${events.entry.opcode ?? ''} ${events.entry.code ?? ''}`,
    `the server sends a ${events.entry.opcode}`, events, 'control'),
  'ws-in': (events) => arrowIn(
    `${events.times}${events.entry.opcode ?? ''} ${events.entry.code ?? ''}`,
    `the client sends a ${events.entry.opcode}`, events, 'control'),
  'frame-in': (events) => arrowIn(`${events.times}${requestText(events.entry)}` +
    `${events.entry.malformed ? '  (malformed)' : ''}`,
    `the client sends ${requestText(events.entry)}`, events),
  violation: ({ entry }) => ({ ...note('sdk', entry.message ?? 'breaks RFC 6455'), isBad: true }),
  drop: ({ entry }) => ({
    marks: [{ lane: 'wire', shape: 'break' }], connections: [entry.connection], at: 'wire',
    text: `drop  ${entry.how ?? ''}${entry.code ? ` ${entry.code}` : ''}` +
      `${entry.cut ? '  cuts the replay' : ''}`,
    spoken: `the server drops connection ${entry.connection}: ${entry.how ?? ''}`,
  }),
  end: ({ entry }) => ({
    marks: [{ lane: 'wire', shape: 'end' }], connections: [entry.connection], at: 'wire',
    text: `${ENDS[entry.how] ?? entry.how ?? 'gone'}${entry.code ? ` ${entry.code}` : ''}`,
    spoken: `connection ${entry.connection} is gone: ${ENDS[entry.how] ?? entry.how ?? ''}`,
  }),
  restart: ({ entry }) => note('server', `restarts  counter ${entry.counter === -1 ? 'kept'
    : entry.counter}, ring ${entry.keep_ring ? 'kept' : 'empty'}, database ` +
    `${entry.keep_db ? 'kept' : 'empty'}${entry.down_ms ? `, down ${entry.down_ms} ms` : ''}`),
  clock: ({ entry }) => note('server',
    `its clock shows ${formatClock(entry.server_clock_ms) || '?'}`),
  op: ({ entry }) => ({
    arrow: { from: 'app', to: 'sdk', style: 'plain' }, marks: [], side: entry.op,
    spoken: `the application does ${entry.op}`,
  }),
  resynced: ({ entry }) => ({
    arrow: { from: 'sdk', to: 'app', style: 'plain' }, marks: [],
    side: `resynced  ${entry.replayed ?? '?'}${entry.gap_detected ? ', gap' : ''}`,
    spoken: `the client reports resynced, replayed ${entry.replayed ?? 'unknown'}` +
      `${entry.gap_detected ? ', with a gap' : ''}`,
  }),
  lifecycle: ({ entry }) => ({
    arrow: { from: 'sdk', to: 'app', style: 'control' }, marks: [],
    side: `${entry.name ?? ''}${entry.attempt === undefined ? '' : ` #${entry.attempt}`}` +
      `${entry.message ? `  ${entry.message}` : ''}`,
    spoken: `the client reports ${entry.name ?? 'something'}`,
  }),
  log: ({ entry, times }) => ({
    marks: [], isWide: true, isQuiet: true, text: `${times}driver: ${entry.message ?? ''}`,
    spoken: `the driver says ${entry.message ?? ''}`,
  }),
  late: ({ entry, times }) => ({
    marks: [], isWide: true, isQuiet: true,
    text: `${times}harness late by ${((entry.late_us ?? 0) / 1000).toFixed(1)} ms`,
    spoken: 'the harness itself was late',
  }),
  fault: ({ entry }) => ({
    marks: [], isWide: true, isBad: true, text: `${entry.of ?? ''}: ${entry.message ?? ''}`,
    spoken: `fault of the ${entry.of ?? 'driver'}: ${entry.message ?? ''}`,
  }),
  done: ({ entry }) => ({
    marks: [], isWide: true, isQuiet: entry.how === 'complete',
    isBad: entry.how !== 'complete',
    text: `ends: ${entry.how ?? ''}${entry.why ? `: ${entry.why}` : ''}`,
    spoken: `the scenario ends: ${entry.how ?? ''} ${entry.why ?? ''}`,
  }),
};

/** What to draw in row `row` of the lanes (of createLanes). */
export function describeRow(lanes, row) {
  const { group, item } = lanes.rowAt(row);
  const events = eventsOf(lanes, group, item);
  const handler = HANDLERS[group.kind] ?? (({ entry }) => note('server', entry.kind));
  const isBand = lanes.isBand(group) && item < 0;
  const us = item < 0 ? group.us : events.entry.us;
  const shown = handler(events);
  const fold = isBand ? `, ${plural(group.count, 'entry').replace('entrys', 'entries')} folded, ` +
    `${group.isOpen ? 'open' : 'closed'}` : '';
  return {
    arrow: null, text: '', side: '', tag: '', connections: [], ...shown,
    group, item, us, isBand,
    isInBand: lanes.isBand(group) && item >= 0,
    spoken: `${(us / 1000).toFixed(1)} ms: ${shown.spoken}${fold}`,
  };
}
