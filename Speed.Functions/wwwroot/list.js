// What is up, and where; and every deployment, newest first. Whatever changes at SPEED changes here.

import { ask, query } from './api.js';
import { createForm } from './create.js';
import { h, paintList } from './dom.js';
import { addresses, badge, lasting, moment, placeOf, shortUrl } from './format.js';
import { looker } from './look.js';
import { follow } from './stream.js';

const pageSize = 50;

// Changes within this time make one look at SPEED.
const restMs = 250;

/** @param {{ notice: (about: string, text: string | null) => void }} app */
export function listPage(app) {
  const filters = { status: '', repo: '', branch: '' };
  let cursor = null;
  let next = null;
  let timer = null;

  const up = h('ul', { class: 'services', 'aria-label': 'Up now' });
  const upSection = h(
    'section',
    { hidden: true, 'aria-labelledby': 'up-title' },
    h('h2', { id: 'up-title' }, 'Up now'),
    up,
  );
  const rows = h('tbody', {});
  const empty = h('p', { class: 'quiet', hidden: true });
  const newest = h('button', { type: 'button', hidden: true, click: () => turnTo(null) }, 'Newest');
  const older = h('button', { type: 'button', hidden: true, click: () => turnTo(next) }, 'Older');
  const element = h(
    'div',
    {},
    createForm(deployment => {
      location.hash = `#/deployments/${deployment.id}`;
    }),
    upSection,
    h(
      'section',
      { 'aria-labelledby': 'all-title' },
      h('div', { class: 'bar' }, h('h2', { id: 'all-title' }, 'Deployments'), filterBar()),
      h(
        'div',
        { class: 'table' },
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              ['', 'Repository', 'Branch', 'State', 'Address', 'Created', 'Took'].map(name =>
                h('th', { scope: 'col' }, name),
              ),
            ),
          ),
          rows,
        ),
      ),
      empty,
      h('div', { class: 'bar' }, newest, older),
    ),
  );

  function filterBar() {
    const status = h(
      'select',
      { 'aria-label': 'Status', change: event => filter('status', event.target.value) },
      h('option', { value: '' }, 'any status'),
      ['Pending', 'Running', 'Succeeded', 'Failed', 'Canceled'].map(name => h('option', {}, name)),
    );
    const repo = h('input', {
      type: 'search',
      placeholder: 'Repository, or *pattern*',
      'aria-label': 'Repository',
      change: event => filter('repo', event.target.value.trim()),
    });
    const branch = h('input', {
      type: 'search',
      placeholder: 'Branch',
      'aria-label': 'Branch',
      change: event => filter('branch', event.target.value.trim()),
    });
    return [status, repo, branch];
  }

  function filter(name, value) {
    filters[name] = value;
    turnTo(null);
  }

  function turnTo(page) {
    cursor = page;
    looking.look();
  }

  async function read() {
    const [page, running] = await Promise.all([
      ask('GET', `/v1/deployments${query({ ...filters, limit: pageSize, cursor })}`),
      ask('GET', '/v1/deployments?status=Running&limit=200'),
    ]);
    return { page, services: running.items.filter(one => one.up_at) };
  }

  function show({ page, services }) {
    app.notice('look', null);
    next = page.next_cursor;
    upSection.hidden = services.length === 0;
    paintList(up, services, keyOf, cardOf);
    paintList(rows, page.items, keyOf, rowOf);
    empty.hidden = page.items.length > 0;
    empty.textContent = Object.values(filters).some(Boolean)
      ? 'No deployment is like that.'
      : 'Nothing has been deployed yet. A Git URL is all it takes.';
    older.hidden = next === null;
    newest.hidden = cursor === null;
  }

  function changed() {
    timer ??= setTimeout(() => {
      timer = null;
      looking.look();
    }, restMs);
  }

  const looking = looker(read, show, problem => app.notice('look', problem.message));
  const stream = follow(
    () => '/v1/events',
    { snapshot: ({ more }) => more || changed(), change: changed },
    isConnected => app.notice('stream', isConnected ? null : 'The connection to SPEED is lost; trying again…'),
  );
  looking.look();
  return {
    title: 'Deployments',
    element,
    close() {
      clearTimeout(timer);
      looking.close();
      stream.close();
    },
  };
}

// What of it is shown: one that is the same in this is not painted anew.
function keyOf(deployment) {
  return JSON.stringify([deployment.id, deployment.version, deployment.waiting?.reason]);
}

function cardOf(deployment) {
  return h(
    'li',
    { class: 'card' },
    h('a', { class: 'name', href: `#/deployments/${deployment.id}` }, shortUrl(deployment.url)),
    h('span', { class: 'quiet' }, placeOf(deployment)),
    addresses(deployment),
  );
}

function rowOf(deployment) {
  return h(
    'tr',
    {},
    h('td', {}, h('a', { href: `#/deployments/${deployment.id}` }, `#${deployment.id}`)),
    h('td', { class: 'repository', title: deployment.url }, shortUrl(deployment.url)),
    h('td', {}, placeOf(deployment)),
    h('td', {}, badge(deployment), whyOf(deployment)),
    h('td', {}, deployment.status === 'Running' ? addresses(deployment) : null),
    h('td', {}, moment(deployment.created_at)),
    h('td', {}, deployment.started_at ? lasting(deployment.started_at, deployment.up_at ?? deployment.ended_at) : null),
  );
}

function whyOf({ waiting, failure }) {
  const why = waiting?.reason ?? failure?.code ?? null;
  return why ? h('small', { class: 'quiet', title: failure?.message }, ' ', why) : null;
}
