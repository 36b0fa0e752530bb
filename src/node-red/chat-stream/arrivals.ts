import type { Clock } from "../../core/clock.js";
import { Failure } from "../../core/failure.js";

/** Milliseconds: a context store that never answers must not hold up all that comes after. */
const MAX_WAIT_MS = 10_000;

/** Lets messages go on in the order in which they came, however long each takes to be ready. */
export class Arrivals {
  /** Resolves when all that came have gone on; undefined where they have. */
  private last: Promise<void> | undefined;

  constructor(private readonly clock: Clock) {}

  /**
   * @param ready what the message waits for
   * @param step called with it once all that came before have gone on or failed; at once where nothing is to wait for
   * @returns what the step gives; rejects as `ready` does, or with a Failure `configuration` after ten seconds, and then
   *   there is no step
   */
  pass<T, R>(ready: T | Promise<T>, step: (value: T) => R): R | Promise<R> {
    if (!this.last && !(ready instanceof Promise)) return step(ready);
    const known = ready instanceof Promise ? this.limitWait(ready) : ready;
    const mine = Promise.allSettled([known, this.last])
      .then(() => known)
      .then(step);
    const gone = () => {
      if (this.last === last) this.last = undefined;
    };
    const last = mine.then(gone, gone);
    this.last = last;
    return mine;
  }

  private limitWait<T>(ready: Promise<T>): Promise<T> {
    let timer: unknown;
    const late = new Promise<never>((_resolve, reject) => {
      const problem = `The key of the message's conversation was not told within ${MAX_WAIT_MS / 1000} s. Check the context store that it comes from.`;
      timer = this.clock.setTimer(() => reject(new Failure("configuration", problem)), MAX_WAIT_MS);
    });
    return Promise.race([ready, late]).finally(() => this.clock.clearTimer(timer));
  }
}
