import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

// ---- the client under test; yours comes from its package ----

class Client extends EventEmitter {
  constructor(url, options) {
    super();
    Object.assign(this, { url, options, failures: 0, isStopped: false });
    this.ca = options.ca_file && readFileSync(options.ca_file);
  }
  connect() {
    this.socket = new WebSocket(this.url, { ca: this.ca });
    this.socket.on('open', () => {
      this.emit('open'); // the application subscribes here
      if (this.lastSeq !== undefined)
        this.send({ type: 'resync', last_seen_seq: this.lastSeq,
          since: new Date(this.lastTime - 65_000).toISOString() });
    });
    this.socket.on('message', (text) => this.receive(String(text)));
    this.socket.on('error', () => {}); // `close` follows
    this.socket.on('close', () => this.lost());
  }
  receive(text) {
    let event;
    try { event = JSON.parse(text); } catch { return; }
    if (typeof event?.type !== 'string' || event.type === 'pong') return;
    if (event.type === 'resync_ack') {
      const { replayed, gap_detected } = event;
      if (Number.isFinite(replayed) && typeof gap_detected === 'boolean')
        this.emit('resynced', { replayed, gap_detected });
      return;
    }
    this.failures = 0;
    this.lastTime = Date.now();
    if (Number.isFinite(event.agent_seq)) this.lastSeq = event.agent_seq;
    this.emit('event', event);
  }
  lost() {
    this.emit('close');
    if (this.isStopped) return;
    const { reconnect_base_ms, reconnect_max_ms, max_reconnect_attempts } = this.options;
    if (++this.failures > (max_reconnect_attempts ?? Infinity)) {
      this.emit('permanently_disconnected', { attempt: this.failures - 1 });
      return;
    }
    this.emit('reconnecting', { attempt: this.failures });
    const delayMs = Math.min(reconnect_base_ms * 2 ** (this.failures - 1), reconnect_max_ms);
    this.timer = setTimeout(() => this.connect(), delayMs);
  }
  send(frame) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
  disconnect() {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.socket.removeAllListeners('message').close();
  }
}

// ---- the driver ----

const LIFECYCLE = ['open', 'close', 'reconnecting', 'permanently_disconnected', 'resynced'];
const applications = new Map(); // by the harness's `client`

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

const operations = {
  subscribe({ sdk, mine }, { channels }) {
    for (const channel of channels) mine.add(channel);
    sdk.send({ type: 'subscribe', channels });
  },
  unsubscribe({ sdk, mine }, { channels }) {
    for (const channel of channels) mine.delete(channel);
    sdk.send({ type: 'unsubscribe', channels });
  },
  stop({ sdk }, { client }) {
    sdk.disconnect();
    say({ ev: 'stopped', client });
  },
};

function start({ client, url, token, channels, options }) {
  const sdk = new Client(`${url}?token=${encodeURIComponent(token)}`, options);
  const mine = new Set(channels);
  applications.set(client, { sdk, mine });
  for (const ev of LIFECYCLE) sdk.on(ev, (fields) => say({ ev, client, ...fields }));
  sdk.on('open', () => sdk.send({ type: 'subscribe', channels: [...mine] }));
  sdk.on('event', (data) => say({ ev: 'event', client, type: data.type, data }));
  sdk.connect();
}

function handle(line) {
  const { op, client } = line;
  if (op === 'start') start(line);
  else if (op === 'exit') process.exit(0);
  else if (!Object.hasOwn(operations, op)) say({ ev: 'error', client, message: `no op ${op}` });
  else if (!applications.has(client)) say({ ev: 'error', client, message: 'unknown client' });
  else operations[op](applications.get(client), line);
}

say({ ev: 'hello', protocol: 1, name: 'example-javascript', version: '1.0.0',
  capabilities: ['multi', 'wildcard', 'subscribe', 'backoff', ...LIFECYCLE] });
createInterface({ input: process.stdin }).on('line', (text) => handle(JSON.parse(text)))
  .on('close', () => process.exit(0));
