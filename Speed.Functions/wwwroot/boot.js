// Begins the page, and again where a part of it could not be fetched: a browser cuts what is under way when the network of
// its machine changes, and on the machine that SPEED runs on it changes with every container that comes or goes. The page
// would stay empty.

const key = 'speed-begun-again';
const mostTimes = 5;
const pauseMs = 1000;

import('./app.js').then(
  () => sessionStorage.removeItem(key),
  problem => {
    const times = Number(sessionStorage.getItem(key));
    // Not for ever: what is wrong with the page itself stays wrong.
    if (times >= mostTimes) {
      throw problem;
    }
    sessionStorage.setItem(key, String(times + 1));
    setTimeout(() => location.reload(), pauseMs);
  },
);
