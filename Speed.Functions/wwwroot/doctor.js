// What SPEED stands on, and how to mend what is wrong.

import { ask } from './api.js';
import { h, paint } from './dom.js';

export function doctorPage() {
  const report = h('div', {}, h('p', { class: 'quiet' }, 'Looking…'));
  const again = h('button', { type: 'button', click: examine }, 'Look again');

  async function examine() {
    again.disabled = true;
    try {
      const { ok, version, checks } = await ask('GET', '/v1/doctor');
      paint(
        report,
        h('p', {}, ok ? `All is well. SPEED ${version}.` : `Something wants mending. SPEED ${version}.`),
        h('ul', { class: 'checks' }, checks.map(checkOf)),
      );
    } catch (problem) {
      paint(report, h('p', { class: 'error', role: 'alert' }, problem.message));
    }
    again.disabled = false;
  }

  examine();
  return {
    title: 'Doctor',
    element: h('section', {}, h('div', { class: 'bar' }, h('h1', {}, 'Doctor'), again), report),
    close() {},
  };
}

function checkOf({ name, ok, detail, fix }) {
  return h(
    'li',
    { class: 'card' },
    h('span', { class: `badge ${ok ? 'succeeded' : 'failed'}` }, ok ? 'ok' : 'wrong'),
    ' ',
    h('strong', {}, name),
    h('p', {}, detail),
    fix ? h('p', { class: 'hint' }, fix) : null,
  );
}
