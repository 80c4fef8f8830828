// The log of one deployment: its last lines at first, whatever comes after them as it comes, and earlier ones on
// request. While lines come the oldest ones leave the page again; the whole log is a link away.

import { nodesOf } from './ansi.js';
import { fetchOpen, Problem, query } from './api.js';
import { h, say as sayIn } from './dom.js';
import { follow } from './stream.js';

const pageLines = 1000;
const mostLines = 10_000;

// Where only some lines are wanted, so many are looked through at once.
const searchedLines = 50_000;

/** @param {() => void} changed Called when the deployment changed, and when its log is over. */
export function logView(id, changed) {
  const path = `/v1/deployments/${id}/logs`;
  const lines = h('div', { class: 'lines', role: 'log', 'aria-label': 'Log', 'aria-live': 'off', tabindex: '0' });
  const earlier = h('button', { type: 'button', hidden: true, click: showEarlier }, 'Show earlier lines');
  const jump = h('button', { type: 'button', class: 'jump', hidden: true, click: toEnd }, 'Jump to the end');
  const state = h('span', { class: 'quiet', role: 'status' });
  const phase = h(
    'select',
    { 'aria-label': 'Phase', change: restart },
    h('option', { value: '' }, 'all phases'),
    ...['clone', 'build', 'run'].map(name => h('option', {}, name)),
  );
  const search = h('input', {
    type: 'search',
    placeholder: 'Search the log',
    'aria-label': 'Search the log',
    change: restart,
  });
  const whole = h('button', { type: 'button', click: saveWhole }, 'Download');
  let stream = null;
  let isFollowing = true;

  // The lowest number that has been looked at; null before the first.
  let earliest = null;

  lines.addEventListener('scroll', () => {
    isFollowing = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
    jump.hidden = isFollowing;
  });

  function asked() {
    return { phase: phase.value, q: search.value };
  }

  function isFiltered() {
    return phase.value !== '' || search.value !== '';
  }

  function restart() {
    stream?.close();
    lines.replaceChildren();
    earlier.hidden = true;
    isFollowing = true;
    earliest = null;
    say('');
    const began = { ...asked(), format: 'sse' };
    stream = follow(
      last => path + query(last === null ? { ...began, tail: pageLines } : { ...began, after: last }),
      {
        status: changed,
        lines: some => add(some.map(lineOf)),
        gap: gap => add([gapOf(gap)]),
        end: () => {
          stream.close();
          say('');
          changed();
        },
      },
      isConnected => say(isConnected ? 'Live' : 'The connection is lost; trying again…'),
    );
  }

  function say(text) {
    sayIn(state, text);
  }

  function add(some) {
    lines.append(...some);
    earliest ??= firstNumber();
    while (lines.childElementCount > mostLines) {
      lines.firstElementChild.remove();
      earliest = firstNumber();
    }
    // Fewer than were asked for, of those that are wanted: there are no more.
    earlier.hidden = earliest <= 1 || (isFiltered() && lines.childElementCount < pageLines);
    if (isFollowing) {
      toEnd();
    }
  }

  function firstNumber() {
    return Number(lines.firstElementChild.dataset.from);
  }

  function toEnd() {
    lines.scrollTop = lines.scrollHeight;
  }

  async function showEarlier() {
    const [began, from] = [stream, earliest];
    earlier.disabled = true;
    try {
      const page = await readEarlierAsync(from);
      // Unless other lines are wanted by now, or the first ones have left the page.
      if (stream === began && earliest === from) {
        prepend(page);
      }
    } catch (problem) {
      say(problem.message);
    }
    earlier.disabled = false;
  }

  // What is before a number, and where it begins. An answer that begins within a gap tells of the rest of it only, and a
  // gap may be longer than many pages: of one at the top, the whole is found, and takes its place.
  async function readEarlierAsync(from) {
    const top = lines.firstElementChild;
    const to = Number(top.dataset.to);
    const isGap = top.dataset.to !== undefined && Number(top.dataset.from) === from;
    const start = isGap ? await findStartAsync(from, to) : from;
    const [gap] = start < from ? await entriesAsync(start - 1, 1) : [];
    const after = Math.max(0, start - 1 - (isFiltered() ? searchedLines : pageLines));
    const entries = start > 1 ? await entriesAsync(after, start - 1 - after) : [];
    return { after, gap, entries: entries.filter(entry => (entry.n ?? entry.gap.from) < start) };
  }

  // The first number of the gap that has `high` in it and ends at `to`.
  async function findStartAsync(high, to) {
    let low = 0;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      const [entry] = await entriesAsync(middle - 1, 1);
      if (entry?.gap?.to === to && entry.gap.from === middle) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high;
  }

  function prepend({ after, gap, entries }) {
    const height = lines.scrollHeight;
    if (gap) {
      lines.firstElementChild.replaceWith(gapOf(gap.gap));
    }
    lines.prepend(...entries.map(entry => (entry.gap ? gapOf(entry.gap) : lineOf(entry))));
    lines.scrollTop += lines.scrollHeight - height;
    earliest = after + 1;
    earlier.hidden = after === 0;
  }

  // Not by a link: it would go without what the page keeps, and be refused.
  async function saveWhole() {
    whole.disabled = true;
    try {
      const text = await (await fetchOpen(path)).blob();
      const address = URL.createObjectURL(text);
      h('a', { href: address, download: `deployment-${id}.log` }).click();
      // Not at once: the browser begins to read it a moment later.
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (problem) {
      say(problem.message);
    }
    whole.disabled = false;
  }

  async function entriesAsync(after, limit) {
    const answer = await fetchOpen(path + query({ ...asked(), format: 'ndjson', after, limit })).catch(problem => {
      throw new Problem(problem.status, 'The earlier lines cannot be had just now: try again.');
    });
    return (await answer.text())
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line));
  }

  restart();
  return {
    element: h(
      'section',
      { class: 'log', 'aria-label': 'Log' },
      h(
        'div',
        { class: 'bar' },
        h('h2', {}, 'Log'),
        phase,
        search,
        state,
        whole,
      ),
      earlier,
      lines,
      jump,
    ),
    /** Says how it is with the log once it is closed. */
    conclude(log) {
      say(log.complete ? `Complete: ${log.lines} lines.` : `Ended: ${log.lines} lines, not all of them kept.`);
    },
    close: () => stream.close(),
  };
}

function lineOf(line) {
  const kind = `line ${line.stream}${line.cont ? ' cont' : ''}`;
  return h(
    'div',
    { class: kind, 'data-from': line.n, title: `${line.phase}, ${line.at}` },
    numberOf(line.n),
    h('span', { class: 'text' }, ...nodesOf(line.text)),
  );
}

function gapOf({ from, to, reason, bytes }) {
  const size = bytes === null ? 'an unknown number of bytes' : `${bytes.toLocaleString('en')} bytes`;
  return h(
    'div',
    { class: 'line gap', 'data-from': from, 'data-to': to },
    numberOf(from),
    h('span', { class: 'text' }, `${size} are missing here: ${reason}`),
  );
}

function numberOf(n) {
  return h('span', { class: 'n', 'aria-hidden': 'true' }, String(n));
}
