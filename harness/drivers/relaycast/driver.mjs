// Drives the TypeScript SDK of Relaycast for gapcheck: commands come in, one JSON object a line,
// and what the application sees goes out the same way. A driver of another SDK may start from it.
//
//   node driver.mjs FOLDER      FOLDER/node_modules holds @relaycast/sdk and ws
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const folder = resolve(process.argv[2]);
const require = createRequire(join(folder, 'package.json'));
const versionOf = (name) => require(join(folder, 'node_modules', name, 'package.json')).version;

// The SDK takes the global WebSocket and fetch. Node 20 has no WebSocket, and no way to trust one
// more certificate.
const certificates = new Map(); // by host and port
globalThis.WebSocket = class extends require('ws').WebSocket {
  constructor(url) {
    super(url, { ca: certificates.get(new URL(url).host) });
    this.on('error', () => {}); // a browser's throws nothing where nobody listens (any longer)
  }
};
const fetchPlainly = globalThis.fetch;
globalThis.fetch = (url, init) => {
  const ca = certificates.get(new URL(url).host);
  return ca ? fetchOverTls(url, init, ca) : fetchPlainly(url, init);
};
const sdkModule = await import(pathToFileURL(require.resolve('@relaycast/sdk')));
const { WsClient, RelayCast, AgentClient } = sdkModule;

function fetchOverTls(url, { method, headers, body }, ca) {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, ca }, async (response) => {
      const parts = [];
      for await (const part of response) parts.push(part);
      resolve(new Response(Buffer.concat(parts), { status: response.statusCode }));
    }).on('error', reject).end(body);
  });
}

// ---- output: one write for all that happened in a turn of the event loop ----

let lines = [];

function flush() {
  if (lines.length > 0) process.stdout.write(lines.join(''));
  lines = [];
}

function say(line) {
  if (lines.length === 0) setImmediate(flush);
  lines.push(JSON.stringify(line) + '\n');
}

// ---- the application under test ----

const LIFECYCLE =
  ['open', 'close', 'error', 'reconnecting', 'permanently_disconnected', 'resynced'];
const applications = new Map(); // by the harness's `client`

function start({ client, base_url, token, channels, options }) {
  if (options.clock_skew_ms) shiftClock(options.clock_skew_ms);
  if (options.ca_file) certificates.set(new URL(base_url).host, readFileSync(options.ca_file));
  const delays = {
    reconnectBaseDelayMs: options.reconnect_base_ms,
    reconnectMaxDelayMs: options.reconnect_max_ms,
    reconnectJitter: options.reconnect_jitter,
    maxReconnectAttempts: options.max_reconnect_attempts,
  };
  const sdk = options.dialect === 'node' ? new NodeStream(base_url, token, delays)
    : new WsClient({ token, baseUrl: base_url, ...delays });
  const application = { sdk, channels: new Set(channels), slowMs: 0, throwsNext: false };
  applications.set(client, application);
  sdk.on('open', () => sdk.subscribe([...application.channels]));
  sdk.on('*', (data) => {
    tellLifecycle(client, data);
    if (LIFECYCLE.includes(data.type)) return; // had its own line
    say({ ev: 'event', client, type: data.type, data });
    if (application.slowMs > 0) block(application.slowMs);
    if (!application.throwsNext) return;
    application.throwsNext = false;
    throw new Error('thrown by the handler of gapcheck');
  });
  sdk.connect();
}

function tellLifecycle(client, { type: ev, attempt, replayed, gapDetected }) {
  if (LIFECYCLE.includes(ev))
    say({ ev, client, attempt, replayed, gap_detected: gapDetected }); // those that it has
}

// The agent-level client, whose handlers go with each `connect`, as the driver uses a WsClient. Its
// requests for a token follow the delays of the scenario too.
class NodeStream {
  handlers = [];

  constructor(baseUrl, token, delays) {
    const retryPolicy =
      { backoffMs: delays.reconnectBaseDelayMs, jitter: delays.reconnectJitter };
    this.agent = new RelayCast({ apiKey: token, baseUrl, retryPolicy }).as(token, { ws: delays });
  }

  on(type, handler) {
    const own = (data) => (type === '*' || data.type === type) && handler(data);
    this.handlers.push(own);
    if (this.isConnected) this.agent.on.any(own);
  }

  connect() {
    this.isConnected = true;
    this.agent.connect();
    for (const handler of this.handlers) this.agent.on.any(handler);
  }

  disconnect() {
    this.isConnected = false;
    return this.agent.disconnect();
  }

  async reconnect() { // as an application does that has no other way
    await this.disconnect();
    this.connect();
  }

  subscribe(channels) { this.agent.subscribe(channels); }

  unsubscribe(channels) { this.agent.unsubscribe(channels); }
}

function block(ms) { // the SDK waits for no handler: only this makes it slow
  flush();
  for (const end = performance.now() + ms; performance.now() < end;);
}

function shiftClock(skewMs) {
  const { now } = Date;
  Date.now = () => now() + skewMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, values, self) =>
      Reflect.construct(target, values.length > 0 ? values : [target.now()], self),
  });
}

// ---- input ----

const operations = {
  subscribe({ sdk, channels: mine }, { channels }) {
    for (const channel of channels) mine.add(channel);
    sdk.subscribe(channels);
  },
  unsubscribe({ sdk, channels: mine }, { channels }) {
    for (const channel of channels) mine.delete(channel);
    sdk.unsubscribe(channels);
  },
  reconnect: ({ sdk }) => sdk.reconnect(),
  slow: (application, { ms }) => { application.slowMs = ms; },
  throw(application, { client }) {
    application.throwsNext = true;
    application.second ??= application.sdk.on('*', (data) => LIFECYCLE.includes(data.type) ||
      say({ ev: 'event', client, type: data.type, data, handler: 2 }));
  },
  stop({ sdk }, { client }) {
    const leave = sdk.disconnect(); // a promise in the node stream, which takes leave by HTTP too
    if (leave) leave.finally(() => say({ ev: 'stopped', client }));
    else say({ ev: 'stopped', client });
  },
};

function handle(line) {
  const application = applications.get(line.client);
  if (line.op === 'start') start(line);
  else if (line.op === 'exit') leave();
  else if (!Object.hasOwn(operations, line.op)) say({ ev: 'error', message: `no op ${line.op}` });
  else if (!application) say({ ev: 'error', client: line.client, message: 'unknown client' });
  else operations[line.op](application, line);
}

function leave() {
  flush();
  process.exit(0);
}

const capabilities = ['multi', 'wildcard', 'subscribe', 'reconnect', 'throw', 'slow', 'clock_skew',
  'alone', 'backoff', ...LIFECYCLE.filter((name) => name !== 'error' && name !== 'resynced')];
if (WsClient.toString().includes('resynced')) capabilities.push('resynced'); // from 4.0.0 on
if (AgentClient?.toString().includes('/v1/node/ws')) capabilities.push('node'); // from 5.0 on
say({ ev: 'hello', protocol: 1, name: '@relaycast/sdk', version: versionOf('@relaycast/sdk'),
  capabilities, websocket: `ws ${versionOf('ws')}, supplied by the driver` });
createInterface({ input: process.stdin }).on('line', (text) => handle(JSON.parse(text)))
  .on('close', leave);
