// The modules of the page that need no browser: node html_check.mjs, driven by html_modules_test.c.
import assert from 'node:assert/strict';
import test from 'node:test';

import { parseTranscript, loadTranscript } from './html/data.js';
import { NO_FILTER, formatAddress, matchesFilter, parseAddress } from './html/filter.js';
import { FOLD_COUNT_MIN, createLanes } from './html/lanes.js';
import { describeRow } from './html/rows.js';
import { makeStepTexts, splitSource, stepAt } from './html/source.js';

const publish = (marker, count = 1, more = {}) => ({
  us: marker * 10, kind: 'publish', step: 2, type: 'message.created', marker, count,
  agent_seq: marker, id_marker: marker, live: true, ...more,
});
const sent = (marker, count = 1, from = 'live', connection = 1) => ({
  us: marker * 10, kind: 'sent', step: 2, connection, from, marker, count, agent_seq: marker,
});
const dispatch = (marker, more = {}) => ({
  us: 9000 + marker, kind: 'dispatch', step: 2, type: 'message.created', marker, handler: 1,
  ...more,
});
const lanesOf = (entries, missed = []) => {
  const lanes = createLanes({ missed });
  lanes.append(entries);
  lanes.flush();
  return lanes;
};
const rowsOf = (lanes) => Array.from({ length: lanes.rowCount }, (unused, row) =>
  describeRow(lanes, row));

/* ---- lanes ---- */

test('700 equal events are one band that opens and closes', () => {
  const entries = [];
  for (let marker = 1; marker <= 700; marker++) entries.push(publish(marker), sent(marker));
  const lanes = lanesOf(entries);
  assert.equal(lanes.rowCount, 1);
  const [band] = rowsOf(lanes);
  assert.equal(band.isBand, true);
  assert.match(band.text, /^700 × message\.created {2}gc-1 … gc-700 {2}seq 1–700$/);
  lanes.toggle(band.group);
  assert.equal(lanes.rowCount, 701);
  assert.match(describeRow(lanes, 700).text, /gc-700 {2}seq 700$/);
  lanes.toggle(band.group);
  assert.equal(lanes.rowCount, 1);
});

test('an entry that stands for many is told event by event', () => {
  const lanes = lanesOf([publish(1, 500), sent(1, 500)]);
  lanes.toggle(lanes.groups[0]);
  for (const item of [0, 1, 250, 499])
    assert.equal(lanes.itemOf(lanes.groups[0], item).marker, item + 1);
});

test('few equal events are rows of their own', () => {
  const entries = [];
  for (let marker = 1; marker < FOLD_COUNT_MIN; marker++) entries.push(publish(marker));
  assert.equal(lanesOf(entries).rowCount, FOLD_COUNT_MIN - 1);
});

test('what is appended later looks as if it had been there from the start', () => {
  const entries = [];
  for (let marker = 1; marker <= 50; marker++)
    entries.push(publish(marker), sent(marker), ...(marker % 7 ? [] : [dispatch(marker)]));
  const whole = lanesOf(entries);
  const grown = createLanes();
  for (const entry of entries) {
    grown.append([entry]);
    assert.ok(grown.rowCount >= 0);
  }
  grown.flush();
  assert.deepEqual(rowsOf(grown).map(({ spoken }) => spoken),
    rowsOf(whole).map(({ spoken }) => spoken));
});

test('lost and unrecoverable events stand apart, on the lane of the server', () => {
  const lanes = lanesOf([publish(1, 60)], [{ marker: 7, count: 40, rule: 'C-5' },
    { marker: 50, count: 5, rule: null }]);
  const rows = rowsOf(lanes);
  assert.deepEqual(rows.map(({ group }) => [group.count, group.pieces[0].fate]),
    [[6, ''], [40, 'lost'], [3, ''], [3, ''], [3, ''], [5, 'unrecoverable'], [6, '']]);
  assert.deepEqual(rows[1].marks, [{ lane: 'server', shape: 'open' }]);
  assert.match(rows[1].spoken, /lost: the application never got it/);
});

test('a replay of the ring, of the database and a live event are told apart', () => {
  const styles = ['live', 'ring', 'row', 'again'].map((from) =>
    rowsOf(lanesOf([sent(1, 1, from)]))[0]);
  assert.equal(new Set(styles.map(({ arrow }) => arrow.style)).size, 4);
  assert.deepEqual(styles.map(({ tag }) => tag), ['', 'ring', 'DB', 'again']);
});

test('the node stream says what it asks, delivers and acknowledges', () => {
  const rows = rowsOf(lanesOf([
    { us: 1, kind: 'http', connection: 1, how: 'answered', status: 200,
      request: 'POST /v1/agent/node-token' },
    { us: 2, kind: 'replay', connection: 2, last_seen_seq: 0, current_seq: 3, ring_count: 3 },
    publish(1, 1, { live: undefined }), sent(1, 1, 'queue', 2),
    { us: 30, kind: 'frame-in', connection: 2, type: 'delivery.ack', up_to_seq: 1 },
    { us: 31, kind: 'op', op: 'unsubscribe', op_number: 1 }, { us: 32, kind: 'read', op_number: 1 },
  ]));
  assert.deepEqual(rows.map(({ text }) => text), ['POST /v1/agent/node-token  answered 200',
    'delivers 3 of the queue', 'message.created  gc-1  seq 1  (to nobody)', 'event  gc-1  seq 1',
    'delivery.ack  up to 1']);
  assert.match(rows[3].spoken, /delivers from the queue/);
});

test('a further dispatch is marked, one of another id under the same type too', () => {
  const rows = rowsOf(lanesOf([publish(1), publish(2, 1, { id_marker: 1 }), dispatch(1),
    dispatch(2), dispatch(1)])).filter(({ group }) => group.kind === 'dispatch');
  assert.deepEqual(rows.map(({ marks }) => marks[0].shape), ['dot', 'twice', 'twice']);
});

test('the second handler makes no duplicate, another type with the same id neither', () => {
  const rows = rowsOf(lanesOf([publish(1), publish(2, 1, { id_marker: 1, type: 'thread.reply' }),
    dispatch(1), dispatch(1, { handler: 2 }), dispatch(2, { type: 'thread.reply' })]))
    .filter(({ group }) => group.kind === 'dispatch');
  assert.deepEqual(rows.map(({ marks }) => marks[0].shape), ['dot', 'dot', 'dot']);
});

test('connections begin, open and end where the transcript says so', () => {
  const at = (kind, connection, more = {}) => ({ us: 0, kind, step: 1, connection, ...more });
  const { connections } = lanesOf([at('connect', 1), at('open', 1), at('connect', 2),
    at('drop', 1, { how: 'reset' }), at('end', 1), at('connect', 3), at('refused', 3)]);
  assert.deepEqual(connections.map(({ begin, open, drop, end, column }) =>
    [begin, open, drop, end, column]),
  [[0, 1, 3, 4, 0], [2, null, null, null, 1], [5, null, null, null, 0]]);
});

test('a finding points at the resync of its moment', () => {
  const lanes = lanesOf([{ us: 100, kind: 'step', step: 7, verb: 'settle' },
    { us: 379010, kind: 'frame-in', step: 7, connection: 2, type: 'subscribe' },
    { us: 379010, kind: 'frame-in', step: 7, connection: 2, type: 'resync', last_seen_seq: 5 },
    { us: 379010, kind: 'replay', step: 7, connection: 2 }]);
  assert.equal(lanes.find(7, 379000).entry.type, 'resync');
  assert.equal(lanes.find(8, 379000), null);
});

test('every kind of entry, empty or strange, has a row and words', () => {
  const kinds = ['step', 'step-end', 'connect', 'request', 'open', 'refused', 'publish', 'sent',
    'frame-out', 'replay', 'ack', 'ws-out', 'frame-in', 'ws-in', 'violation', 'drop', 'end',
    'restart', 'clock', 'op', 'dispatch', 'resynced', 'lifecycle', 'log', 'late', 'fault', 'done',
    'of-tomorrow', undefined];
  for (const kind of kinds) {
    for (const more of [{}, { marker: 1, count: 1, text: '', type: '', server_clock_ms: 1e300 }]) {
      const lanes = lanesOf([{ us: 5, kind, ...more }]);
      for (const row of rowsOf(lanes)) assert.equal(typeof row.spoken, 'string', kind);
    }
  }
});

test('200,000 entries are laid out within seconds, and a row of them at once', () => {
  const entries = [];
  for (let marker = 1; marker <= 100000; marker++) entries.push(publish(marker), dispatch(marker));
  const begin = performance.now();
  const lanes = lanesOf(entries);
  assert.equal(lanes.rowCount, 200000);
  assert.ok(performance.now() - begin < 5000);
  const middle = performance.now();
  for (let row = 0; row < 1000; row++) describeRow(lanes, row * 199);
  assert.ok(performance.now() - middle < 500);
});

/* ---- address and filter ---- */

test('an address comes back from its text as it was', () => {
  const filter = { verdicts: ['fail', 'warn'], rule: 'C-5', tag: 'a&b', text: 'x=ä #%?/ ' };
  for (const view of ['overview', 'scenario', 'mutants', 'compare']) {
    const address = { view, name: view === 'scenario' ? 'a/b[1,x]' : '', filter };
    assert.deepEqual(parseAddress(formatAddress(address)), address);
  }
});

test('an address that makes no sense shows everything', () => {
  for (const hash of ['', '#', '#/', '#/nowhere', '#/%E0%A4%A', '#?x=1', '#/../..'])
    assert.deepEqual(parseAddress(hash).filter, NO_FILTER, hash);
  assert.equal(parseAddress('#/scenario/%E0%A4%A').name, '');
});

test('filters: verdict, rule, tag, and every word of the text', () => {
  const scenario = {
    name: 'overflow/same-second', title: 'All missed', verdict: 'fail', tags: ['db'],
    rules: { 'C-5': 'fail' }, findings: [{ rule: 'C-5', message: 'lost', cause: 'Rows cut' }],
  };
  const is = (filter) => matchesFilter(scenario, { ...NO_FILTER, ...filter });
  assert.ok(is({}) && is({ verdicts: ['warn', 'fail'] }));
  assert.ok(is({ rule: 'C-5' }) && is({ tag: 'db' }));
  assert.ok(is({ text: 'ROWS overflow' }));
  assert.ok(!is({ verdicts: ['pass'] }) && !is({ rule: 'C-4' }) && !is({ tag: 'd' }));
  assert.ok(!is({ text: 'rows absent' }));
});

/* ---- source and transcript ---- */

const SOURCE = '{ // {"x"}\n  "steps": [\n    { "accept": {} }, { "publish": {\n' +
  '      "count": 3 /* } */\n    } },\n    { "send": { "text": "}\\"]" } }\n  ]\n}\n';

test('the pieces of a scenario file are the whole file', () => {
  for (const text of [SOURCE, '', '"', '/*', '"\\', '//', '\u{1F600}"é'])
    assert.equal(splitSource(text).map(([, piece]) => piece).join(''), text);
});

test('a step is found to its closing bracket, comments and strings aside', () => {
  assert.deepEqual(stepAt(SOURCE, 3, 23).lastLine, 5);
  const texts = makeStepTexts(SOURCE, [3, 5, 3, 23, 6, 5]);
  assert.equal(texts(1), '');
  assert.equal(texts(2), '{ "count": 3 }');
  assert.equal(texts(3), '{ "text": "}\\"]" }');
  assert.equal(texts(4), '');
  assert.equal(makeStepTexts(SOURCE, [99, 1])(1), '');
});

test('a damaged transcript is shown as far as it goes, and told', () => {
  const { entries, problem } = parseTranscript('{"source":"x"}\n{"us":1,"kind":"connect"}\n{"us":');
  assert.equal(entries.length, 1);
  assert.match(problem, /Line 3 /);
  for (const line of ['null', '5', '[]', '{"kind":"x"}', '{"us":"x"}'])
    assert.match(parseTranscript(`{}\n${line}\n`).problem, /Line 2 /);
});

test('a scenario without transcript has none, one that cannot be read says why', async () => {
  assert.equal(await loadTranscript({ transcripts: [null] }, 0), null);
  const { problem, entries } = await loadTranscript({ transcripts: [{ problem: 'gone' }] }, 0);
  assert.equal(problem, 'gone');
  assert.deepEqual(entries, []);
});
