// One deployment: where it stands, where it answers, why it failed, its results and its log.

import { nodesOf } from './ansi.js';
import { ask } from './api.js';
import { h, outward, paint, say } from './dom.js';
import { addresses, badge, lasting, moment, placeOf, shortUrl } from './format.js';
import { logView } from './log.js';
import { looker } from './look.js';

// While it goes on: results and the place in the queue change without a word.
const lookMs = 5_000;

/** @param {{ notice: (about: string, text: string | null) => void }} app */
export function deploymentPage(app, id) {
  const path = `/v1/deployments/${id}`;
  const heading = h('div', { 'aria-live': 'polite' });
  const story = h('div');
  const results = h('section', { hidden: true, 'aria-labelledby': 'results-title' });
  const error = h('p', { class: 'error', role: 'alert', hidden: true });
  const actions = h('div', { class: 'actions' });
  const question = cancelQuestion(id, () => act('cancel'));
  const element = h('article', {}, error, actions, heading, story, results, question);
  let log = null;
  let hasEnded = false;
  // They may be many, and what has come does not change.
  const items = [];

  async function read() {
    const after = items.at(-1)?.seq ?? 0;
    const [deployment, more] = await Promise.all([ask('GET', path), ask('GET', `${path}/results?after=${after}`)]);
    items.push(...more.items);
    return { deployment, items };
  }

  function show({ deployment, items }) {
    app.notice('look', null);
    hasEnded = deployment.ended_at !== null;
    error.hidden = true;
    paint(
      actions,
      deployment.can.cancel
        ? h('button', { type: 'button', 'data-act': 'cancel' }, deployment.up_at ? 'Stop' : 'Cancel')
        : null,
      deployment.can.retry
        ? h('button', { type: 'button', 'data-act': 'retry' }, deployment.image_id ? 'Deploy again' : 'Retry')
        : null,
    );
    paint(heading, headingOf(deployment));
    paint(story, storyOf(deployment));
    results.hidden = items.length === 0;
    paint(results, h('h2', { id: 'results-title' }, 'Results'), items.map(resultOf));
    log ??= openLog();
    if (deployment.ended_at && deployment.log.sha256) {
      log.conclude(deployment.log);
    }
  }

  function openLog() {
    const view = logView(id, looking.look);
    element.append(view.element);
    return view;
  }

  function fail(problem) {
    say(error, problem.message);
    error.hidden = false;
  }

  async function act(what) {
    try {
      const deployment = await ask('POST', `${path}/${what}`);
      if (what === 'retry') {
        location.hash = `#/deployments/${deployment.id}`;
      }
      looking.look();
    } catch (problem) {
      fail(problem);
    }
  }

  actions.addEventListener('click', event => {
    const what = event.target.dataset.act;
    if (what === 'cancel') {
      question.showModal();
    } else if (what) {
      act(what);
    }
  });

  const looking = looker(read, show, fail);
  const timer = setInterval(() => hasEnded || document.hidden || looking.look(), lookMs);
  looking.look();
  return {
    title: `Deployment ${id}`,
    element,
    close() {
      clearInterval(timer);
      looking.close();
      log?.close();
    },
  };
}

function cancelQuestion(id, then) {
  const question = h(
    'dialog',
    { 'aria-labelledby': 'stop-title' },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'stop-title' }, `Stop deployment ${id}?`),
      h('p', {}, 'What it runs gets SIGTERM, and ten seconds to end by itself.'),
      h(
        'div',
        { class: 'actions' },
        h('button', { value: 'no' }, 'Let it go on'),
        h('button', { value: 'yes', class: 'danger' }, 'Stop it'),
      ),
    ),
  );
  question.addEventListener('close', () => {
    if (question.returnValue === 'yes') {
      then();
    }
    question.returnValue = '';
  });
  return question;
}

function headingOf(deployment) {
  return h('h1', {}, `#${deployment.id} `, outward(deployment.url, shortUrl(deployment.url)), ' ', badge(deployment));
}

function storyOf(deployment) {
  return [
    h(
      'p',
      { class: 'quiet' },
      placeOf(deployment),
      deployment.commit ? [' at ', h('code', { title: deployment.commit }, deployment.commit.slice(0, 10))] : null,
      deployment.retry_of ? [', again what was ', linkTo(deployment.retry_of)] : null,
    ),
    deployment.status === 'Running' ? whereOf(deployment) : null,
    deployment.waiting ? h('p', { class: 'card' }, waitingOf(deployment.waiting)) : null,
    deployment.failure ? failureOf(deployment.failure) : null,
    deployment.superseded_by ? h('p', {}, 'Its place was taken by ', linkTo(deployment.superseded_by), '.') : null,
    deployment.phases.length > 0
      ? h('ol', { class: 'phases', 'aria-label': 'Phases' }, deployment.phases.map(phaseOf))
      : null,
    factsOf(deployment),
  ];
}

function whereOf(deployment) {
  if (deployment.endpoints.length === 0) {
    return null;
  }
  const names = [...deployment.hosts, deployment.own_host].filter(Boolean);
  const isElsewhere = !['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  return h(
    'div',
    { class: 'card where' },
    h('strong', {}, deployment.up_at ? 'Up at ' : 'Coming up at '),
    addresses(deployment),
    isElsewhere ? h('small', { class: 'quiet' }, ' on the machine of SPEED') : null,
    h('p', { class: 'quiet' }, 'Names for the proxy: ', names.join(', ')),
  );
}

function waitingOf({ position, reason, eta_at: eta }) {
  return [`Waiting at position ${position}: ${reason} `, eta ? ['It may start ', moment(eta), '.'] : null].flat();
}

function failureOf({ code, message, hint, exit_code: exitCode }) {
  return h(
    'div',
    { class: 'card failure', role: 'alert' },
    h('strong', {}, code),
    exitCode === null ? null : ` exit code ${exitCode}`,
    h('p', {}, printed(message)),
    hint ? h('p', { class: 'hint' }, hint) : null,
  );
}

function phaseOf(phase) {
  return h('li', { class: phase.status.toLowerCase() }, `${phase.name} `, lasting(phase.started_at, phase.ended_at));
}

function factsOf(deployment) {
  const facts = [
    ['Kind', deployment.kind],
    ['Created', moment(deployment.created_at)],
    ['Started', deployment.started_at ? moment(deployment.started_at) : null],
    ['Up', deployment.up_at ? moment(deployment.up_at) : null],
    ['Ended', deployment.ended_at ? moment(deployment.ended_at) : null],
    [
      'Ends or is up by',
      deployment.ended_at || deployment.up_at || !deployment.deadline_at ? null : moment(deployment.deadline_at),
    ],
    ['Attempt', deployment.attempt > 1 ? String(deployment.attempt) : null],
    ['Exit code', deployment.exit_code === null ? null : String(deployment.exit_code)],
    [
      'Stop asked',
      deployment.cancel
        ? `by ${deployment.cancel.by}${deployment.cancel.reason ? `: ${deployment.cancel.reason}` : ''}`
        : null,
    ],
    [
      'Image',
      deployment.image_id
        ? h('code', { title: deployment.image_id }, deployment.image_id.replace('sha256:', '').slice(0, 12))
        : null,
    ],
    [
      'Labels',
      Object.entries(deployment.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ') || null,
    ],
  ];
  return h(
    'dl',
    { class: 'facts' },
    facts
      .filter(([, value]) => value !== null)
      .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

function resultOf(result) {
  return h(
    'figure',
    {},
    h('figcaption', { class: 'quiet' }, `${result.source}${result.late ? ', after the end' : ''}, `, moment(result.at)),
    h('pre', {}, printed(result.value)),
  );
}

// What programs say, on as many lines as it has.
function printed(text) {
  return text.split('\n').flatMap((line, n) => (n === 0 ? nodesOf(line) : ['\n', ...nodesOf(line)]));
}

function linkTo(id) {
  return h('a', { href: `#/deployments/${id}` }, `#${id}`);
}
