// Plays a scenario of `gapcheck serve` in Chromium, driven by serve_page_test.c: one tab looks on,
// another is the client under test, with the browser's own WebSocket and on another origin.
//
//   node serve_check.mjs PLAYWRIGHT_FOLDER SHOTS_FOLDER CLIENT LOOK_ADDRESS STREAM EVENTS_ADDRESS
//
// CLIENT is good, bad (it sends no `since`) or silent (good, but it posts no lines).
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [playwrightFolder, shots, kind, look, stream, events] = process.argv.slice(2);
const { chromium } = createRequire(resolve(playwrightFolder, 'package.json'))('playwright-core');
const troubles = [];
const shot = `serve-${kind}${look.startsWith('https:') ? '-tls' : ''}`;

/** The client under test. It runs in the page, so it sees nothing of this file. */
function runClient({ kind, stream, events }) {
  const LIMIT = 3000;
  const say = [];
  const ids = new Set();
  let lastSeq = null;
  let since = null;
  let isStopped = false;
  let client = 'c1';
  let socket = null;

  const tell = (line) => { if (kind !== 'silent') say.push(JSON.stringify(line)); };

  const dispatch = (frame) => {
    const { id, type, agent_seq: seq, replayed, ...data } = frame;
    if (typeof seq === 'number') lastSeq = Math.max(lastSeq ?? 0, seq);
    if (id) {
      if (ids.has(`${type} ${id}`)) return;
      ids.add(`${type} ${id}`);
      if (ids.size > LIMIT) ids.delete(ids.values().next().value);
    }
    // A minute early: rows have whole seconds, and the clocks may differ.
    if (!replayed) since = new Date(Date.now() - 60000).toISOString();
    tell({ ev: 'event', client, type, data: { id, ...data } });
  };

  const onFrame = (frame) => {
    if (frame.type === 'pong') return;
    if (frame.type === 'resync_ack')
      tell({ ev: 'resynced', client, replayed: frame.replayed, gap_detected: frame.gap_detected });
    else dispatch(frame);
  };

  const connect = (channels) => {
    socket = new WebSocket(`${stream}?token=gapcheck-token`);
    socket.onopen = () => {
      tell({ ev: 'open', client });
      socket.send(JSON.stringify({ type: 'subscribe', channels }));
      if (lastSeq === null) return;
      const resync = { type: 'resync', last_seen_seq: lastSeq };
      socket.send(JSON.stringify(kind === 'bad' ? resync : { ...resync, since }));
    };
    socket.onmessage = ({ data }) => onFrame(JSON.parse(data));
    socket.onclose = () => {
      tell({ ev: 'close', client });
      const again = () => (globalThis.mayReconnect ? connect(channels) : setTimeout(again, 20));
      if (!isStopped) setTimeout(again, 20);
    };
    socket.onerror = () => {};
  };

  const obey = ({ op, client: asked, channels }) => {
    if (op === 'start') {
      client = asked;
      connect(channels);
    } else if (op === 'stop') {
      isStopped = true;
      socket.close();
      tell({ ev: 'stopped', client });
    } else tell({ ev: 'error', client: asked, message: `no ${op}` });
  };

  const post = async () => {
    const body = say.splice(0).join('\n');
    const answer = await fetch(events, { method: 'POST', body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
    for (const line of text.split('\n')) if (line) obey(JSON.parse(line));
    setTimeout(keepPosting, 20);
  };

  /** Until gapcheck has ended. */
  const keepPosting = () => post().catch(() => { isStopped = true; });

  if (kind === 'silent') connect(['general']);
  else {
    tell({
      ev: 'hello', protocol: 1, name: 'a page', version: '1.0',
      capabilities: ['open', 'close', 'resynced', 'wildcard'],
    });
    keepPosting();
  }
}

/** Where the client's page comes from: another origin than gapcheck's. */
const origin = createServer((request, answer) => {
  answer.setHeader('content-type', 'text/html');
  answer.end('<link rel="icon" href="data:,"><title>the client</title>');
});
await new Promise((done) => { origin.listen(0, '127.0.0.1', done); });

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});
try {
  // Over TLS the certificate is made for this one scenario: a person would click it away.
  const ignoreHTTPSErrors = look.startsWith('https:');
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ignoreHTTPSErrors });
  page.setDefaultTimeout(30000);
  page.on('console', (message) => troubles.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => troubles.push(`exception: ${error.message}`));
  await page.goto(look);
  assert.match(await page.innerText('#status'), /Waiting for a client/);

  const other = await browser.newPage({ ignoreHTTPSErrors });
  other.on('pageerror', (error) => troubles.push(`exception of the client: ${error.message}`));
  await other.goto(`http://127.0.0.1:${origin.address().port}/`);
  await other.evaluate(runClient, { kind, stream, events });

  // Live: the page shows how far it is while the server waits for the client to come back.
  await page.waitForSelector('.row[aria-label*="step 6, accept, begins"]', { state: 'attached' });
  assert.equal(await page.locator('#status .badge').count(), 0);
  await other.evaluate(() => { globalThis.mayReconnect = true; });
  await page.waitForSelector('#status .badge');
  const verdict = await page.innerText('#status .badge');
  const spoken = await page.locator('.drawing .row').evaluateAll((rows) =>
    rows.map((row) => row.getAttribute('aria-label')).join('\n'));
  assert.match(spoken, /the client sends resync {2}last_seen_seq 5/);
  assert.match(spoken, /connection 2 is open/);
  // It has followed to the end, and every fence was sent to somebody.
  assert.match(spoken, /the scenario ends: complete/);
  assert.doesNotMatch(spoken, /fence[^\n]* while nobody is connected/);
  if (kind !== 'silent') assert.match(spoken, /the application gets/);
  assert.match(await page.innerText('h1'), /same-second/);
  assert.match(await page.innerText('#counts'), /2 connections, \d+ published/);
  assert.match(verdict, kind === 'bad' ? /fail/ : /pass/);
  const findings = await page.locator('#findings .finding').allInnerTexts();
  if (kind === 'bad') assert.match(findings.join('\n'), /C-5/);
  else assert.deepEqual(findings, []);
  await page.screenshot({ path: join(shots, `${shot}.png`) });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.screenshot({ path: join(shots, `${shot}-phone.png`) });
  assert.deepEqual(troubles, []);
} catch (error) {
  console.error(`${kind}: ${error.stack}\n${troubles.join('\n')}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  origin.close();
}
