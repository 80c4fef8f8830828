// The form that starts a deployment: two fields, and the options behind a fold.

import { ask, newKey } from './api.js';
import { h, say } from './dom.js';

// What is no number goes as it is, for SPEED says best what is wrong.
const number = text => (/^\d+$/.test(text) ? Number(text) : text);
const list = text => text.split(/[\s,]+/).filter(Boolean);

// How the text of a field becomes a member of the request; null leaves it out.
const options = [
  { name: 'subdirectory', label: 'Subdirectory', read: text => text },
  {
    name: 'name',
    label: 'Name',
    read: text => text,
    hint: 'For a second service of the same place, such as worker.',
  },
  {
    name: 'dockerfile',
    label: 'Dockerfile',
    read: text => text,
    hint: 'Relative to the subdirectory; Dockerfile unless given.',
  },
  { name: 'hosts', label: 'Host names', read: list, hint: 'Under which the proxy finds the service.' },
  {
    name: 'ports',
    label: 'Ports',
    read: text => list(text).map(portOf),
    hint: '8080, or 80:8080 for a fixed port of this host.',
  },
  { name: 'secrets', label: 'Secrets', read: list, hint: 'Names of stored ones.' },
  { name: 'env', label: 'Environment', read: environmentOf, hint: 'NAME=value, one a line.', isLong: true },
  {
    name: 'health',
    label: 'Health path',
    read: healthOf,
    hint: '/health, or app.example.org/health to be asked under that name.',
  },
  { name: 'restart', label: 'Started again', read: text => text, hint: 'on-failure unless given; always, or no.' },
  {
    name: 'on_unhealthy',
    label: 'When no longer healthy',
    read: text => text,
    hint: 'stay unless given, or restart.',
  },
  { name: 'ttl_s', label: 'Ends after (seconds)', read: number, hint: 'For previews.' },
  { name: 'stop_grace_s', label: 'Time to stop (seconds)', read: number, hint: 'Before it is killed; 10 unless given.' },
  { name: 'shm_mb', label: 'Shared memory (MB)', read: number, hint: 'Of /dev/shm; 64 unless given.' },
  { name: 'cap_add', label: 'Capabilities', read: list, hint: 'Such as SYS_CHROOT, where the operator allows it.' },
];

/** @param {(deployment: object) => void} then Called with the deployment that was started. */
export function createForm(then) {
  // One key until something is changed: however often it is sent, it starts one deployment.
  let key = newKey();
  const error = h('p', { class: 'error', role: 'alert', hidden: true });
  const button = h('button', { class: 'primary' }, 'Deploy');
  const fold = h(
    'details',
    {},
    h('summary', {}, 'Options'),
    h(
      'div',
      { class: 'fields' },
      options.map(option => fieldOf(option)),
      labelled(
        'kind',
        'Kind',
        h(
          'select',
          { id: 'field-kind', name: 'kind' },
          ['auto', 'job', 'service'].map(kind => h('option', {}, kind)),
        ),
        'auto: a service where the image has EXPOSE or HEALTHCHECK.',
      ),
      labelled(
        'inherit',
        'What is left out here',
        h(
          'select',
          { id: 'field-inherit', name: 'inherit' },
          h('option', { value: 'yes' }, 'stays as its service has it'),
          h('option', { value: 'no' }, 'is left out: a fresh service'),
        ),
        'Volumes, host names, environment, secrets, ports and more, where a service of this place is up.',
      ),
    ),
  );
  const form = h(
    'form',
    {
      class: 'card create',
      'aria-label': 'Deploy',
      submit: send,
      input: () => {
        key = newKey();
      },
    },
    h(
      'div',
      { class: 'two' },
      labelled(
        'url',
        'Git URL',
        h('input', {
          id: 'field-url',
          name: 'url',
          required: true,
          placeholder: 'https://github.com/you/app.git',
          spellcheck: 'false',
          autocapitalize: 'off',
          'aria-describedby': 'error-url',
        }),
      ),
      labelled(
        'branch',
        'Branch',
        h('input', {
          id: 'field-branch',
          name: 'branch',
          placeholder: 'default branch',
          spellcheck: 'false',
          autocapitalize: 'off',
          'aria-describedby': 'error-branch',
        }),
      ),
      button,
    ),
    error,
    fold,
  );

  async function send(event) {
    event.preventDefault();
    clear();
    button.disabled = true;
    try {
      const deployment = await ask('POST', '/v1/deployments', bodyOf(form), { 'Idempotency-Key': key });
      key = newKey();
      form.reset();
      then(deployment);
    } catch (problem) {
      show(problem);
    }
    button.disabled = false;
  }

  function clear() {
    error.hidden = true;
    for (const place of form.querySelectorAll('[data-error]')) {
      say(place, '');
    }
  }

  // Each sentence beside its field, and what belongs to none above them.
  function show(problem) {
    const homeless =
      problem.errors?.filter(({ pointer, detail }) => {
        const place = document.getElementById(`error-${pointer.split('/')[1]}`);
        if (place) {
          say(place, detail);
          fold.open ||= fold.contains(place);
        }
        return !place;
      }) ?? [];
    if (homeless.length > 0 || !problem.errors?.length) {
      say(error, homeless.map(one => one.detail).join(' ') || problem.message);
      error.hidden = false;
    }
  }

  return form;
}

function fieldOf({ name, label, hint, isLong }) {
  const attributes = {
    id: `field-${name}`,
    name,
    spellcheck: 'false',
    autocapitalize: 'off',
    'aria-describedby': `error-${name}`,
  };
  return labelled(name, label, isLong ? h('textarea', { ...attributes, rows: '3' }) : h('input', attributes), hint);
}

function labelled(name, label, input, hint = null) {
  return h(
    'div',
    { class: 'field' },
    h('label', { for: `field-${name}` }, label),
    input,
    hint ? h('small', { class: 'quiet' }, hint) : null,
    h('p', { id: `error-${name}`, class: 'error', 'data-error': '', role: 'alert' }),
  );
}

function bodyOf(form) {
  const given = new FormData(form);
  const body = { url: given.get('url').trim() };
  for (const { name, read } of [{ name: 'branch', read: text => text }, ...options]) {
    const text = given.get(name).trim();
    if (text !== '') {
      body[name] = read(text);
    }
  }
  if (given.get('kind') !== 'auto') {
    body.kind = given.get('kind');
  }
  if (given.get('inherit') === 'no') {
    body.inherit = false;
  }
  return body;
}

// As docker writes it: the host's port first.
function portOf(text) {
  const parts = text.split(':');
  return parts.length === 2 ? { container: number(parts[1]), host: number(parts[0]) } : { container: number(text) };
}

function healthOf(text) {
  const at = text.indexOf('/');
  return at <= 0 ? { path: text } : { host: text.slice(0, at), path: text.slice(at) };
}

function environmentOf(text) {
  return Object.fromEntries(
    text
      .split('\n')
      .map(line => line.trim())
      .filter(Boolean)
      .map(line => {
        const at = line.indexOf('=');
        return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
      }),
  );
}
