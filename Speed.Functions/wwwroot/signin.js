// Where keys are required: a token, or the admin key, becomes a session. Of its two halves the page can read but one.

import { signIn } from './api.js';
import { h, say } from './dom.js';

/** @param {() => void} then Called once somebody is signed in. */
export function signInPage(then) {
  const token = h('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'token-error',
  });
  const error = h('p', { id: 'token-error', class: 'error', role: 'alert' });
  const form = h(
    'form',
    { class: 'card narrow', submit: enter },
    h('h1', {}, 'Sign in'),
    h('label', { for: 'token' }, 'Token or admin key'),
    token,
    error,
    h('button', { class: 'primary' }, 'Sign in'),
    h(
      'p',
      { class: 'quiet' },
      'The first start of SPEED prints the admin key, and keeps it in ',
      h('code', {}, 'admin.key'),
      ' of the data directory.',
    ),
  );

  async function enter(event) {
    event.preventDefault();
    say(error, '');
    try {
      await signIn(token.value.trim());
      then();
    } catch (problem) {
      say(error, problem.message);
      token.select();
    }
  }

  return { title: 'Sign in', element: form, focus: () => token.focus(), close() {} };
}
