// Looking at SPEED whenever there may be something new.

const againMs = 3_000;

/**
 * Makes looks, one at a time; what is asked for meanwhile makes one more. A look that SPEED did not answer is repeated
 * until it does. After `close` nothing is shown any more.
 * @param {() => Promise<any>} read
 * @param {(seen: any) => void} show
 * @param {(problem: Error) => void} fail Not told of a missing token, for then the sign-in takes over.
 */
export function looker(read, show, fail) {
  let timer = null;
  let isLooking = false;
  let isStale = false;
  let isClosed = false;

  async function look() {
    if (isLooking) {
      isStale = true;
      return;
    }
    isLooking = true;
    clearTimeout(timer);
    try {
      do {
        isStale = false;
        const seen = await read().catch(failed);
        if (seen && !isClosed) {
          show(seen);
        }
      } while (isStale && !isClosed);
    } finally {
      isLooking = false;
    }
  }

  function failed(problem) {
    if (isClosed || problem.status === 401) {
      return;
    }
    fail(problem);
    if (problem.status === 0 || problem.status >= 500) {
      timer = setTimeout(look, againMs);
    }
  }

  return {
    look,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
