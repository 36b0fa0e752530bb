import { type Clock, MAX_TIMER_MS } from "../core/clock.js";

/**
 * The machine's clock. It is monotonic (`performance.now()`). A timer beyond `MAX_TIMER_MS` fires at that limit, so its
 * owner has to check the time.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimer: (callback, milliseconds) => setTimeout(callback, Math.min(milliseconds, MAX_TIMER_MS)),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  // Node.js reads sockets in the poll phase, which lies between timers and immediates.
  afterReads: (callback) => void setImmediate(callback),
};

/** Draws a random number in [0, 1), to spread waits. Not for secrets. */
export const drawRandom = (): number => Math.random();
