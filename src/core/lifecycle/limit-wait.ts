import type { Clock } from "../clock.js";

/**
 * Waits for a promise for a limited time. What the promise does later is ignored.
 * @param milliseconds how long to wait
 * @param createFailure called if the time is up
 * @throws what the promise rejects with, or the created failure
 */
export function limitWait<T>(
  clock: Clock,
  promise: Promise<T>,
  milliseconds: number,
  createFailure: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => reject(createFailure()), milliseconds);
    promise.then(resolve, reject).finally(() => clock.clearTimer(timer));
  });
}
