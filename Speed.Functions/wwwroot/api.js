// What this page asks of SPEED. Every failure comes as a Problem whose message is a sentence for the reader.

export class Problem extends Error {
  /** @param {number} status 0 where there was no answer at all. */
  constructor(status, message, errors = []) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

// SPEED's root, whatever path a proxy puts it under.
const root = new URL('..', import.meta.url);

// An answer that takes longer than this does not come any more.
const patienceMs = 30_000;

let whenSignedOut = () => {};

/** The address of a path of SPEED's, such as `/v1/queue`. */
export function at(path) {
  return new URL(path.slice(1), root).href;
}

/** Calls `then` whenever SPEED asks for a token. */
export function onSignedOut(then) {
  whenSignedOut = then;
}

/** Asks and gives the JSON of the answer; null where it has none. Throws a Problem. */
export async function ask(method, path, body, headers = {}) {
  const answer = await fetch(at(path), {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: 'no-store',
    signal: AbortSignal.timeout(patienceMs),
  }).catch(() => {
    throw new Problem(0, `SPEED does not answer at ${root.href}. Is it running?`);
  });
  const isJson = /json/.test(answer.headers.get('Content-Type') ?? '');
  const content = isJson ? await answer.json().catch(() => undefined) : null;
  if (answer.ok && content !== undefined) {
    return content;
  }
  if (answer.ok) {
    throw new Problem(0, 'The answer of SPEED was cut off on its way.');
  }
  const isSigningIn = method === 'POST' && path === '/v1/session';
  if (answer.status === 401 && !isSigningIn) {
    whenSignedOut();
  }
  throw new Problem(
    answer.status,
    content?.detail ?? content?.error ?? `SPEED answered ${answer.status}.`,
    content?.errors ?? [],
  );
}

/** A query string of those members that have a value, with its question mark. */
export function query(members) {
  const given = Object.entries(members).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

/** A key for a request that may be sent twice and must be done once. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
