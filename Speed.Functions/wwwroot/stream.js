// Server-sent events that come again after whatever happened. The browser repeats a lost connection by itself, but gives
// up on an answer that is no stream (503 while SPEED starts, say); and it has six connections to one address, so that a
// tab that nobody looks at gives its own back.

import { ask, at } from './api.js';

const firstPauseMs = 500;
const longestPauseMs = 15_000;

/**
 * Follows a stream until `close` is called on what it gives.
 * @param {(lastId: string | null) => string} addressOf The path where to go on after the last event that had an id.
 * @param {Record<string, (data: any) => void>} handlers One for each event's name.
 * @param {(isConnected: boolean) => void} tell Told whenever the connection comes or goes.
 */
export function follow(addressOf, handlers, tell) {
  let source = null;
  let timer = null;
  let lastId = null;
  let pauseMs = firstPauseMs;
  let isClosed = false;

  function open() {
    source = new EventSource(at(addressOf(lastId)));
    source.addEventListener('open', () => {
      pauseMs = firstPauseMs;
      tell(true);
    });
    source.addEventListener('error', () => {
      tell(false);
      if (source?.readyState === EventSource.CLOSED) {
        source = null;
        timer = setTimeout(reopen, pauseMs);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, event => {
        lastId = event.lastEventId || lastId;
        handle(JSON.parse(event.data));
      });
    }
  }

  function shut() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  // A stream does not say why it was refused: where it was for want of a token, this question leads to the sign-in.
  async function reopen() {
    await ask('GET', '/v1/session').catch(() => {});
    look();
  }

  function look() {
    if (document.hidden || isClosed) {
      shut();
    } else if (source === null) {
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
