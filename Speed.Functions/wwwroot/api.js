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

// What SPEED told this page when somebody signed in. The cookie is good with it alone, for browsers send cookies to every
// port of a host, and one of those may be a service's; what an origin keeps no other one reads.
const sessionKey = 'speed-session';

let whenSignedOut = () => {};

// The address of a path such as `/v1/queue`.
function at(path) {
  return new URL(path.slice(1), root).href;
}

/** Calls `then` whenever SPEED asks for a token. */
export function onSignedOut(then) {
  whenSignedOut = then;
}

/** Signs in with a key. Throws a Problem. */
export async function signIn(token) {
  const { session } = await ask('POST', '/v1/session', { token });
  if (session) {
    localStorage.setItem(sessionKey, session);
  }
}

/** Signs out. Throws a Problem. */
export async function signOut() {
  await ask('DELETE', '/v1/session');
  localStorage.removeItem(sessionKey);
}

/** Gives the answer as it begins: for what is long, or goes on. Throws a Problem where there is none, or a refusal. */
export async function fetchOpen(path, signal) {
  const answer = await send('GET', path, { signal });
  if (answer.status === 401) {
    whenSignedOut();
  }
  if (!answer.ok) {
    throw problemOf(answer, await answer.json().catch(() => null));
  }
  return answer;
}

/** Asks and gives the JSON of the answer; null where it has none. Throws a Problem. */
export async function ask(method, path, body, headers = {}) {
  const answer = await send(method, path, {
    headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(patienceMs),
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
  throw problemOf(answer, content);
}

// Every request goes out here, and with what the page keeps.
function send(method, path, { headers = {}, ...rest }) {
  const session = localStorage.getItem(sessionKey);
  return fetch(at(path), {
    ...rest,
    method,
    headers: session ? { ...headers, 'Speed-Session': session } : headers,
    cache: 'no-store',
  }).catch(() => {
    throw new Problem(0, `SPEED does not answer at ${root.href}. Is it running?`);
  });
}

function problemOf(answer, content) {
  return new Problem(
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
