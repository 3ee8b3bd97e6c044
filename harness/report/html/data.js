// The data that the page carries: results as they are, transcripts deflated and in base64.

/** What `gapcheck report` put into the page (report/html.c). */
export const readData = (element) => JSON.parse(element.textContent);

async function unpack(packed) {
  const binary = atob(packed);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).text();
}

/** The lines of a transcript; `problem` says where it breaks off, if it does. */
export function parseTranscript(text) {
  const entries = [];
  let problem = null;
  let start = 0;
  let header = null;
  for (let line = 1; start < text.length; line++) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    let value = null;
    try {
      value = JSON.parse(text.slice(start, end));
    } catch {
      value = null;
    }
    if (value === null || typeof value !== 'object' || (header && !Number.isFinite(value.us))) {
      problem = `Line ${line} of the transcript is damaged: what follows it is not shown.`;
      break;
    }
    if (header) entries.push(value);
    else header = value;
    start = end + 1;
  }
  return { header: header ?? {}, entries, problem };
}

/** The transcript of one scenario of a run, or null if it was not played. */
export async function loadTranscript(run, index) {
  const stored = run.transcripts[index];
  if (!stored) return null;
  if (stored.problem) return { header: {}, entries: [], steps: [], problem: stored.problem };
  if (typeof DecompressionStream === 'undefined') {
    const problem = 'This browser cannot unpack the transcript (no DecompressionStream): open the' +
      ' page in a newer one, or read the file beside it.';
    return { header: {}, entries: [], steps: [], problem };
  }
  return { ...parseTranscript(await unpack(stored.packed)), steps: stored.steps };
}
