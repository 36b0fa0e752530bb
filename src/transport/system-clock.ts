import type { Clock } from "../core/clock.js";

/** Node.js takes more for a millisecond. Whoever waits longer looks at the time again when he is woken. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's clock: `performance.now()` does not jump. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimer: (callback, milliseconds) => setTimeout(callback, Math.min(milliseconds, LONGEST_TIMER)),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  // The poll phase, where sockets are read, lies between timers and immediates.
  afterReads: (callback) => void setImmediate(callback),
};

/** In [0, 1). For spreading waits, not for secrets. */
export const drawRandom = (): number => Math.random();
