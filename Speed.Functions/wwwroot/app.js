// Which page is shown: the part of the address after # says.

import { ask, onSignedOut, signOut } from './api.js';
import { deploymentPage } from './deployment.js';
import { doctorPage } from './doctor.js';
import { h, paint, say } from './dom.js';
import { keepTime } from './format.js';
import { listPage } from './list.js';
import { signInPage } from './signin.js';

const main = document.querySelector('main');
const noticeBar = document.getElementById('notice');
const session = document.getElementById('session');
const app = { notice };
const notices = new Map();
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
  const isFirst = page === null;
  page?.close();
  notices.clear();
  notice('page', null);
  page = make();
  document.title = `${page.title} · SPEED`;
  main.replaceChildren(page.element);
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === (location.hash || '#/')) {
      link.setAttribute('aria-current', 'page');
    } else {
      link.removeAttribute('aria-current');
    }
  }
  if (page.focus) {
    page.focus();
  } else if (!isFirst) {
    // Where it was is gone: whoever goes by keyboard or hears the page begins with what is new.
    main.focus();
  }
}

function askToSignIn() {
  if (!isSigningIn) {
    isSigningIn = true;
    paint(session);
    show(() => signInPage(start));
  }
}

/** Says something above the page, or nothing more about it. */
function notice(about, text) {
  notices.delete(about);
  if (text) {
    notices.set(about, text);
  }
  say(noticeBar, [...notices.values()].join(' '));
  noticeBar.hidden = notices.size === 0;
}

// On one's own machine there is nobody to sign in, and so nobody to sign out.
async function start() {
  route();
  const who = await ask('GET', '/v1/session').catch(() => null);
  if (who && who.id !== 'local') {
    paint(session, who.name, ' ', h('button', { type: 'button', click: leave }, 'Sign out'));
  }
}

async function leave() {
  await signOut().catch(problem => notice('session', problem.message));
  await ask('GET', '/v1/session').catch(() => {});
}

onSignedOut(askToSignIn);
window.addEventListener('hashchange', route);
keepTime();
start();
