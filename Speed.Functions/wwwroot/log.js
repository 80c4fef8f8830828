// The log of one deployment: its last lines at first, whatever comes after them as it comes, and earlier ones on
// request. While lines come the oldest ones leave the page again; the whole log is a link away.

import { Problem, query } from '/ui/api.js';
import { nodesOf } from '/ui/ansi.js';
import { h } from '/ui/dom.js';
import { follow } from '/ui/stream.js';

const pageLines = 1000;
const mostLines = 10_000;

/** @param {() => void} changed Called when the deployment changed, and when its log is over. */
export function logView(id, changed) {
  const path = `/v1/deployments/${id}/logs`;
  const lines = h('div', { class: 'lines', role: 'log', 'aria-label': 'Log', 'aria-live': 'off', tabindex: '0' });
  const earlier = h('button', { type: 'button', hidden: true, click: showEarlier }, 'Show earlier lines');
  const jump = h('button', { type: 'button', class: 'jump', hidden: true, click: toEnd }, 'Jump to the end');
  const state = h('span', { class: 'quiet', role: 'status' });
  const phase = h('select', { 'aria-label': 'Phase', change: restart },
    h('option', { value: '' }, 'all phases'), ...['clone', 'build', 'run'].map(name => h('option', {}, name)));
  const search = h('input', { type: 'search', placeholder: 'Search the log', 'aria-label': 'Search the log', change: restart });
  let stream = null;
  let isFollowing = true;
  let earliest = null;

  lines.addEventListener('scroll', () => {
    isFollowing = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
    jump.hidden = isFollowing;
  });

  function asked() {
    return { phase: phase.value, q: search.value };
  }

  function restart() {
    stream?.close();
    lines.replaceChildren();
    earlier.hidden = true;
    isFollowing = true;
    earliest = null;
    say('');
    const began = asked();
    stream = follow(
      last => path + query(last === null ? { ...began, format: 'sse', tail: pageLines } : { ...began, format: 'sse', after: last }),
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
      isConnected => say(isConnected ? 'Live' : 'The connection is lost; trying again…'));
  }

  function say(text) {
    state.textContent = text;
  }

  function add(some) {
    lines.append(...some);
    earliest ??= firstNumber();
    while (lines.childElementCount > mostLines) {
      lines.firstElementChild.remove();
      earliest = firstNumber();
    }
    earlier.hidden = earliest <= 1;
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
    earlier.disabled = true;
    try {
      const after = Math.max(0, earliest - 1 - pageLines);
      const some = await readAsync(after, earliest);
      const height = lines.scrollHeight;
      lines.prepend(...some);
      lines.scrollTop += lines.scrollHeight - height;
      earliest = after + 1;
      earlier.hidden = after === 0;
    } catch (problem) {
      say(problem.message);
    }
    earlier.disabled = false;
  }

  // The entries between two numbers, neither of them among them.
  async function readAsync(after, before) {
    const page = { ...asked(), format: 'ndjson', after, limit: before - after - 1 };
    const answer = await fetch(path + query(page)).catch(() => null);
    if (!answer?.ok) {
      throw new Problem(answer?.status ?? 0, 'The earlier lines cannot be had just now: try again.');
    }
    const entries = (await answer.text()).split('\n').filter(Boolean).map(line => JSON.parse(line));
    return entries.filter(entry => (entry.n ?? entry.gap.from) < before)
      .map(entry => (entry.gap ? gapOf(entry.gap) : lineOf(entry)));
  }

  restart();
  return {
    element: h('section', { class: 'log', 'aria-label': 'Log' },
      h('div', { class: 'bar' }, h('h2', {}, 'Log'), phase, search, state,
        h('a', { href: path, target: '_blank' }, 'Plain text')),
      earlier, lines, jump),
    /** Says how it is with the log once it is closed. */
    conclude(log) {
      say(log.complete ? `Complete: ${log.lines} lines.` : `Ended: ${log.lines} lines, not all of them kept.`);
    },
    close: () => stream.close(),
  };
}

function lineOf(line) {
  return h('div', { class: `line ${line.stream}${line.cont ? ' cont' : ''}`, 'data-from': line.n, title: `${line.phase}, ${line.at}` },
    h('span', { class: 'n', 'aria-hidden': 'true' }, String(line.n)), h('span', { class: 'text' }, ...nodesOf(line.text)));
}

function gapOf(gap) {
  const bytes = gap.bytes === null ? 'an unknown number of bytes' : `${gap.bytes.toLocaleString('en')} bytes`;
  return h('div', { class: 'line gap', 'data-from': gap.from },
    h('span', { class: 'n', 'aria-hidden': 'true' }, String(gap.from)),
    h('span', { class: 'text' }, `${bytes} are missing here: ${gap.reason}`));
}
