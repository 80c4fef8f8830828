// Server-sent events that come again after whatever happened, by fetch: an EventSource cannot send what the page keeps, and
// without it the cookie is good for nothing. A browser has six connections to one address, so that a tab that nobody looks
// at gives its own back.

import { fetchOpen } from './api.js';

const firstPauseMs = 500;
const longestPauseMs = 15_000;

/**
 * Follows a stream until `close` is called on what it gives.
 * @param {(lastId: string | null) => string} addressOf The path where to go on after the last event that had an id.
 * @param {Record<string, (data: any) => void>} handlers One for each event's name.
 * @param {(isConnected: boolean) => void} tell Told whenever the connection comes or goes.
 */
export function follow(addressOf, handlers, tell) {
  let connection = null;
  let timer = null;
  let lastId = null;
  let pauseMs = firstPauseMs;
  let isClosed = false;

  async function open() {
    const mine = new AbortController();
    connection = mine;
    let isMissing = false;
    try {
      const answer = await fetchOpen(addressOf(lastId), mine.signal);
      if (connection === mine) {
        pauseMs = firstPauseMs;
        tell(true);
      }
      await readEvents(answer.body, event => connection === mine && take(event));
    } catch (problem) {
      isMissing = problem.status === 401;
    }
    // Shut by this page, or refused for want of a token: then the sign-in takes over.
    if (connection !== mine || isMissing) {
      return;
    }
    connection = null;
    tell(false);
    timer = setTimeout(look, pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }

  function take({ name, id, data }) {
    lastId = id || lastId;
    try {
      handlers[name]?.(JSON.parse(data));
    } catch (fault) {
      // The page's own, and not the connection's.
      reportError(fault);
    }
  }

  function shut() {
    clearTimeout(timer);
    const last = connection;
    connection = null;
    last?.abort();
  }

  function look() {
    if (document.hidden || isClosed) {
      shut();
    } else if (connection === null) {
      clearTimeout(timer);
      open();
    }
  }

  document.addEventListener('visibilitychange', look);
  look();
  return {
    close() {
      isClosed = true;
      document.removeEventListener('visibilitychange', look);
      shut();
    },
  };
}

// Gives each whole event of a stream; of one that was cut off within, nothing.
async function readEvents(body, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  while (true) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const event = eventOf(block);
      if (event.data !== null) {
        take(event);
      }
    }
  }
}

function eventOf(block) {
  const event = { name: 'message', id: null, data: null };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const [field, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    if (field === 'event') {
      event.name = value;
    } else if (field === 'id') {
      event.id = value;
    } else if (field === 'data') {
      event.data = event.data === null ? value : `${event.data}\n${value}`;
    }
  }
  return event;
}
