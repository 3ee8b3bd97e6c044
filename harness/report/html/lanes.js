// What is drawn of a transcript, without a browser: entries go in (all at once, or as they come),
// rows come out. Equal entries that follow one another are one group: a few are a row each, more
// are one band that opens. Nothing is made per event until it is seen, so that 100,000 cost little.

/** So many equal entries are a band. */
export const FOLD_COUNT_MIN = 4;

/** How many connections lie side by side before they share a place. */
const COLUMN_COUNT_MAX = 6;

/** What an event came to: 'lost' (owed), 'unrecoverable' (owed to nobody) or '' (all others). */
function makeMissed(ranges) {
  const sorted = [...ranges].sort((a, b) => a.marker - b.marker);
  return {
    /** The pieces of `count` events from `marker` on, each with one fate. */
    split(marker, count) {
      const pieces = [];
      let at = marker;
      const end = marker + count;
      const add = (to, fate) => {
        if (to > at) pieces.push({ marker: at, count: to - at, fate });
        at = Math.max(at, to);
      };
      let low = 0;
      for (let high = sorted.length; low < high;) {
        const middle = (low + high) >> 1;
        if (sorted[middle].marker + sorted[middle].count <= marker) low = middle + 1;
        else high = middle;
      }
      for (; low < sorted.length && sorted[low].marker < end; low++) {
        const { marker: first, count: size, rule } = sorted[low];
        add(Math.min(first, end), '');
        add(Math.min(first + size, end), rule === null ? 'unrecoverable' : 'lost');
      }
      add(end, '');
      return pieces;
    },
  };
}

/** Knows every published event: whether it is a fence, and which markers are the same event. */
function makeEvents() {
  const fences = new Set();
  const identities = new Map(); // marker → what the application takes it for
  const firstOf = new Map();
  const dispatched = new Set();
  return {
    publish(entry) {
      if (entry.fence) fences.add(entry.marker);
      const isOwnId = entry.no_id || !entry.id_marker || entry.id_marker === entry.marker;
      if (isOwnId && entry.marker === entry.id_marker) {
        firstOf.set(entry.marker, entry);
      } else if (!isOwnId) {
        identities.set(entry.marker, `${entry.id_marker} ${entry.type}`);
        const first = firstOf.get(entry.id_marker);
        if (first) identities.set(entry.id_marker, `${entry.id_marker} ${first.type}`);
      }
    },
    isFence: (marker) => fences.has(marker),
    /** Whether the application had the event already. Only the first handler counts. */
    dispatch(entry) {
      if (!entry.marker || (entry.handler ?? 1) !== 1) return false;
      const identity = identities.get(entry.marker) ?? entry.marker;
      const isAgain = dispatched.has(identity) || dispatched.has(entry.marker);
      dispatched.add(identity).add(entry.marker);
      return isAgain;
    },
  };
}

/** What a finding is most likely about: the less, the more telling. */
function tellingOf(group) {
  if (group.pieces[0].isAgain || group.entry.type === 'resync') return 0;
  const order = ['violation', 'step-end', 'fault', 'frame-in', 'ws-in', 'connect', 'resynced'];
  const at = order.indexOf(group.kind);
  return at < 0 ? order.length : at;
}

/** What must be alike in entries of a kind that follow one another, for them to be one group. All
 *  other kinds are always a row of their own. */
const ALIKE = {
  publish: ['step', 'type', 'live'],
  sent: ['step', 'connection', 'from'],
  dispatch: ['step', 'type', 'handler', 'mangled'],
  late: ['step'],
  log: ['step'],
  'ws-out': ['step', 'connection', 'opcode', 'code'],
  'ws-in': ['step', 'connection', 'opcode', 'code'],
  'frame-in': ['step', 'connection', 'type', 'text'],
  'frame-out': ['step', 'connection', 'type', 'text'],
};

function continues(group, entry, piece) {
  const names = group?.kind === entry.kind ? ALIKE[entry.kind] : undefined;
  if (!names || !names.every((name) => group.entry[name] === entry[name])) return false;
  const [first] = group.pieces;
  return first.fate === piece.fate && first.isFence === piece.isFence &&
    first.isAgain === piece.isAgain && first.sent.length === piece.sent.length &&
    first.sent.every((connection, index) => connection === piece.sent[index]);
}

/**
 * The drawing of one transcript. `missed` are the ranges of results.json, as far as they are known.
 */
export function createLanes({ missed = [] } = {}) {
  const fates = makeMissed(missed);
  const events = makeEvents();
  const groups = [];
  const connections = [];
  const starts = [0]; // row at which each group begins; one more: how many rows there are
  let startsKnown = 0; // groups whose start is right
  let pending = null; // a `publish` that waits for its `sent`

  const rowCountOf = (group) => {
    if (group.count < FOLD_COUNT_MIN) return group.count;
    return group.isOpen ? group.count + 1 : 1;
  };

  const updateStarts = () => {
    for (; startsKnown < groups.length; startsKnown++)
      starts[startsKnown + 1] = starts[startsKnown] + rowCountOf(groups[startsKnown]);
    starts.length = groups.length + 1;
  };

  const place = (entry, piece) => {
    const last = groups.at(-1);
    if (continues(last, entry, piece)) {
      last.ends.push(last.count + piece.count);
      last.pieces.push(piece);
      last.count += piece.count;
      last.endUs = entry.us;
      startsKnown = Math.min(startsKnown, groups.length - 1);
      return;
    }
    groups.push({
      kind: entry.kind, entry, pieces: [piece], ends: [piece.count], count: piece.count,
      us: entry.us, endUs: entry.us, isOpen: false, index: groups.length,
    });
  };

  const makePiece = (entry, more) => ({
    entry, marker: entry.marker, seq: entry.agent_seq, count: 1, fate: '', isFence: false,
    isAgain: false, sent: [], ...more,
  });

  const placeEvents = (entry, sent) => {
    for (const { marker, count, fate } of fates.split(entry.marker, entry.count ?? 1)) {
      const seq = entry.agent_seq === undefined ? undefined
        : entry.agent_seq + marker - entry.marker;
      place(entry, makePiece(entry, {
        marker, count, fate, seq, sent, isFence: events.isFence(marker),
      }));
    }
  };

  const flush = () => {
    if (pending) placeEvents(pending.entry, pending.sent);
    pending = null;
  };

  /** Whether `entry` says to whom the pending `publish` went. */
  const completesPending = (entry) => pending && entry.kind === 'sent' && entry.from === 'live' &&
    entry.marker === pending.entry.marker && entry.count === pending.entry.count &&
    entry.step === pending.entry.step;

  const openConnection = (entry) => {
    const taken = new Set(connections.filter((one) => one.end === null).map((one) => one.column));
    let column = 0;
    while (taken.has(column) && column < COLUMN_COUNT_MAX - 1) column++;
    connections.push({
      number: entry.connection, column, begin: groups.length - 1, open: null, drop: null, end: null,
      isRefused: false,
    });
  };

  const follow = (entry) => {
    if (entry.kind === 'connect') {
      openConnection(entry);
      return;
    }
    if (!['open', 'refused', 'drop', 'end'].includes(entry.kind)) return;
    const connection = connections.findLast((one) => one.number === entry.connection);
    if (!connection) return;
    const index = groups.length - 1;
    if (entry.kind === 'open') connection.open = index;
    if (entry.kind === 'refused') connection.isRefused = true;
    if (entry.kind === 'drop') connection.drop ??= index;
    if (entry.kind === 'end') connection.end = index;
  };

  const appendOne = (entry) => {
    if (completesPending(entry)) {
      pending.sent.push(entry.connection);
      return;
    }
    flush();
    if (entry.kind === 'step-end' && entry.result === 'done') return;
    if (entry.kind === 'read' || entry.op_number !== undefined) return; // only the judge asks
    if (entry.kind === 'publish') {
      events.publish(entry);
      pending = { entry, sent: [] };
    } else if (entry.kind === 'sent') {
      placeEvents(entry, []);
    } else if (entry.kind === 'dispatch') {
      place(entry, makePiece(entry, {
        isFence: events.isFence(entry.marker), isAgain: events.dispatch(entry),
      }));
    } else {
      place(entry, makePiece(entry));
      follow(entry);
    }
  };

  const groupAt = (row) => {
    let low = 0;
    for (let high = groups.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= row) low = middle;
      else high = middle - 1;
    }
    return groups[low];
  };

  return {
    groups,
    connections,

    /** Adds entries of the transcript, in its order. */
    append(entries) {
      for (const entry of entries) appendOne(entry);
    },

    /** Shows what was held back because more about it may follow: after the last entry. */
    flush,

    get rowCount() {
      updateStarts();
      return starts[groups.length];
    },

    /** `{ group, item }`; item -1 is the band itself, else the event (from 0). */
    rowAt(row) {
      updateStarts();
      const group = groupAt(row);
      const offset = row - starts[group.index];
      return { group, item: group.count < FOLD_COUNT_MIN ? offset : offset - 1 };
    },

    /** The first row of a group. */
    rowOf(group) {
      updateStarts();
      return starts[group.index];
    },

    isBand: (group) => group.count >= FOLD_COUNT_MIN,

    /** Opens a band or closes it. */
    toggle(group) {
      if (group.count < FOLD_COUNT_MIN) return;
      group.isOpen = !group.isOpen;
      startsKnown = Math.min(startsKnown, group.index);
    },

    /** One event of a group: its entry, marker and number. */
    itemOf(group, item) {
      let low = 0;
      for (let high = group.ends.length - 1; low < high;) {
        const middle = (low + high) >> 1;
        if (group.ends[middle] <= item) low = middle + 1;
        else high = middle;
      }
      const piece = group.pieces[low];
      const offset = item - (group.ends[low] - piece.count);
      return {
        piece, entry: piece.entry,
        marker: piece.marker === undefined ? undefined : piece.marker + offset,
        seq: piece.seq === undefined ? undefined : piece.seq + offset,
      };
    },

    /** The group that a finding speaks of: it knows the step and the time, cut to a tenth of a
     *  millisecond. Of several at that time it is the most telling one; null if there is none. */
    find(step, us) {
      let found = null;
      for (const group of groups) {
        if ((group.entry.step ?? 0) !== step || group.kind === 'step') continue;
        if (group.endUs < us || group.us >= us + 100) continue;
        if (!found || tellingOf(group) < tellingOf(found)) found = group;
      }
      return found;
    },

    /** The group where a step begins, or null. */
    findStep: (step) =>
      groups.find((group) => group.kind === 'step' && group.entry.step === step) ?? null,
  };
}
