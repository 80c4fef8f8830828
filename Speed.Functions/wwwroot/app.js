// Which page is shown: the part of the address after # says.

import { ask, onSignedOut } from '/ui/api.js';
import { deploymentPage } from '/ui/deployment.js';
import { doctorPage } from '/ui/doctor.js';
import { h, paint } from '/ui/dom.js';
import { keepTime } from '/ui/format.js';
import { listPage } from '/ui/list.js';
import { signInPage } from '/ui/signin.js';

const main = document.querySelector('main');
const noticeBar = document.getElementById('notice');
const session = document.getElementById('session');
const app = { notice };
let page = null;
let isSigningIn = false;

const routes = [
  [/^#?\/?$/, () => listPage(app)],
  [/^#\/deployments\/(\d+)$/, id => deploymentPage(app, id)],
  [/^#\/doctor$/, () => doctorPage()],
];

function route() {
  isSigningIn = false;
  for (const [pattern, make] of routes) {
    const match = pattern.exec(location.hash);
    if (match) {
      show(() => make(match[1]));
      return;
    }
  }
  show(() => ({
    title: 'Not found',
    element: h('p', {}, 'There is no such page. ', h('a', { href: '#/' }, 'All deployments')),
    close() {},
  }));
}

function show(make) {
  page?.close();
  notice(null);
  page = make();
  document.title = `${page.title} · SPEED`;
  main.replaceChildren(page.element);
  page.focus?.();
}

function signIn() {
  if (!isSigningIn) {
    isSigningIn = true;
    paint(session);
    show(() => signInPage(start));
  }
}

function notice(text) {
  noticeBar.textContent = text ?? '';
  noticeBar.hidden = !text;
}

// On one's own machine there is nobody to sign in, and so nobody to sign out.
async function start() {
  route();
  const who = await ask('GET', '/v1/session').catch(() => null);
  if (who && who.id !== 'local') {
    paint(session, who.name, ' ', h('button', { type: 'button', click: signOut }, 'Sign out'));
  }
}

async function signOut() {
  await ask('DELETE', '/v1/session').catch(problem => notice(problem.message));
  await ask('GET', '/v1/session').catch(() => {});
}

onSignedOut(signIn);
window.addEventListener('hashchange', route);
keepTime();
start();
