// Times, names and states as this page writes them.

import { h } from './dom.js';

/** What to call the state of a deployment: its status, or what a running one is at. */
export function stateOf(deployment) {
  const { status, phase, up_at: upAt, cancel } = deployment;
  if (status !== 'Running') {
    return status;
  }
  if (cancel) {
    return 'Stopping';
  }
  return upAt ? 'Up' : ({ clone: 'Cloning', build: 'Building', run: 'Running' }[phase] ?? 'Running');
}

/** The state as a badge. */
export function badge(deployment) {
  const state = stateOf(deployment);
  return h('span', { class: `badge ${state.toLowerCase()}` }, state);
}

/** A repository without what all of them have: `github.com/you/app`. */
export function shortUrl(url) {
  return url.replace(/^[a-z]+:\/\/(?:[^@/]*@)?/i, '').replace(/\.git\/?$/, '');
}

/** `main`, or `main · packages/api · worker` for a subdirectory and a name. */
export function placeOf(deployment) {
  const branch = deployment.branch ?? 'default branch';
  const folder = deployment.subdirectory === '.' ? null : deployment.subdirectory;
  return [branch, folder, deployment.name].filter(Boolean).join(' · ');
}

/** The addresses of a service, as links; nothing for what has none. */
export function addresses(deployment) {
  return deployment.endpoints.map(({ url }) =>
    h('a', { class: 'address', href: url, target: '_blank', rel: 'noreferrer' }, url),
  );
}

/** A moment, as how long ago it was; the rest of it in the title. `keepTime` keeps it true. */
export function moment(at) {
  return at ? h('time', { datetime: at, title: new Date(at).toLocaleString(), 'data-ago': at }, ago(at)) : '–';
}

/** How long something took, or has taken up to now where `to` is null. */
export function lasting(from, to) {
  if (!from) {
    return '–';
  }
  return to
    ? span(Date.parse(to) - Date.parse(from))
    : h('span', { 'data-since': from }, span(Date.now() - Date.parse(from)));
}

/** Lets every moment and every duration on the page move with the clock. */
export function keepTime() {
  setInterval(() => {
    for (const element of document.querySelectorAll('[data-ago]')) {
      write(element, ago(element.dataset.ago));
    }
    for (const element of document.querySelectorAll('[data-since]')) {
      write(element, span(Date.now() - Date.parse(element.dataset.since)));
    }
  }, 1000);
}

// Only what changed: writing the same text anew would end a selection.
function write(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function ago(at) {
  const ms = Date.now() - Date.parse(at);
  return ms < 60_000 ? (ms > -5_000 ? 'just now' : `in ${span(-ms)}`) : `${span(ms, 1)} ago`;
}

// The largest unit and, unless told, the one below it.
function span(ms, parts = 2) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  return first < 0
    ? '0 s'
    : units
        .slice(first, first + parts)
        .filter(([count]) => count > 0)
        .map(([count, unit]) => `${count} ${unit}`)
        .join(' ');
}
